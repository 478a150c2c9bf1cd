import type { ReadersAction } from '../../domain/action.js';
import type { AnnouncedServer } from '../../domain/announcement.js';
import type { Scene, Site } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import { returnStepId, withdrawStepId } from '../../domain/withdrawal.js';
import type { Seen, Step } from '../../engine/procedure.js';
import { isIn, isOut, leadingTo, standInFor } from './sight.js';

/** What a run has done with a server, by its name. */
const notes = { withdrawn: 'withdrawn', returned: 'returned' };
/** For telling and reading back, besides the time that readers may take to go, seconds. */
const within = 60;

/** How it differs from what a run does that changes a server. */
export interface Moving {
  /** The primary, where more than the topology tells which it is. */
  readonly head?: ServerName | undefined;
  /** As seen then, nothing need be moved: the step is passed over. */
  readonly unless?: (seen: Seen) => boolean;
}

/**
 * Out of what applications read from, before anything is done to the server. It stays out whatever becomes of the run, until
 * {@link giveBack}, in this run or another: a server that was half worked on is never read from.
 * @param how `takenBack`: it is given back when the run is taken back, for nothing else was done to it
 * @returns no step where no announcer leads readers to it
 */
export function withdraw(
  scene: Scene,
  server: AnnouncedServer,
  { takenBack, head, unless = never }: Moving & { readonly takenBack?: true } = {},
): readonly Step[] {
  const plan = moving(scene, 'withdraw', server, head);
  if (plan.length === 0) return [];
  const { name } = server;
  const undo = {
    plan: moving(scene, 'return', server, head),
    done: (seen: Seen) => seen.notes[notes.returned] === name && isIn(seen, name),
  };
  return [
    {
      id: withdrawStepId(name),
      title: `Take ${name} out of what applications read from`,
      plan,
      done: (seen) => seen.notes[notes.returned] === name || (seen.notes[notes.withdrawn] === name && isOut(seen, name)) || unless(seen), // prettier-ignore
      ...(takenBack === true ? { undo } : {}),
      within: within + longestDrain(scene.site, server),
      attempts: 3,
    },
  ];
}

/** Last of all, once it has been seen to be right. */
export function giveBack(
  scene: Scene,
  server: AnnouncedServer,
  { head, unless = never }: Moving = {},
): readonly Step[] {
  const plan = moving(scene, 'return', server, head);
  if (plan.length === 0) return [];
  const { name } = server;
  return [
    {
      id: returnStepId(name),
      title: `Let applications read from ${name} again`,
      plan,
      done: (seen) => (seen.notes[notes.returned] === name && isIn(seen, name)) || unless(seen),
      within,
      attempts: 4,
    },
  ];
}

/** Through every announcer that leads readers to the server; those where the primary may stand in are told so. */
function moving(
  scene: Scene,
  act: ReadersAction['act'],
  { name, address }: AnnouncedServer,
  head: ServerName | undefined,
): readonly ReadersAction[] {
  const leading = leadingTo(scene.site, name);
  const standIn = standInFor(scene, name, head);
  return [true, false].flatMap((fallback) => {
    const announcers = leading.filter(({ readers }) => readers.fallback === fallback).map((one) => one.name);
    if (announcers.length === 0) return [];
    const stoodIn = fallback && standIn !== undefined ? { fallback: standIn } : {};
    const noteAs = act === 'withdraw' ? notes.withdrawn : notes.returned;
    return [{ kind: 'readers', act, announcers, server: name, address, ...stoodIn, noteAs }];
  });
}

function never(): boolean {
  return false;
}

function longestDrain(site: Site, { name }: AnnouncedServer): number {
  return Math.max(0, ...leadingTo(site, name).map(({ readers }) => readers.drainSeconds));
}
