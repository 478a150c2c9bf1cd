import type { LimitFunction } from 'p-limit';
import { isFull, leaseLost, writeFailure } from './failure.js';
import { longestRecord, type Lease, type Stamp } from './journal.js';
import type { Leases } from './leases.js';
import { longestEnvelope } from './line.js';
import type { FileReservation, Reserves } from './reserves.js';
import type { Tail } from './tail.js';

export interface Append {
  readonly at: number;
  /** JSON */
  readonly text: string;
  readonly lease: Lease | undefined;
  readonly reservation: FileReservation | undefined;
}

interface Waiting extends Append {
  readonly bytes: number;
  readonly resolve: (stamp: Stamp) => void;
  readonly reject: (failure: unknown) => void;
}

export interface GroupCommitOptions {
  readonly directory: string;
  readonly tail: Tail;
  readonly leases: Leases;
  readonly reserves: Reserves;
  /** Whatever uses the tail or changes what is reserved does it in its turn. */
  readonly turn: LimitFunction;
}

/** Appends that arrive while others are written share the next write and its sync. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue: Waiting[] = [];
  #work: Promise<void> | undefined;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  add(append: Append): Promise<Stamp> {
    return new Promise((resolve, reject) => {
      const bytes = Buffer.byteLength(append.text) + longestEnvelope;
      this.#queue.push({ ...append, bytes, resolve, reject });
      this.#work ??= this.#run();
    });
  }

  /** When nothing waits any more. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // those that are called in one turn go together
    while (this.#queue.length > 0) await this.#options.turn(() => this.#write(this.#next()));
    this.#work = undefined;
  }

  /** Fenced here, where the order of entries is made. */
  #next(): Waiting[] {
    const batch: Waiting[] = [];
    for (let bytes = 0; this.#queue.length > 0;) {
      bytes += this.#queue[0]?.bytes ?? 0;
      if (batch.length > 0 && bytes > longestRecord) break;
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      const { lease } = waiting;
      if (lease === undefined || this.#options.leases.holds(lease)) batch.push(waiting);
      else waiting.reject(leaseLost(lease.name));
    }
    return batch;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return;
    const { directory, tail, reserves } = this.#options;
    const covered = this.#covered(batch);
    try {
      const stamps = await tail.append(batch, reserves.total - bytesOf(covered));
      for (const { reservation, bytes } of covered) reservation?.use(bytes);
      stamps.forEach((stamp, index) => batch[index]?.resolve(stamp));
    } catch (cause) {
      // On a full disk those go on who have set space aside.
      const kept = isFull(cause) && covered.length < batch.length ? covered : [];
      const refused = batch.filter((waiting) => !kept.includes(waiting));
      const failure = await writeFailure(directory, bytesOf(refused), cause);
      for (const waiting of refused) waiting.reject(failure);
      await this.#write(kept);
    }
  }

  /** Those whose reservations have room for them. */
  #covered(batch: readonly Waiting[]): Waiting[] {
    const left = new Map<FileReservation | undefined, number>();
    return batch.filter(({ reservation, bytes }) => {
      const room = (left.get(reservation) ?? this.#options.reserves.left(reservation)) - bytes;
      if (room >= 0) left.set(reservation, room);
      return room >= 0;
    });
  }
}

function bytesOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { bytes }) => sum + bytes, 0);
}
