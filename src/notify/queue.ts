import { deadline, DeadlineError, raced } from '../base/deadline.js';
import { adviceOf, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { deliveryError, type Delivery, type DeliveryError, type DeliveryResult } from './delivery.js';

export interface QueueOptions {
  readonly log: Log;
  /** Told how each delivery ended. */
  readonly ended: (result: DeliveryResult) => void;
  readonly times?: Partial<QueueTimes> | undefined;
}

/** Milliseconds, but for `capacity`. */
export interface QueueTimes {
  /** How many may wait. Default 500. */
  readonly capacity: number;
  /** How long one try may take. Default 10 s. */
  readonly attempt: number;
  /** The wait before the second try, doubled for each one after it. Default 1 s. */
  readonly backoff: number;
  /** The longest wait between two tries. Default 60 s. */
  readonly longestBackoff: number;
}

export const queueTimes = {
  capacity: 500,
  attempt: 10_000,
  backoff: 1_000,
  longestBackoff: 60_000,
} satisfies QueueTimes;

interface Waiting {
  readonly delivery: Delivery;
  /** When it was taken. This and the next on the clock that only goes forward, milliseconds. */
  readonly since: number;
  /** When it may be tried. */
  due: number;
  tries: number;
}

type Over =
  { readonly result: 'delivered' } | { readonly result: Exclude<DeliveryResult, 'delivered'>; readonly why: string };

/**
 * What one receiver is still to be told, one thing at a time, that of each run in the order in which it happened. While
 * one run's waits for its next try, others go on. Whoever adds to it never waits. What cannot be delivered is dropped,
 * counted and logged.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #times: QueueTimes;
  readonly #waiting: Waiting[] = [];
  readonly #ending = new AbortController();
  #work: Promise<void> | undefined;
  #underWay: Waiting | undefined;
  #stopping = false;
  #wake = (): void => undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#times = { ...queueTimes, ...options.times };
  }

  push(delivery: Delivery): void {
    if (this.#stopping) {
      this.#dropped(delivery, 'stopped', 'Lockstep is stopping');
      return;
    }
    const now = performance.now();
    this.#waiting.push({ delivery, since: now, due: now, tries: 0 });
    if (this.#waiting.length > this.#times.capacity) this.#makeRoom();
    this.#wake();
    // Not at once: whoever adds goes on first.
    this.#work ??= Promise.resolve().then(() => this.#deliverAll());
  }

  /** Tries what is left at once, again and again for `within` milliseconds, then drops it. Takes nothing more. Harmless twice. */
  async stop(within: number): Promise<void> {
    this.#stopping = true;
    for (const waiting of this.#waiting) waiting.due = 0;
    this.#wake();
    const timer = setTimeout(() => {
      this.#ending.abort(new DeadlineError(within));
      this.#wake();
    }, within);
    await this.#work;
    clearTimeout(timer);
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const next = this.#next();
      if (next === undefined) break;
      const wait = next.due - performance.now();
      if (wait > 0 && !this.#isOver()) {
        await this.#sleep(wait);
        continue;
      }
      this.#underWay = next;
      const over = await this.#deliver(next);
      this.#underWay = undefined;
      if (over === undefined) continue;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      if (over.result === 'delivered') this.#ended('delivered');
      else this.#dropped(next.delivery, over.result, over.why);
    }
    this.#work = undefined;
  }

  /** Of the oldest of each run: the first that may be tried now, else the one that may be soonest. */
  #next(): Waiting | undefined {
    const runs = new Set<string>();
    const oldest = this.#waiting.filter(({ delivery: { run } }) => !runs.has(run) && runs.add(run));
    const now = performance.now();
    return oldest.find(({ due }) => due <= now) ?? oldest.sort((one, other) => one.due - other.due)[0];
  }

  /** Tries once. undefined: it will be tried again. */
  async #deliver(waiting: Waiting): Promise<Over | undefined> {
    const { delivery, since } = waiting;
    if (this.#isOver()) return { result: 'stopped', why: 'Lockstep has stopped' };
    const failed = await this.#try(delivery);
    if (failed === undefined) return { result: 'delivered' };
    const why = adviceOf(failed);
    if (failed.again === undefined) return { result: 'refused', why };
    waiting.tries += 1;
    const wait = Math.max(failed.again.after, this.#backoff(waiting.tries));
    waiting.due = performance.now() + wait;
    if (this.#isOver()) return { result: 'stopped', why };
    if (waiting.due - since > delivery.within) return { result: 'gave-up', why };
    const { run, what } = delivery;
    this.#options.log[waiting.tries === 1 ? 'warn' : 'debug']({ run, what, why }, 'a notification is tried again');
    return undefined;
  }

  async #try(delivery: Delivery): Promise<DeliveryError | undefined> {
    const limit = deadline(this.#times.attempt, this.#ending.signal);
    try {
      // Raced: a file that cannot be read, on a network disk for instance, does not hear of signals.
      await raced(delivery.send(limit.signal), limit.signal);
      return undefined;
    } catch (thrown) {
      return deliveryError(thrown);
    } finally {
      limit.clear();
    }
  }

  #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  /** With a fifth of it by chance, so that several Locksteps do not try in step. */
  #backoff(tries: number): number {
    const { backoff, longestBackoff } = this.#times;
    return Math.min(backoff * 2 ** (tries - 1), longestBackoff) * (0.8 + Math.random() / 5);
  }

  /** Until something is added, or all ends. */
  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((over) => {
      const timer = setTimeout(over, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        over();
      };
    });
    this.#wake = () => undefined;
  }

  /** The oldest goes that is not urgent: what is newer is nearer to the truth. Never the one under way. */
  #makeRoom(): void {
    const candidates = this.#waiting.filter((waiting) => waiting !== this.#underWay);
    const chosen = candidates.find(({ delivery }) => !delivery.urgent) ?? candidates[0];
    if (chosen === undefined) return;
    this.#waiting.splice(this.#waiting.indexOf(chosen), 1);
    this.#dropped(chosen.delivery, 'overflow', `more than ${this.#times.capacity} wait`);
  }

  #dropped({ run, what }: Delivery, result: DeliveryResult, why: string): void {
    this.#ended(result);
    this.#options.log.error({ run, what, why }, 'a notification was not delivered');
  }

  #ended(result: DeliveryResult): void {
    try {
      this.#options.ended(result);
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, 'a notification could not be counted');
    }
  }
}
