import { LockstepError } from '../../base/errors.js';
import type { DiscardAction, PlaceAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import { generationOf, Generations, type Generation, type Slot } from './generations.js';

/**
 * Lets the server read a generation, at once. What stands as files becomes links to the generation in use before that,
 * each with the content that it had: at no moment do a certificate and a key of two generations stand together.
 * @throws LockstepError `generation-gone`, `files-changed` where a later run was at work there: nothing is changed then
 */
export async function place(action: PlaceAction, host: Host, notes: Notes, signal: AbortSignal): Promise<Notes> {
  const { directory, below, files, generation, over, keysStay, noteAs } = action;
  const all = new Generations(host, directory, signal, keysStay, below);
  const note = notes[generation.note];
  const wanted = generationOf(note);
  const current = await all.named('current');
  if (current !== undefined) await mayGive(all, current, [wanted, generationOf(notes[over.note])]);
  if (!(await all.stands(wanted)))
    throw new LockstepError(
      'generation-gone',
      `${host.name}: ${all.in(wanted.slot)} no longer holds the generation that this run would let be read: a later run made room for its own`,
      'What is in use stays. Abandon this run: lockstep runs abandon; a renewal sees what is to be done.',
    );
  if (current !== undefined) await all.link(files, current);
  await all.point('current', wanted.slot);
  await all.tidy(files, wanted.slot);
  return noteAs === undefined || note === undefined ? {} : { [noteAs]: note };
}

/** A run that goes on after others may give way to nothing of theirs, however old what it would bring back. */
async function mayGive(all: Generations, current: Slot, own: readonly Generation[]): Promise<void> {
  for (const one of own) if (one.slot === current && (await all.stands(one))) return;
  throw new LockstepError(
    'files-changed',
    `${all.host.name}: what ${all.in('current')} holds is neither of this run nor what stood there before it: another run renewed it since`,
    'What is in use stays. Abandon this run: lockstep runs abandon.',
  );
}

/** A host that has gone keeps what nobody reads, until the next generation takes its place. */
export async function discard(
  { directory, below, noteAs }: DiscardAction,
  host: Host,
  signal: AbortSignal,
): Promise<Notes> {
  try {
    await new Generations(host, directory, signal, [], below).discard();
    return { [noteAs]: 'discarded' };
  } catch (cause) {
    if (cause instanceof LockstepError && cause.code === 'host-unreachable') return { [noteAs]: 'left behind' };
    throw cause;
  }
}
