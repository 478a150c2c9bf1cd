import type { ProcedureName } from '../domain/procedure-names.js';
import type { SecretRef } from './secrets.js';

/** What may act, when, and who hears of it. Durations are seconds. */
export interface AutomationConfig {
  /** Where the journal lies. */
  readonly journal: JournalConfig;
  /** How long a run may wait for guards before it expires. Default 1 h. */
  readonly waitAtMostSeconds: number;
  /** From the end of a run until the next of the same procedure and server may start by itself. Default 10 min. */
  readonly cooldownSeconds: number;
  /** How many runs may start by themselves within an hour. Default 4 per cluster, 20 overall. */
  readonly runsPerHour: { readonly cluster: number; readonly overall: number };
  /** Whether an approval must come from somebody else than who asked, for runs of people too. Default false. */
  readonly twoPerson: boolean;
  /** How long an approval holds. Default 1 h. */
  readonly approvalSeconds: number;
  /** While this file exists everything is paused. Default undefined. */
  readonly pauseFile: string | undefined;
  /** In the order of the file: the first that matches an alert decides. */
  readonly policies: readonly PolicyConfig[];
  readonly windows: readonly WindowConfig[];
  /** Asked for silences; undefined: not asked, silences do not count. */
  readonly alertmanager: AlertmanagerConfig | undefined;
  readonly notify: readonly NotifyConfig[];
  /** Cron expression, in UTC, of when every replica is compared with its source; undefined: never by itself. */
  readonly verifyReplicas: string | undefined;
  /** Cron expression, in UTC, of when certificates that are due are renewed; undefined: never by itself. */
  readonly renewCertificates: string | undefined;
  /** Cron expression, in UTC, of when it is tried how far a switchover would come. Default every ten minutes. */
  readonly drill: string;
}

export interface JournalConfig {
  readonly directory: string;
  /** How long ended runs are kept. Default 400 d. */
  readonly keepSeconds: number;
  /** Cron expression of the retention job, in UTC. Default `23 4 * * *`. */
  readonly prune: string;
}

export interface PolicyConfig {
  /** Matchers as Alertmanager writes them; all must match. At least one. */
  readonly match: readonly string[];
  readonly run: ProcedureName;
  /** Default `plan`. */
  readonly mode: 'plan' | 'approve' | 'auto';
  /** Default: that of the automation. */
  readonly cooldownSeconds: number | undefined;
  readonly waitAtMostSeconds: number | undefined;
  /** The name of a window; undefined: any time. */
  readonly window: string | undefined;
  /** Parameters that the configuration fixes. */
  readonly parameters: Readonly<Record<string, string>>;
  /** From which label a parameter takes its value, where it is not the label of the same name. */
  readonly labels: Readonly<Record<string, string>>;
}

/** When runs may start by themselves. A window whose end is before its begin goes over midnight. */
export interface WindowConfig {
  readonly name: string;
  readonly days: readonly Day[];
  /** Minutes since midnight in `zone`. */
  readonly from: number;
  readonly to: number;
  /** An IANA time zone. Default UTC. */
  readonly zone: string;
}

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

export interface AlertmanagerConfig {
  /** Base addresses of every peer, `https://alertmanager.example:9093`. */
  readonly urls: readonly string[];
  readonly token: SecretRef | undefined;
  readonly user: { readonly name: string; readonly password: SecretRef } | undefined;
  /** Default: the authorities that come with Node. */
  readonly caFile: string | undefined;
  /** What Lockstep presents; both or neither. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

export const notifiedEvents = ['approval-wanted', 'started', 'ended', 'needs-human', 'waiting'] as const;
export type NotifiedEvent = (typeof notifiedEvents)[number];

export type NotifyConfig =
  | {
      readonly kind: 'webhook' | 'slack';
      /** The address may hold a token itself, hence a reference. */
      readonly url: SecretRef;
      readonly on: readonly NotifiedEvent[];
      /** Signs the body, HMAC-SHA256; webhook only. */
      readonly signingKey: SecretRef | undefined;
      readonly caFile: string | undefined;
    }
  /** Silences a run's alert in Alertmanager while it works. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'grafana'; readonly url: string; readonly token: SecretRef; readonly caFile: string | undefined };
