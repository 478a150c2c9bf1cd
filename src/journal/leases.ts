import type { Clock } from '../base/clock.js';
import { leaseLost } from './failure.js';
import type { Lease } from './journal.js';

/**
 * Leases within this process: nobody else can append, so nobody else needs to be kept out. Between processes the hold
 * on the directory decides. Tokens grow over restarts too, unless the clock is set back.
 */
export class Leases {
  readonly #held = new Map<string, { lease: Lease; lose: AbortController }>();
  readonly #clock: Clock;
  #token: number;

  /** @param last no token is given up to this one */
  constructor(clock: Clock, last: number) {
    this.#clock = clock;
    this.#token = last;
  }

  take(name: string): Lease | undefined {
    if (this.#held.has(name)) return undefined;
    this.#token = Math.max(this.#token + 1, Math.trunc(this.#clock.now()));
    const lose = new AbortController();
    const lease: Lease = {
      name,
      token: this.#token,
      lost: lose.signal,
      release: () => {
        if (this.holds(lease)) this.#held.delete(name);
        return Promise.resolve();
      },
    };
    this.#held.set(name, { lease, lose });
    return lease;
  }

  holds(lease: Lease): boolean {
    return this.#held.get(lease.name)?.lease === lease;
  }

  loseAll(): void {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const { lease, lose } of held) lose.abort(leaseLost(lease.name));
  }
}
