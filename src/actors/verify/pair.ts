import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../../base/errors.js';
import type { Row } from '../../dialects/question.js';
import type { VerifyAction } from '../../domain/action.js';
import type { Side } from './side.js';

/** How long a replica may stay behind before comparing is given up, milliseconds. */
const patience = 3_600_000;
const busyPause = 1000;

/** A source and its replica, read one after the other. */
export class Pair {
  constructor(
    readonly action: VerifyAction,
    readonly source: Side,
    readonly replica: Side,
    readonly signal: AbortSignal,
  ) {}

  /** Reads on the source, and where it stands then, at the earliest. */
  async onSource(sql: string): Promise<readonly Row[]> {
    return (await this.source.query(sql, this.signal))[0] ?? [];
  }

  async onReplica(sql: string): Promise<readonly Row[]> {
    return (await this.replica.query(sql, this.signal))[0] ?? [];
  }

  /**
   * Waits until the replica has all that the source has now. This is how lag slows the comparing down.
   * @throws LockstepError `replica-behind` once that takes too long
   */
  async caughtUp(): Promise<void> {
    const { position, wait } = this.action;
    const row = await this.source.ask(position, {}, this.signal);
    const notes = Object.fromEntries(
      Object.entries(position.notes ?? {}).map(([column, note]) => [note, row?.[column] ?? '']),
    );
    const until = performance.now() + patience;
    for (;;) {
      const began = performance.now();
      const answer = await this.replica.ask(wait, notes, this.signal);
      if (answer?.['reached'] === '1') return;
      if (performance.now() > until)
        throw new LockstepError('replica-behind', `${this.action.on} has not caught up with ${this.action.with} for an hour`, 'See why it lags, or stands; then verify it again.'); // prettier-ignore
      // The server ends a session that says nothing.
      await this.source.query('DO 0', this.signal);
      // A wait that is answered at once does not wait: the applier stands.
      if (performance.now() - began < busyPause) await pause(busyPause, undefined, { signal: this.signal });
    }
  }

  /** Waits while either server has much to do. */
  async quiet(): Promise<void> {
    while ((await this.source.isBusy(this.signal)) || (await this.replica.isBusy(this.signal)))
      await pause(busyPause, undefined, { signal: this.signal });
  }
}
