import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';

/** Within which the same complaint is written once, milliseconds. */
const every = 60_000;

/**
 * Tells the log what was wrong with what came in, once per kind and minute: Alertmanager sends again and again what it
 * was refused, and who means harm would fill the disk.
 */
export class Complaints {
  readonly #written = new Map<string, { at: number; unwritten: number }>();

  constructor(
    private readonly log: Log,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  /** @param kind one of a closed set: each is remembered for ever */
  about(kind: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    const now = this.clock.monotonic();
    const last = this.#written.get(kind);
    if (last !== undefined && now - last.at < every) {
      last.unwritten += 1;
      return;
    }
    const unwritten = last?.unwritten ?? 0;
    this.#written.set(kind, { at: now, unwritten: 0 });
    this.log.warn({ ...fields, ...(unwritten > 0 ? { unwritten } : {}) }, message);
  }
}
