import { existsSync } from 'node:fs';
import { LockstepError } from '../base/errors.js';
import { genesis, type Journal, type Stamp } from './journal.js';
import { readJournal, verifyJournal } from './verify.js';

/**
 * The journal in a directory as it is now, to be read and nothing else; also while a Lockstep writes there. A directory
 * that is not there yet holds no entries.
 * @throws LockstepError `journal-damaged`, `journal-unreadable`
 */
export async function openReadOnly<R>(directory: string): Promise<Journal<R>> {
  const empty = !existsSync(directory);
  let head: Stamp = genesis;
  // Once to its end, so that every later reading ends at the same entry.
  if (!empty) for await (const { seq, hash } of readJournal<R>(directory)) head = { seq, hash };
  const refuse = () =>
    Promise.reject(
      new LockstepError(
        'journal-read-only',
        `the journal ${directory} is only read here`,
        'Start lockstep serve, which writes it.',
      ),
    );
  return {
    head,
    read: () => (empty ? nothing() : readJournal<R>(directory, head.seq)),
    verify: (expect) => verifyJournal(directory, expect),
    append: refuse,
    lease: refuse,
    reserve: refuse,
    prune: refuse,
    close: () => Promise.resolve(),
  };
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* nothing(): AsyncGenerator<never> {
  yield* [];
}
