import { LockstepError } from '../../base/errors.js';
import type { DiscardAction, PlaceAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import { Generations, slotNamed } from './generations.js';

/**
 * Lets the server read a generation, at once. What stands as files becomes links to the generation in use before that,
 * each with the content that it had: at no moment do a certificate and a key of two generations stand together.
 */
export async function place(action: PlaceAction, host: Host, notes: Notes, signal: AbortSignal): Promise<Notes> {
  const { directory, below, files, generation, keysStay, noteAs } = action;
  const all = new Generations(host, directory, signal, keysStay, below);
  const slot = slotNamed(notes[generation.note]);
  const current = await all.named('current');
  if (current !== undefined) await all.link(files, current);
  await all.point('current', slot);
  await all.tidy(files, slot);
  return noteAs === undefined ? {} : { [noteAs]: slot };
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
