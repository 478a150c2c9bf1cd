import type { Clock } from '../base/clock.js';
import { DeadlineError, deadline, raced, within } from '../base/deadline.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { ClusterName } from '../domain/snapshot.js';
import type { Automation } from '../engine/automation.js';
import type { RunId, RunRequest } from '../engine/run.js';
import { Complaints } from './complaints.js';
import type { Ground } from './ground.js';
import type { Alert, RefusedAlert, Webhook } from './payload.js';
import { decide, type Channels, type Decision } from './policy.js';
import { quoted, type Rejection } from './rejection.js';

/** `accepted` opened an episode, `repeated` belongs to an open one, `ignored` has no policy, `rejected` has a reason. */
export const alertResults = ['accepted', 'repeated', 'resolved', 'ignored', 'rejected'] as const;
export type AlertResult = (typeof alertResults)[number];

/** Why a whole request was turned away, all its alerts with it. */
export type TurnedAway = 'unauthenticated' | 'forbidden' | 'too-large' | 'malformed' | 'not-durable';

/** Told of everything that comes in. */
export interface IntakeSink {
  /** One alert of a request that was taken. */
  alert(result: AlertResult): void;
  turnedAway(reason: TurnedAway): void;
}

export interface IntakeOptions {
  readonly automation: Pick<Automation, 'request' | 'resolved'>;
  /** What the configuration in force names. */
  readonly ground: () => Ground;
  /** The channels that are seen on each server of a configured cluster, asked where an alert names one. */
  readonly channels: (cluster: ClusterName, signal: AbortSignal) => Promise<Channels>;
  readonly sink: IntakeSink;
  readonly log: Log;
  readonly clock: Clock;
  /** Within which everything must be durable, milliseconds. Default 2000: Alertmanager then tries again. */
  readonly within?: number;
}

/** What became of each alert, in their order. */
export interface Delivery {
  readonly alerts: readonly AlertAnswer[];
}

export interface AlertAnswer {
  readonly result: AlertResult | 'watchdog';
  readonly fingerprint?: string;
  readonly reason?: Rejection;
  readonly run?: RunId;
}

/** From Alertmanager's webhooks to requests for runs. Decides alert by alert; acts on nothing itself. */
export class Intake {
  readonly #complaints: Complaints;
  #received: number | undefined;
  #watchdog: number | undefined;

  constructor(private readonly options: IntakeOptions) {
    this.#complaints = new Complaints(options.log, options.clock);
  }

  /** When alerts of any kind came last, milliseconds since the Unix epoch; undefined until then. */
  get lastReceived(): number | undefined {
    return this.#received;
  }

  /** When the alert that always fires came last. */
  get lastWatchdog(): number | undefined {
    return this.#watchdog;
  }

  /**
   * Resolves once all that it asks for is durable. Whether runs succeed is nothing that Alertmanager waits for.
   * @param by the name of the token, user or certificate that delivered it
   * @throws LockstepError `not-durable` when one of its alerts could not be made so in time. The others were taken, and
   * are repeats when it comes again.
   */
  async take(webhook: Webhook, by: string): Promise<Delivery> {
    const { clock, sink, within = 2000 } = this.options;
    this.#received = clock.now();
    if (webhook.truncated > 0)
      this.#complaints.about('truncated', { by, truncated: webhook.truncated }, 'Alertmanager cut alerts off: set max_alerts: 0 in its webhook_configs'); // prettier-ignore
    const { signal, clear } = deadline(within);
    try {
      const delivery = new OneDelivery(this.options, by, within, signal);
      const taken = await Promise.allSettled(webhook.alerts.map((alert) => this.#taken(alert, delivery, by)));
      for (const one of taken)
        if (one.status === 'fulfilled' && one.value.result !== 'watchdog') sink.alert(one.value.result);
      const failed = taken.find((one) => one.status === 'rejected');
      if (failed !== undefined) throw notDurable(failed.reason);
      return { alerts: taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])) };
    } finally {
      clear();
    }
  }

  /** A request that came to nothing, for the log and the counters. @param fields what the log says of it */
  turnedAway(reason: TurnedAway, fields: Readonly<Record<string, string | undefined>>): void {
    this.options.sink.turnedAway(reason);
    this.#complaints.about(reason, { reason, ...fields }, 'a delivery of alerts was turned away');
  }

  async #taken(alert: Alert | RefusedAlert, delivery: OneDelivery, by: string): Promise<AlertAnswer> {
    if ('rejection' in alert) return this.#rejected(alert.rejection, alert.why, by);
    const { alertname, fingerprint } = alert;
    if (alertname === 'Watchdog') {
      this.#watchdog = this.options.clock.now();
      return { result: 'watchdog', fingerprint };
    }
    const decision = await delivery.decide(alert);
    if (decision.kind === 'ignored') return { result: 'ignored', fingerprint };
    if (decision.kind === 'rejected') return this.#rejected(decision.rejection, decision.why, by, alert);
    try {
      if (alert.status === 'resolved') {
        const { procedure, parameters } = decision;
        this.options.automation.resolved({ procedure, parameters });
        return { result: 'resolved', fingerprint };
      }
      const { run, repeated } = await delivery.request(decision, alert);
      return { result: repeated ? 'repeated' : 'accepted', fingerprint, run };
    } catch (error) {
      if (!refuses(error)) throw error;
      return this.#rejected('parameters-refused', messageOf(error), by, alert);
    }
  }

  #rejected(rejection: Rejection, why: string, by: string, alert?: Alert): AlertAnswer {
    const named = alert === undefined ? {} : { alertname: quoted(alert.alertname) };
    this.#complaints.about(rejection, { by, reason: rejection, ...named, why }, 'an alert was rejected');
    return { result: 'rejected', reason: rejection, ...(alert && { fingerprint: alert.fingerprint }) };
  }
}

