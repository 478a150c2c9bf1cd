/** Where an entry stands, and the hash of all up to it. */
export interface Stamp {
  /** From 1. */
  readonly seq: number;
  /** 64 hex digits. */
  readonly hash: string;
}

export interface Entry<R> extends Stamp {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly record: R;
}

/** The right to write under a name, until it is released or lost. */
export interface Lease {
  readonly name: string;
  /** Higher than that of every lease before it. */
  readonly token: number;
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** Space set aside, so that what must be written later can be. */
export interface Reservation {
  release(): Promise<void>;
}

export type Verdict =
  | { readonly ok: true; readonly head: Stamp }
  | { readonly ok: false; readonly seq: number; readonly file: string; readonly why: string };

/** What happened, durably. Records are JSON of whoever writes them. */
export interface Journal<R> {
  /** undefined when somebody holds it. */
  lease(name: string): Promise<Lease | undefined>;
  /**
   * Resolves when it is durable; appends that come together share one flush to the disk.
   * @throws LockstepError `lease-lost`, `journal-full`
   */
  append(record: R, options?: { readonly lease?: Lease; readonly reservation?: Reservation }): Promise<Stamp>;
  /** @throws LockstepError `journal-full` */
  reserve(bytes: number): Promise<Reservation>;
  read(): AsyncIterable<Entry<R>>;
  readonly head: Stamp;
  /** @param expect a head that was published before: finds a tail that was cut off */
  verify(expect?: Stamp): Promise<Verdict>;
  /** Drops old entries, whole segments at a time: none at or after `before`. What is left still verifies. */
  prune(before: number): Promise<{ readonly dropped: number }>;
  close(): Promise<void>;
}
