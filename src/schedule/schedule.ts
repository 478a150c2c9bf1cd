import { createTask, type ScheduledTask } from 'node-cron';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';

/** Work that is done at times. */
export interface Job {
  /** Closed, lower case with dashes: it is a metric label. */
  readonly name: string;
  /** Five fields, as the configuration checks them (`config/cron.ts`). */
  readonly expression: string;
  /** An IANA time zone. Default UTC. */
  readonly zone?: string | undefined;
  /** Ends soon after its signal aborts. What it throws is logged and counted, and the next time comes all the same. */
  readonly work: (signal: AbortSignal) => Promise<void>;
}

/** `overlapped`: its time came while it was still at work. */
export type JobResult = 'succeeded' | 'failed' | 'overlapped';

export interface ScheduleOptions {
  readonly log: Log;
  /** @param seconds of the work; 0 when it was not begun */
  readonly ended?: ((job: string, result: JobResult, seconds: number) => void) | undefined;
}

/** A clock that was set back by more than this would keep jobs waiting for a time that is now far away. Milliseconds. */
const setBack = 3_600_000;
const lookAtClock = 60_000;

/**
 * Owns jobs and does each at its times, never twice at once. Times that passed while the process stood still, or that a
 * clock set forward jumped over, are made up for once, however many they were. In a time zone that skips an hour of the
 * year, that day is left out by a job of that hour, and an hour that comes twice counts once: UTC has neither.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #tasks: readonly ScheduledTask[];
  readonly #ending = new AbortController();
  readonly #atWork = new Map<string, Promise<void>>();
  #watch: NodeJS.Timeout | undefined;

  /** @throws LockstepError `cron-invalid`, which the configuration's own check keeps from happening */
  constructor(jobs: readonly Job[], options: ScheduleOptions) {
    this.#options = options;
    this.#tasks = jobs.map((job) => taskOf(job, () => this.#begin(job), options.log));
  }

  start(): void {
    if (this.#watch !== undefined || this.#ending.signal.aborted) return;
    for (const task of this.#tasks) void task.start();
    let skew = Date.now() - performance.now();
    this.#watch = setInterval(() => {
      const now = Date.now() - performance.now();
      if (skew - now > setBack) this.#startAnew();
      skew = now;
    }, lookAtClock);
  }

  /** Begins nothing more, and waits for the work in hand, whose signal aborts. Harmless twice. */
  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.#ending.abort(new LockstepError('stopping', 'Lockstep is stopping'));
    for (const task of this.#tasks) await task.destroy();
    await Promise.all(this.#atWork.values());
  }

  #begin(job: Job): void {
    if (this.#ending.signal.aborted) return;
    const { log, ended } = this.#options;
    if (this.#atWork.has(job.name)) {
      log.warn({ job: job.name }, 'a job is still at work from the time before; this time is left out');
      ended?.(job.name, 'overlapped', 0);
      return;
    }
    const work = this.#do(job)
      .catch((error: unknown) => log.error({ job: job.name, error: messageOf(error) }, 'a job could not be counted'))
      .finally(() => this.#atWork.delete(job.name));
    this.#atWork.set(job.name, work);
  }

  async #do({ name, work }: Job): Promise<void> {
    const began = performance.now();
    try {
      await work(this.#ending.signal);
    } catch (error) {
      this.#options.log.error({ job: name, error: messageOf(error) }, 'a job of the schedule failed');
      this.#ended(name, 'failed', began);
      return;
    }
    this.#ended(name, 'succeeded', began);
  }

  #ended(name: string, result: JobResult, began: number): void {
    const seconds = (performance.now() - began) / 1000;
    this.#options.log.info({ job: name, result, seconds }, 'a job of the schedule has ended');
    this.#options.ended?.(name, result, seconds);
  }

  #startAnew(): void {
    this.#options.log.warn('the clock was set back: the times of the schedule are reckoned anew');
    for (const task of this.#tasks) {
      void task.stop();
      void task.start();
    }
  }
}

function taskOf({ name, expression, zone = 'UTC' }: Job, begin: () => void, log: Log): ScheduledTask {
  const quiet = { info: () => undefined, debug: () => undefined, warn: () => undefined };
  try {
    // node-cron looks at the time zone only when it is too late.
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return createTask(expression, begin, {
      name,
      timezone: zone,
      // However late, the newest time that passed is made up for; the ones before it are not.
      missedExecutionTolerance: Infinity,
      suppressMissedWarning: true,
      logger: { ...quiet, error: (message) => log.error({ job: name, error: messageOf(message) }, 'node-cron') },
    });
  } catch (cause) {
    throw new LockstepError(
      'cron-invalid',
      `${JSON.stringify(expression)} in the time zone ${zone} is no time of a schedule (job ${name})`,
      'Write five fields, such as "23 4 * * *".',
      { cause },
    );
  }
}
