import { Counter, Histogram, Registry } from 'prom-client';
import type { EngineEvent } from '../engine/events.js';
import type { GuardName, Outcome, TriggerKind } from '../engine/run.js';
import { type MetricName, metric } from './catalogue.js';
import {
  deliveryResults,
  type DeliveryResult,
  jobResults,
  type JobResult,
  receiverKinds,
  type ReceiverKind,
  runOutcomes,
  webhookRejections,
  type WebhookRejection,
  webhookResults,
  type WebhookResult,
} from './catalogue/automation.js';
import type { Family } from './families.js';
import { familiesOf } from './registry.js';
import { type AutomationState, automationSamples } from './samples/automation.js';

/** From a replica that is restarted to one that is built anew, in seconds. */
const runBuckets = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200];
/** From a statement to a catch-up, in seconds. */
const sectionBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** From an fdatasync of a good disk (a tenth of a millisecond) to one that stalls, in seconds. */
const appendBuckets = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

interface OfProcedure {
  readonly cluster: string;
  readonly procedure: string;
}

/**
 * The metrics of scope `automation`. What happened is told to it, by the engine's events and by the webhook; what is
 * now it asks for at each scrape.
 */
export class AutomationMetrics {
  readonly #registry = new Registry();
  readonly #state: () => AutomationState;
  readonly #runs = new Counter(this.#declared('lockstep_runs_total'));
  readonly #refused = new Counter(this.#declared('lockstep_runs_refused_total'));
  readonly #durations = new Histogram({
    ...this.#declared('lockstep_run_duration_seconds'),
    buckets: runBuckets,
  });
  readonly #sections = new Histogram({
    ...this.#declared('lockstep_section_duration_seconds'),
    buckets: sectionBuckets,
  });
  readonly #alerts = new Counter(this.#declared('lockstep_webhook_alerts_total'));
  readonly #rejected = new Counter(this.#declared('lockstep_webhook_rejected_total'));
  readonly #notifications = new Counter(this.#declared('lockstep_notifications_total'));
  readonly #jobs = new Counter(this.#declared('lockstep_schedule_jobs_total'));
  readonly #appends = new Histogram({
    ...this.#declared('lockstep_journal_append_duration_seconds'),
    buckets: appendBuckets,
  });

  /** @param state what is now, from memory: it is asked at every scrape */
  constructor(state: () => AutomationState) {
    this.#state = state;
    // A counter that begins at 1 shows no growth to Prometheus: what can be known beforehand begins at 0.
    for (const result of webhookResults) this.#alerts.inc({ result }, 0);
    for (const reason of webhookRejections) this.#rejected.inc({ reason }, 0);
    for (const receiver of receiverKinds)
      for (const result of deliveryResults) this.#notifications.inc({ receiver, result }, 0);
  }

  /** What the engine said. It counts what has come out in the end; the rest is asked for. */
  heard(event: EngineEvent): void {
    if (!('run' in event)) return;
    const { procedure, parameters, trigger, startedAt, endedAt, outcome, guard } = event.run;
    const run = { cluster: parameters.cluster, procedure };
    if (event.type === 'requested') this.runOpened({ ...run, trigger: trigger.kind });
    if (event.type === 'section-ended') this.sectionEnded(procedure, event.section, event.seconds);
    if (event.type !== 'ended' || outcome === undefined) return;
    const seconds = startedAt === undefined || endedAt === undefined ? undefined : (endedAt - startedAt) / 1000;
    this.runEnded({ ...run, trigger: trigger.kind, outcome, seconds });
    if (outcome === 'refused' && guard !== undefined) this.runRefused({ ...run, guard: guard.guard });
  }

  /** A run was asked for. Its outcomes are counted from here, so that the first of them shows as growth. */
  runOpened({ cluster, procedure, trigger }: OfProcedure & { readonly trigger: TriggerKind }): void {
    for (const outcome of runOutcomes) this.#runs.inc({ cluster, procedure, outcome, trigger }, 0);
  }

  /** @param ended `seconds` from the start of its first section; undefined for a run that never started */
  runEnded(
    ended: OfProcedure & {
      readonly outcome: Outcome;
      readonly trigger: TriggerKind;
      readonly seconds: number | undefined;
    },
  ): void {
    const { cluster, procedure, outcome, trigger, seconds } = ended;
    this.#runs.inc({ cluster, procedure, outcome, trigger });
    if (seconds !== undefined) this.#durations.observe({ procedure, outcome }, seconds);
  }

  runRefused({ cluster, procedure, guard }: OfProcedure & { readonly guard: GuardName }): void {
    this.#refused.inc({ cluster, procedure, guard });
  }

  /** @param section should be one of few names: each makes eighteen series */
  sectionEnded(procedure: string, section: string, seconds: number): void {
    this.#sections.observe({ procedure, section }, seconds);
  }

  /** One alert that the webhook took. */
  webhookAlert(result: WebhookResult): void {
    this.#alerts.inc({ result });
  }

  /** A whole request that the webhook turned away. */
  webhookRejected(reason: WebhookRejection): void {
    this.#rejected.inc({ reason });
  }

  /** How telling one receiver one thing ended. */
  notified(receiver: ReceiverKind, result: DeliveryResult): void {
    this.#notifications.inc({ receiver, result });
  }

  /** The jobs of the schedule, before any of their times. */
  jobsScheduled(jobs: readonly string[]): void {
    for (const job of jobs) for (const result of jobResults) this.#jobs.inc({ job, result }, 0);
  }

  jobEnded(job: string, result: JobResult): void {
    this.#jobs.inc({ job, result });
  }

  /** A record is durable. @param seconds since the journal was asked to hold it */
  journalAppended(seconds: number): void {
    this.#appends.observe(seconds);
  }

  async families(): Promise<readonly Family[]> {
    return [...automationSamples(this.#state()), ...familiesOf(await this.#registry.getMetricsAsJSON())];
  }

  #declared(name: MetricName) {
    const { help, labels } = metric(name);
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
