/**
 * What happened, durably: a chain of entries that only grows at its end. Records are JSON that the journal does not
 * look into. This is the contract; `test/journal/suite.ts` holds every implementation to it.
 */
export interface Journal<R> {
  /** The last durable entry; {@link genesis} before the first. Published, so that a tail that is cut off is noticed. */
  readonly head: Stamp;
  /**
   * Adds one record; resolves when it is durable. Entries stand in the order of the calls, and calls that wait at the
   * same time share one write. A rejected append was not acknowledged: as a rule it is not in the journal, but when
   * the process dies right then, it may be found there.
   * @throws LockstepError `lease-lost` when the lease is not held any more, `journal-full`, `journal-failed` (the
   *   medium gave an error: tried anew with the next append), `record-too-large`, `journal-closed`
   */
  append(record: R, options?: AppendOptions): Promise<Stamp>;
  /** The right to do what `name` stands for, for one holder at a time; undefined when somebody has it. */
  lease(name: string): Promise<Lease | undefined>;
  /**
   * Sets space aside for records that will come ({@link lineBytes} tells how much each takes), so that a full disk is
   * refused before anything acts. It stays set aside when this process dies, for the first reservations of the next.
   * @throws LockstepError `journal-full`
   */
  reserve(bytes: number): Promise<Reservation>;
  /** From the oldest entry that is kept to the head at the time of the call. @throws LockstepError `journal-damaged` */
  read(): AsyncIterable<Entry<R>>;
  /**
   * Checks every entry, and that the journal ends at the head that this process knows.
   * @param expect a head that was published earlier: it must be in the journal, or the end of the journal was cut off
   */
  verify(expect?: Stamp): Promise<Verdict>;
  /**
   * Retention: drops old entries, never `before` itself or a younger one. How much older ones are left depends on the
   * implementation. The chain stays verifiable, from the last dropped entry's hash on.
   * @returns how many entries were dropped
   */
  prune(before: number): Promise<{ readonly dropped: number }>;
  /** Lets go of everything, after the appends that were called before. Leases are lost. Harmless twice. */
  close(): Promise<void>;
}

/** Names one entry, and by its hash all entries before it. */
export interface Stamp {
  /** From 1, without gaps. */
  readonly seq: number;
  /** SHA-256, lower-case hex. */
  readonly hash: string;
}

export interface Entry<R> extends Stamp {
  /** When it was appended, milliseconds since the Unix epoch. */
  readonly at: number;
  readonly record: R;
}

export interface AppendOptions {
  /** Append only while this lease is held. */
  readonly lease?: Lease | undefined;
  /** Use the space that this one keeps. A record that is longer than what is left of it is appended like any other. */
  readonly reservation?: Reservation | undefined;
}

export interface Lease {
  readonly name: string;
  /** Greater for every lease that is given. */
  readonly token: number;
  /** Aborts when the lease ends without having been released: when the journal is closed, or cannot be reached. */
  readonly lost: AbortSignal;
  /** Harmless twice, and after the loss. */
  release(): Promise<void>;
}

export interface Reservation {
  /** Gives back what is left. Harmless twice. */
  release(): Promise<void>;
}

export type Verdict = Sound | Unsound;

export interface Sound {
  readonly ok: true;
  readonly head: Stamp;
}

export interface Unsound extends Fault {
  readonly ok: false;
}

/** The first thing that is wrong. */
export interface Fault {
  /** The entry that should stand where it was found. */
  readonly seq: number;
  /** The file, or the key. */
  readonly file: string;
  /** A plain sentence without its full stop. */
  readonly why: string;
}

/** What the first entry follows. */
export const genesis: Stamp = { seq: 0, hash: '0'.repeat(64) };

/** A longer record, as JSON in UTF-8, is refused. 1 MiB: what etcd takes in one request leaves room beside it. */
export const longestRecord = 1024 * 1024;
