import { standsAt, waitsFor } from '../../dialects/comparing-statements.js';
import type { Scene } from '../../domain/scene.js';
import type { Step } from '../../engine/procedure.js';
import { change } from '../actions.js';
import { leadingTo, withdrawalRefusals, withdrawalRemarks } from '../readers/sight.js';
import { giveBack, withdraw } from '../readers/steps.js';
import { columnOf } from '../view.js';
import type { Sight } from './sight.js';

/** How long its run waits for it to catch up, seconds: a failover waits for the run. Later it is returned by return-replica. */
const catchUpWithin = 15;
/** `1` once it has all that the primary had when it followed; anything else: not yet. */
const caughtUp = 'caught-up';

/** Nobody reads from it while it follows nobody. Where nobody else could be read from, it goes on. */
export function takeOut(scene: Scene, { name, server, primary }: Sight): readonly Step[] {
  if (server === undefined || withdrawalRefusals(scene, name, primary?.name).length > 0) return [];
  return withdraw(scene, server, { head: primary?.name });
}

/** Once it has caught up; one that is far behind stays out, and the run is not kept waiting for it. */
export function letBack(scene: Scene, sight: Sight): readonly Step[] {
  const { name, server, facts, primary } = sight;
  if (server === undefined || facts === undefined || primary?.facts === undefined) return [];
  if (takeOut(scene, sight).length === 0) return [];
  const { gtid } = primary.facts;
  // What it answers is learned, and not demanded.
  const { text, values } = waitsFor(columnOf(facts), gtid, { name: '' }, catchUpWithin);
  return [
    {
      id: 'catch-up',
      title: `Let ${name} apply what ${primary.name} has by now, for ${catchUpWithin} s at most`,
      plan: [
        change(primary.name, standsAt(columnOf(primary.facts), gtid)),
        change(name, { text, values, notes: { reached: caughtUp } }),
      ],
      done: (seen) => seen.notes[caughtUp] !== undefined,
      within: catchUpWithin + 15,
    },
    ...giveBack(scene, server, { head: primary.name, unless: (seen) => seen.notes[caughtUp] !== '1' }),
  ];
}

/** @param stays whether it stays closed, and follows nobody */
export function readersRemarks(scene: Scene, { name, primary }: Sight, stays: boolean): readonly string[] {
  if (leadingTo(scene.site, name).length === 0) return [];
  const against = withdrawalRefusals(scene, name, primary?.name);
  if (against.length > 0)
    return against.map(({ why, remedy }) => `Applications may read from ${name} although it follows nobody: ${why}. ${remedy}`); // prettier-ignore
  return [
    ...withdrawalRemarks(scene, name, primary?.name),
    stays
      ? `It is read from again once it was rebuilt, or by return-replica.`
      : `It is read from again once it has caught up; if that takes more than ${catchUpWithin} s, by return-replica.`,
  ];
}
