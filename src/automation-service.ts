import { intakeOf } from './alert-intake.js';
import { AnnouncementWatch } from './announcement-watch.js';
import { openAutomation, type RunningAutomation } from './automation.js';
import { automationState } from './automation-state.js';
import { LockstepError, messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import type { AutomationConfig } from './config/automation.js';
import type { Problem } from './domain/problems.js';
import type { ServerSnapshot } from './domain/snapshot.js';
import { firstDrillAfter } from './drills.js';
import type { Engine } from './engine/engine.js';
import type { Intake } from './intake/intake.js';
import { AutomationMetrics } from './metrics/automation.js';
import { createNotify, type Notify } from './notify/notify.js';
import { notifySettingsOf } from './notify-settings.js';
import type { Observer } from './observe/observer.js';
import { renewDue } from './schedule/renewals.js';
import { Schedule, type Job } from './schedule/schedule.js';
import { verifyReplicas } from './verify-replicas.js';

export interface ServiceOptions {
  /** The configuration of now. */
  readonly config: () => Config;
  /** The eyes of now. */
  readonly observer: () => Observer;
  readonly log: Log;
}

/** All that acts, in `serve`: the engine, and around it the webhook's intake, notifications, jobs and metrics. */
export class AutomationService {
  readonly metrics: AutomationMetrics;
  readonly intake: Intake;
  readonly #automation: RunningAutomation;
  readonly #options: ServiceOptions;
  readonly #watch: AnnouncementWatch;
  #notify: Notify;
  #schedule: Schedule;
  readonly #ending = new AbortController();
  #drilling: Promise<void> | undefined;
  #halted: Promise<void> | undefined;
  #firstDrill: NodeJS.Timeout | undefined;

  private constructor(automation: RunningAutomation, settings: AutomationConfig, options: ServiceOptions) {
    const { config } = options;
    const { engine } = automation;
    this.#automation = automation;
    this.#options = options;
    this.metrics = new AutomationMetrics(() => automationState(automation, config(), this.intake, this.#watch));
    this.#watch = new AnnouncementWatch({
      ...options,
      shelf: automation.shelf,
      open: () => engine.runs({ open: true, limit: Infinity }),
      withdrawn: (name) => engine.withdrawals().filter(({ cluster }) => cluster === name).map(({ server }) => server), // prettier-ignore
    });
    engine.subscribe((event) => this.metrics.heard(event));
    automation.appended = (seconds) => this.metrics.journalAppended(seconds);
    this.intake = intakeOf({ ...options, automation: engine, metrics: this.metrics });
    this.#notify = this.#notifyOf(settings);
    this.#schedule = this.#scheduleOf(settings);
  }

  /** undefined where the configuration has no journal. @throws LockstepError of the journal */
  static async open(options: ServiceOptions): Promise<AutomationService | undefined> {
    const automation = await openAutomation(options);
    const settings = options.config().automation;
    if (automation === undefined || settings === undefined) return undefined;
    return new AutomationService(automation, settings, options);
  }

  get engine(): Engine {
    return this.#automation.engine;
  }

  /** Every look that asked everything: what it saw is remembered. */
  seen(snapshot: ServerSnapshot): void {
    this.#automation.noted(snapshot);
  }

  /** Every look: how long a server has been away is remembered. */
  looked(snapshot: ServerSnapshot): void {
    this.#automation.looked(snapshot);
  }

  /** What was wrong with a cluster's announcers when they were last read back; undefined: they were not. */
  announcementProblems(cluster: string): readonly Problem[] | undefined {
    return this.#watch.problems(cluster);
  }

  get journalDirectory(): string {
    return this.#automation.journalDirectory;
  }

  /** Open runs go on, receivers are told, jobs have their times. */
  start(): void {
    this.#notify.start();
    this.#schedule.start();
    this.#automation.start();
    this.#watch.start();
    this.#firstDrill = setTimeout(() => this.#drillOnce(), firstDrillAfter);
  }

  /** Another configuration is in force: runs at work keep theirs. */
  async reconfigured(): Promise<void> {
    const { config } = this.#options;
    const settings = config().automation;
    if (settings === undefined) return;
    const [notify, schedule] = [this.#notify, this.#schedule];
    this.#notify = this.#notifyOf(settings);
    this.#schedule = this.#scheduleOf(settings);
    this.#notify.start();
    this.#schedule.start();
    await Promise.all([notify.stop(), schedule.stop()]);
  }

  /** Jobs end first, then runs at their next step boundary. The engine tells of them still, and takes no more. Harmless twice. */
  halt(): Promise<void> {
    return (this.#halted ??= (async () => {
      clearTimeout(this.#firstDrill);
      this.#ending.abort(new LockstepError('stopping', 'Lockstep is stopping'));
      await this.#drilling;
      await Promise.all([this.#schedule.stop(), this.#watch.stop()]);
      await this.#automation.engine.stop();
    })());
  }

  /** Then what is left is told, and the journal closed. */
  async stop(): Promise<void> {
    await this.halt();
    await this.#notify.stop();
    await this.#automation.stop();
  }

  /** What is due now, under the configuration of now. */
  #renew(signal: AbortSignal): Promise<void> {
    const clusters = this.#options
      .config()
      .clusters.filter(({ serverTls }) => serverTls !== undefined)
      .map(({ name, servers }) => ({ name, servers: servers.map((server) => server.name) }));
    return renewDue({ clusters, automation: this.engine, log: this.#options.log }, signal);
  }

  /** The metric of readiness is not to be absent until the schedule's first time. */
  #drillOnce(): void {
    this.#drilling = this.#automation.drills.run(this.#ending.signal).catch((cause: unknown) => {
      if (!this.#ending.signal.aborted) this.#options.log.error({ error: messageOf(cause) }, 'the first drill failed');
    });
  }

  #notifyOf(settings: AutomationConfig): Notify {
    return createNotify(notifySettingsOf(settings), {
      automation: this.engine,
      log: this.#options.log,
      counted: (receiver, result) => this.metrics.notified(receiver, result),
    });
  }

  #scheduleOf({ journal, verifyReplicas: expression, renewCertificates, drill }: AutomationConfig): Schedule {
    const prune = async () => {
      const { dropped } = await this.engine.prune(journal.keepSeconds);
      if (dropped > 0) this.#options.log.info({ dropped }, 'old entries of the journal were dropped');
    };
    const verify = (signal: AbortSignal) => verifyReplicas({ ...this.#options, engine: this.engine }, signal);
    const renew = (signal: AbortSignal) => this.#renew(signal);
    const jobs: readonly Job[] = [
      { name: 'prune', expression: journal.prune, work: prune },
      { name: 'drill', expression: drill, work: (signal) => this.#automation.drills.run(signal) },
      ...(expression === undefined ? [] : [{ name: 'verify-replicas', expression, work: verify }]),
      ...(renewCertificates === undefined
        ? []
        : [{ name: 'renew-certificates', expression: renewCertificates, work: renew }]),
    ];
    this.metrics.jobsScheduled(jobs.map(({ name }) => name));
    return new Schedule(jobs, {
      log: this.#options.log,
      ended: (job, result) => this.metrics.jobEnded(job, result),
    });
  }
}
