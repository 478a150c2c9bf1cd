import { LockstepError } from '../../src/base/errors.js';
import type { Entry, Journal, Lease } from '../../src/journal/journal.js';

/** A journal that outlives its engine but not the test: for models, whose crashes are many. */
export class MemoryJournal<R> implements Journal<R> {
  readonly entries: Entry<R>[] = [];
  /** Whether what is written takes a while, as on a disk. */
  slow = false;
  #leases = new Map<string, number>();
  #tokens = 0;
  #epoch = 0;

  constructor(readonly now: () => number) {}

  /** Whoever wrote is dead: nothing of it is heard any more, and its leases are free. */
  crash(): void {
    this.#epoch += 1;
    this.#leases.clear();
  }

  get epoch(): number {
    return this.#epoch;
  }

  lease(name: string): Promise<Lease | undefined> {
    if (this.#leases.has(name)) return Promise.resolve(undefined);
    const token = (this.#tokens += 1);
    this.#leases.set(name, token);
    const release = () => {
      if (this.#leases.get(name) === token) this.#leases.delete(name);
      return Promise.resolve();
    };
    return Promise.resolve({ name, token, lost: new AbortController().signal, release });
  }

  async append(record: R, { lease }: { readonly lease?: Lease } = {}) {
    await (this.slow ? new Promise((resolve) => setTimeout(resolve, 20)) : Promise.resolve());
    if (lease !== undefined && this.#leases.get(lease.name) !== lease.token)
      throw new LockstepError('lease-lost', `the lease ${lease.name} is lost`);
    const seq = this.head.seq + 1;
    const stamp = { seq, hash: String(seq).padStart(64, '0') };
    this.entries.push({ ...stamp, at: this.now(), record: structuredClone(record) });
    return stamp;
  }

  reserve() {
    return Promise.resolve({ remaining: Infinity, release: () => Promise.resolve() });
  }

  async *read() {
    await Promise.resolve();
    yield* [...this.entries];
  }

  get head() {
    const { seq, hash } = this.entries.at(-1) ?? { seq: 0, hash: '0'.repeat(64) };
    return { seq, hash };
  }

  verify() {
    const anchor = { seq: 0, hash: '0'.repeat(64) };
    return Promise.resolve({ ok: true as const, entries: this.entries.length, anchor, head: this.head });
  }

  prune(before: number) {
    const kept = this.entries.findIndex(({ seq }) => seq >= before);
    return Promise.resolve({ dropped: this.entries.splice(0, Math.max(0, kept)).length });
  }

  close() {
    return Promise.resolve();
  }
}
