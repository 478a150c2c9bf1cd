import { LockstepError } from './base/errors.js';
import type { Entry, Journal, Lease, Reservation, Stamp, Verdict } from './journal/journal.js';

/** Space for one record, more or less: what is tried while the journal takes none, bytes. */
const aRecord = 4096;

/** A journal that tells how long its appends take, and whether it takes any. */
export class TimedJournal<R> implements Journal<R> {
  #writable = true;
  #trying = false;

  constructor(
    readonly inner: Journal<R>,
    /** Told of every append, seconds. */
    readonly appended: (seconds: number) => void = () => undefined,
  ) {}

  /**
   * Whether the newest append was taken. While it was not, every question has it tried anew whether there is room, for
   * the next question: nothing may be appended for long after a disk has been mended.
   */
  get writable(): boolean {
    if (!this.#writable && !this.#trying) void this.#tryAgain();
    return this.#writable;
  }

  async append(record: R, options?: { readonly lease?: Lease; readonly reservation?: Reservation }): Promise<Stamp> {
    const began = performance.now();
    try {
      const stamp = await this.inner.append(record, options);
      this.#writable = true;
      this.appended((performance.now() - began) / 1000);
      return stamp;
    } catch (cause) {
      // Who has lost the right to write says nothing of the disk.
      if (!(cause instanceof LockstepError && cause.code === 'lease-lost')) this.#writable = false;
      throw cause;
    }
  }

  lease(name: string): Promise<Lease | undefined> {
    return this.inner.lease(name);
  }

  reserve(bytes: number): Promise<Reservation> {
    return this.inner.reserve(bytes);
  }

  read(): AsyncIterable<Entry<R>> {
    return this.inner.read();
  }

  get head(): Stamp {
    return this.inner.head;
  }

  verify(expect?: Stamp): Promise<Verdict> {
    return this.inner.verify(expect);
  }

  prune(before: number): Promise<{ readonly dropped: number }> {
    return this.inner.prune(before);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  async #tryAgain(): Promise<void> {
    this.#trying = true;
    try {
      const space = await this.inner.reserve(aRecord);
      await space.release();
      this.#writable = true;
    } catch {
      // Still none: the next question tries again.
    } finally {
      this.#trying = false;
    }
  }
}
