import type { Entry, Journal, Lease, Reservation, Stamp, Verdict } from './journal/journal.js';

/** A journal that tells how long its appends take, and whether the newest one was taken. */
export class TimedJournal<R> implements Journal<R> {
  writable = true;

  constructor(
    readonly inner: Journal<R>,
    /** Told of every append, seconds. */
    readonly appended: (seconds: number) => void = () => undefined,
  ) {}

  async append(record: R, options?: { readonly lease?: Lease; readonly reservation?: Reservation }): Promise<Stamp> {
    const began = performance.now();
    try {
      const stamp = await this.inner.append(record, options);
      this.writable = true;
      this.appended((performance.now() - began) / 1000);
      return stamp;
    } catch (cause) {
      this.writable = false;
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
}
