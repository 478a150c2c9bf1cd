import pLimit from 'p-limit';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { silentLog, type Log } from '../base/log.js';
import { prepareDirectory } from './directory.js';
import { openFile, type OpenFile } from './disk.js';
import { journalClosed, writeFailure } from './failure.js';
import { GroupCommit } from './group-commit.js';
import { holdDirectory } from './hold.js';
import type { AppendOptions, Entry, Journal, Lease, Stamp } from './journal.js';
import { Leases } from './leases.js';
import { recordText } from './line.js';
import { recover, type Found } from './recover.js';
import { FileReservation, Reserves } from './reserves.js';
import { dropBefore } from './retention.js';
import { Tail } from './tail.js';
import { readJournal, verifyChain, type FileVerdict } from './verify.js';
import type { Torn } from './walk.js';

export interface FileJournalOptions {
  /** Made when it is missing (mode 0700). On a local disk; one process at a time writes it. */
  readonly directory: string;
  readonly clock: Clock;
  /** Default silent. */
  readonly log?: Log;
  /** A segment ends before it grows beyond this many bytes. Default 8 MiB. Retention drops whole segments. */
  readonly segmentBytes?: number;
  /** Default Node's own. */
  readonly open?: OpenFile;
}

/** The embedded journal: append-only files of JSON lines in a directory. */
export interface FileJournal<R> extends Journal<R> {
  /** What was cut off when it was opened. */
  readonly torn: Torn | undefined;
  reserve(bytes: number): Promise<FileReservation>;
  verify(expect?: Stamp): Promise<FileVerdict>;
}

/**
 * Opens a journal for writing: takes the hold on its directory, checks all that is there, and cuts off a line whose
 * writing did not end.
 * @throws LockstepError `journal-held`, `journal-damaged` (and then nothing was changed), `directory-unusable`,
 *   `directory-exposed`
 */
export async function openFileJournal<R>(options: FileJournalOptions): Promise<FileJournal<R>> {
  const { directory, log = silentLog, open = openFile } = options;
  await prepareDirectory(directory);
  let letGo: (() => Promise<void>) | undefined;
  try {
    letGo = await holdDirectory(directory);
    const found = await recover(directory, open);
    if (found.torn !== undefined) log.warn(found.torn, 'cut off a line of the journal whose writing did not end');
    return new Opened<R>(options, found, letGo);
  } catch (cause) {
    await letGo?.();
    throw await writeFailure(directory, 0, cause);
  }
}

class Opened<R> implements FileJournal<R> {
  readonly torn: Torn | undefined;
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tail: Tail;
  readonly #leases: Leases;
  readonly #reserves: Reserves;
  readonly #commits: GroupCommit;
  readonly #letGo: () => Promise<void>;
  /** For what uses the tail, and for what drops segments. */
  readonly #turn = pLimit(1);
  readonly #dropping = pLimit(1);
  #closed: Promise<void> | undefined;

  constructor(options: FileJournalOptions, found: Found, letGo: () => Promise<void>) {
    const { directory, clock, log = silentLog, segmentBytes = 8 * 1024 * 1024, open = openFile } = options;
    this.torn = found.torn;
    [this.#directory, this.#clock, this.#log, this.#letGo] = [directory, clock, log, letGo];
    const tail = (this.#tail = new Tail(found, { directory, segmentBytes, open, log }));
    const leases = (this.#leases = new Leases(clock, found.at));
    const reserves = (this.#reserves = new Reserves(
      found.last === undefined ? 0 : found.last.size - found.last.length,
    ));
    this.#commits = new GroupCommit({ directory, tail, leases, reserves, turn: this.#turn });
  }

  get head(): Stamp {
    return this.#tail.head;
  }

  async append(record: R, { lease, reservation }: AppendOptions = {}): Promise<Stamp> {
    this.#refuseClosed();
    return this.#commits.add({
      at: Math.trunc(this.#clock.now()),
      text: recordText(record),
      lease,
      reservation: reservation instanceof FileReservation ? reservation : undefined,
    });
  }

  async lease(name: string): Promise<Lease | undefined> {
    this.#refuseClosed();
    return Promise.resolve(this.#leases.take(name));
  }

  async reserve(bytes: number): Promise<FileReservation> {
    this.#refuseClosed();
    return this.#turn(async () => {
      const aside = this.#reserves.with(bytes);
      try {
        await this.#tail.setAside(aside);
      } catch (cause) {
        throw await writeFailure(this.#directory, bytes, cause);
      }
      return this.#reserves.take(bytes, () =>
        this.#turn(() => (this.#closed === undefined ? this.#giveBack() : undefined)),
      );
    });
  }

  read(): AsyncIterable<Entry<R>> {
    return readJournal<R>(this.#directory, this.head.seq);
  }

  verify(expect?: Stamp): Promise<FileVerdict> {
    const { head } = this;
    return verifyChain(this.#directory, expect === undefined ? [head] : [expect, head], head.seq);
  }

  prune(before: number): Promise<{ readonly dropped: number }> {
    return this.#dropping(async () => {
      this.#refuseClosed();
      return { dropped: await dropBefore(this.#directory, this.#tail, before) };
    });
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    try {
      await this.#commits.idle();
      await this.#dropping(() => undefined);
      this.#leases.loseAll();
      await this.#turn(async () => {
        await this.#giveBack();
        await this.#tail.close();
      });
    } finally {
      await this.#letGo();
    }
  }

  /** What is not reserved any more. Too much may stay, for a while; never too little. */
  async #giveBack(): Promise<void> {
    await this.#tail.setAside(this.#reserves.total).catch((cause: unknown) => {
      this.#log.warn({ reason: messageOf(cause) }, 'space of the journal was not given back');
    });
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw journalClosed(this.#directory);
  }
}
