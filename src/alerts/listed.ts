import type { ProblemName } from '../domain/problems.js';
import type { MetricName } from '../metrics/catalogue.js';

/** The rule files: what an alert is about. */
export const subjects = ['replication', 'topology', 'tls', 'certificates', 'exporter', 'automation'] as const;
export type Subject = (typeof subjects)[number];

/** `critical` wakes somebody, `warning` waits for the morning, `none` is for the Watchdog alone. */
export type Severity = 'critical' | 'warning' | 'none';

/** Procedures that mend what an alert names. */
export type Mending =
  | 'enable-tls'
  | 'failover'
  | 'fence-writable-replica'
  | 'open-primary'
  | 'rebuild-replica'
  | 'rejoin'
  | 'renew-certificate'
  | 'require-tls'
  | 'restart-replication'
  | 'secure-channel'
  | 'trust-authority';

/** What is said of an alert wherever it is listed; its expression stands in the file of its subject. */
export interface Listed {
  readonly subject: Subject;
  readonly severity: Severity;
  /**
   * What it is about, where that is not a server (or a channel or certificate of one). Alerts about a server are quiet
   * during its downtime.
   */
  readonly of?: 'cluster' | 'lockstep';
  /** One line: what holds when it fires. */
  readonly meaning: string;
  /** Every metric that its expression reads, through a recording or itself; downtimes are understood. */
  readonly metrics: readonly (MetricName | 'up')[];
  /** The procedure of Lockstep that mends it, where there is one. */
  readonly procedure?: Mending;
  /** The problem that Lockstep names while it fires, where there is one. */
  readonly problem?: ProblemName;
}