function notDurable(cause: unknown): LockstepError {
  const why = cause instanceof DeadlineError ? `it took more than ${cause.milliseconds} ms` : messageOf(cause);
  return new LockstepError('not-durable', `the alerts could not be made durable: ${why}`, undefined, { cause });
}

/** The engine's own verdict on what it was asked for; sending it again would not change it. */
function refuses(error: unknown): boolean {
  return error instanceof LockstepError && ['parameters-invalid', 'procedure-unknown'].includes(error.code);
}

type Wanted = Extract<Decision, { kind: 'request' }>;

/** What the alerts of one payload share: its time, one look at a cluster, one request for what several ask for. */
class OneDelivery {
  readonly #ground: Ground;
  readonly #looks = new Map<ClusterName, Promise<Channels>>();
  readonly #seen = new Map<ClusterName, Channels>();
  readonly #requests = new Map<string, Promise<RunId>>();

  constructor(
    private readonly options: IntakeOptions,
    private readonly by: string,
    private readonly within: number,
    private readonly signal: AbortSignal,
  ) {
    this.#ground = options.ground();
  }

  async decide({ labels }: Alert): Promise<Exclude<Decision, { kind: 'unseen' }>> {
    const decided = () => decide(labels, this.#ground, (cluster) => this.#seen.get(cluster));
    const first = decided();
    if (first.kind !== 'unseen') return first;
    this.#seen.set(first.cluster, await this.#look(first.cluster));
    const second = decided();
    if (second.kind !== 'unseen') return second;
    // Known to nobody now, perhaps known soon: not for ever refused.
    throw new LockstepError('not-visible', `${placeOf(second)} could not be asked for its channels`);
  }

  async request(wanted: Wanted, alert: Alert): Promise<{ readonly run: RunId; readonly repeated: boolean }> {
    const key = JSON.stringify([wanted.procedure, Object.entries(wanted.parameters)]);
    const asked = this.#requests.get(key);
    if (asked !== undefined) return { run: await asked, repeated: true };
    const answer = raced(this.options.automation.request(requestOf(wanted, alert, this.by)), this.signal);
    const run = answer.then((given) => given.run.id);
    // Those that wait for it hear of its failure; where nobody does, it is no failure of the process.
    run.catch(() => undefined);
    this.#requests.set(key, run);
    const { repeated } = await answer;
    return { run: await run, repeated };
  }

  #look(cluster: ClusterName): Promise<Channels> {
    let look = this.#looks.get(cluster);
    if (look === undefined) {
      // Whoever hangs is not to take the time that the journal needs.
      const patient = within(this.within / 2, this.signal, (signal) => this.options.channels(cluster, signal));
      look = raced(patient, this.signal);
      this.#looks.set(cluster, look);
    }
    return look;
  }
}

function requestOf({ procedure, parameters, mode, limits }: Wanted, alert: Alert, by: string): RunRequest {
  const { alertname, fingerprint, labels, startsAt } = alert;
  return {
    procedure,
    parameters,
    mode,
    limits,
    trigger: { kind: 'alert', alertname, fingerprint, labels, startsAt, by },
  };
}

function placeOf({ cluster, server }: { readonly cluster: ClusterName; readonly server: string | undefined }): string {
  return server === undefined ? `cluster ${quoted(cluster)}` : `${quoted(server)} of cluster ${quoted(cluster)}`;
}
