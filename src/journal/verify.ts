import { LockstepError } from '../base/errors.js';
import { journalDamaged, journalUnreadable } from './failure.js';
import { genesis, type Entry, type Sound, type Stamp, type Unsound } from './journal.js';
import { ChainFault, walk, type Torn } from './walk.js';

/** What a check of files found. */
export type FileVerdict = Unsound | FileSound;

export interface FileSound extends Sound {
  /** How many entries were checked. */
  readonly entries: number;
  /** The last dropped entry, from which the check began; {@link genesis} when nothing was dropped. */
  readonly anchor: Stamp;
  readonly torn: Torn | undefined;
}

/**
 * Checks the journal in a directory and changes nothing; also while a Lockstep writes there.
 * @param expect a head that was published earlier
 * @throws LockstepError `journal-unreadable` when there is none, or not for this user
 */
export function verifyJournal(directory: string, expect?: Stamp): Promise<FileVerdict> {
  return verifyChain(directory, expect === undefined ? [] : [expect]);
}

/**
 * All entries in a directory, also while a Lockstep writes there: then the youngest may not be durable yet.
 * @param end the last seq to give; default all
 * @throws LockstepError `journal-damaged` when it comes to the damage, `journal-unreadable`
 */
export async function* readJournal<R>(directory: string, end?: number): AsyncGenerator<Entry<R>> {
  try {
    for await (const { entries } of walk(directory, end)) yield* entries as readonly Entry<R>[];
  } catch (cause) {
    throw readFailure(directory, cause);
  }
}

/** @param end the last seq to look at */
export async function verifyChain(directory: string, expected: readonly Stamp[], end?: number): Promise<FileVerdict> {
  let [anchor, head, entries]: [Stamp, Stamp, number] = [genesis, genesis, 0];
  let torn: Torn | undefined;
  const found = new Set<Stamp>();
  try {
    for await (const part of walk(directory, end)) {
      if (part.segment === undefined && entries === 0) anchor = part.head;
      for (const seen of [part.head, ...part.entries]) {
        for (const stamp of expected.filter(({ seq }) => seq === seen.seq)) {
          if (stamp.hash !== seen.hash) return rewritten(stamp, part.segment?.file ?? directory);
          found.add(stamp);
        }
      }
      ({ head, torn } = part);
      entries += part.entries.length;
    }
  } catch (cause) {
    if (cause instanceof ChainFault) return { ok: false, ...cause.fault };
    throw readFailure(directory, cause);
  }
  const missed = expected.find((stamp) => stamp.seq > 0 && !found.has(stamp));
  if (missed !== undefined) return missing(missed, head, anchor, directory);
  return { ok: true, entries, anchor, head, torn };
}

function rewritten({ seq }: Stamp, file: string): Unsound {
  const why = `entry ${seq} is not the one that was published: the journal was written anew`;
  return { ok: false, seq, file, why };
}

function missing({ seq }: Stamp, head: Stamp, anchor: Stamp, file: string): Unsound {
  const cut = `the journal ends with entry ${head.seq}, and entry ${seq} was published: its end was cut off`;
  if (seq > head.seq) return { ok: false, seq: head.seq + 1, file, why: cut };
  const dropped = `retention dropped entry ${seq}, and all up to ${anchor.seq}, so it cannot be compared: give a younger one`;
  return { ok: false, seq, file, why: dropped };
}

/** What a walk threw, told as what it means. */
export function readFailure(directory: string, cause: unknown): unknown {
  if (cause instanceof ChainFault) return journalDamaged(directory, cause.fault, cause);
  return cause instanceof LockstepError ? cause : journalUnreadable(directory, cause);
}
