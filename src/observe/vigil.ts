import type { Clock } from '../base/clock.js';
import type { CollectorName } from '../domain/snapshot.js';
import { isWritable } from '../domain/topology.js';
import type { Observer } from './observer.js';
import { everyCollector, type Watch } from './watch.js';

export interface VigilOptions {
  /** The eyes of now. */
  readonly observer: () => Observer;
  readonly clock: Clock;
  /** How old the newest look at a writable server, or one that failed, may get, milliseconds. */
  readonly interval: () => number;
  /** How old the newest whole look at any server may get, milliseconds. */
  readonly wholeInterval: () => number;
}

/** How often it is checked who was not looked at, milliseconds. */
const tick = 500;

/** How a primary replicates is asked at least so often, milliseconds: should it die, nothing older proves that nothing is lost. */
const known = 30_000;

/** How many such looks may be under way at once, over all servers. */
const atOnce = 32;

/** Enough to know that a server answers, and whether it is still writable: one statement. */
const glance: ReadonlySet<CollectorName> = new Set<CollectorName>(['server']);

/**
 * Looks at servers that nobody has looked at lately, so that outages are timed although nobody scrapes. Writable servers
 * and those that failed are looked at often, the others seldom; what was just scraped is not looked at again.
 */
export class Vigil {
  readonly #underway = new Map<Watch, Promise<unknown>>();
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: VigilOptions) {}

  start(): void {
    this.#timer ??= setInterval(() => this.#round(), tick).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort(new Error('Lockstep stops'));
    await Promise.all(this.#underway.values());
  }

  #round(): void {
    const { observer, clock } = this.options;
    const now = clock.now();
    for (const watch of observer().unpaused()) {
      if (this.#underway.size >= atOnce) return;
      const collectors = this.#underway.has(watch) ? undefined : this.#due(watch, now);
      if (collectors === undefined) continue;
      const look = watch.look(collectors, this.#ending.signal, 'unshared').finally(() => this.#underway.delete(watch));
      this.#underway.set(watch, look);
    }
  }

  /** What to ask now; undefined: it was looked at lately. */
  #due({ newest, last }: Watch, now: number): ReadonlySet<CollectorName> | undefined {
    const { interval, wholeInterval } = this.options;
    if (last === undefined || newest === undefined) return everyCollector;
    const older = (at: number, than: number) => now - at >= than || now < at; // our clock was put back
    const whole = isWritable(newest) ? Math.min(wholeInterval(), Math.max(interval(), known)) : wholeInterval();
    if (older(newest.at, whole)) return everyCollector;
    if (!older(last.at + last.durationSeconds * 1000, interval())) return undefined;
    if (last.facts === undefined) return everyCollector;
    return isWritable(newest) ? glance : undefined;
  }
}
