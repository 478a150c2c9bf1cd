import { setTimeout as pause } from 'node:timers/promises';
import type { Column } from '../../../dialects/capabilities.js';
import { openSession, type Target } from '../../../mysql/session.js';

/** How often the donor is asked how it fares, milliseconds. */
const askEvery = 1000;
/** How long the copy rests at most before it takes a few pieces, so that it ends some day. Milliseconds. */
const restAtMost = 60_000;
/** Sessions of others at work on the donor, beyond those at the beginning, that are too many. */
const moreAtWork = 24;

/** Lets a copy rest while its donor falls behind its source, or has much to do. What cannot be asked does not hold it up. */
export class Governor {
  #resting: Promise<void> | undefined;
  #free: () => void = () => undefined;
  #atFirst: number | undefined;
  /** How long it rested, milliseconds. */
  rested = 0;
  readonly #over = new AbortController();
  readonly done: Promise<void>;

  constructor(
    target: Target,
    column: Column,
    readonly restAbove: number,
    readonly streams: number,
  ) {
    this.done = this.#watch(target, column).catch(() => undefined).finally(() => this.#go()); // prettier-ignore
  }

  /** What is to be waited for before more is read; undefined: nothing. */
  get gate(): Promise<void> | undefined {
    return this.#resting;
  }

  async end(): Promise<void> {
    this.#over.abort(new Error('the copy has ended'));
    await this.done;
  }

  async #watch(target: Target, column: Column): Promise<void> {
    const { signal } = this.#over;
    const session = await openSession(target, { signal });
    try {
      let asked = performance.now();
      for (let began: number | undefined; ;) {
        const answers = await session.query(`SHOW GLOBAL STATUS LIKE 'Threads_running'; ${column.replicaStatus}`, {
          signal,
        });
        const running = Number(answers[0]?.[0]?.['Value'] ?? 0);
        const channel = answers[1]?.[0];
        const behind = Number(channel?.['Seconds_Behind_Master'] ?? channel?.['Seconds_Behind_Source'] ?? 0);
        // Who is told to stay behind is not strained by it.
        const lag = behind - Number(channel?.['SQL_Delay'] ?? 0);
        this.#atFirst ??= running;
        const strained = lag > this.restAbove || running > this.#atFirst + this.streams + moreAtWork;
        const now = performance.now();
        // A donor that is busy answers late: what counts is the time that passed.
        if (this.#resting !== undefined) this.rested += now - asked;
        asked = now;
        if (strained && this.#resting === undefined) this.#rest();
        if (!strained || now - (began ?? now) > restAtMost) {
          if (this.#resting !== undefined) this.#go();
        }
        began = this.#resting === undefined ? undefined : (began ?? now);
        await pause(askEvery, undefined, { signal });
      }
    } finally {
      session.close();
    }
  }

  #rest(): void {
    this.#resting = new Promise((resolve) => (this.#free = resolve));
  }

  #go(): void {
    this.#resting = undefined;
    this.#free();
  }
}
