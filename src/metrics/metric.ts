import type { CollectorName } from '../domain/snapshot.js';

/** What the catalogue says of one metric. */
export interface Metric {
  /** As it stands in a query, with `_total` or `_info`. */
  readonly name: string;
  readonly type: MetricType;
  /** The base unit of the value; the name ends in it (before `_total`). */
  readonly unit?: 'seconds' | 'bytes';
  /** One plain sentence; says when a value is kept from an earlier look. */
  readonly help: string;
  /** Every label, in the order in which they are written; the set is closed. */
  readonly labels: readonly string[];
  readonly scope: Scope;
  /** The unit of `collect[]` that brings it; absent for what every look brings. */
  readonly collector?: CollectorName;
  /** Of a state set: every value of its last label; exactly those are written, 1 for what holds and 0 for the rest. */
  readonly states?: readonly string[];
}

/** `untyped` is only for names that another exporter gave away without a type. */
export type MetricType = 'gauge' | 'counter' | 'info' | 'stateset' | 'histogram' | 'untyped';

/**
 * `server`: one server's own facts, served by /probe (and by /metrics with `metrics.servers`). `cluster`: facts that
 * need several servers, served by /metrics. `own`: Lockstep's, served by /metrics. `automation`: of runs, the webhook and
 * the journal, served by /metrics where Lockstep acts.
 */
export type Scope = 'server' | 'cluster' | 'own' | 'automation';

export const ofCluster = ['cluster'] as const;
export const ofServer = ['cluster', 'server'] as const;
export const ofChannel = ['cluster', 'server', 'channel'] as const;
