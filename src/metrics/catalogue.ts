import { automationMetrics } from './catalogue/automation.js';
import { certificateMetrics } from './catalogue/certificates.js';
import { clusterMetrics } from './catalogue/cluster.js';
import { lookMetrics, ownMetrics, presentedMetrics } from './catalogue/lockstep.js';
import { relationMetrics } from './catalogue/relations.js';
import { replicationMetrics } from './catalogue/replication.js';
import { serverMetrics } from './catalogue/server.js';
import { sourceMetrics } from './catalogue/source.js';
import { tlsMetrics } from './catalogue/tls.js';
import { verificationMetrics } from './catalogue/verification.js';
import type { Metric } from './metric.js';

export type { Metric, MetricType, Scope } from './metric.js';

/**
 * Every metric of Lockstep, in the order in which they are written. Samples, the README's table, alerts and dashboards
 * are checked against it. Renaming a metric, a label or a state is a breaking change.
 *
 * The `process_*` and `nodejs_*` families of prom-client and the `compatibility` families of mysqld_exporter follow
 * their own conventions and stand apart.
 */
export const catalogue = [
  ...serverMetrics,
  ...tlsMetrics,
  ...certificateMetrics,
  ...replicationMetrics,
  ...sourceMetrics,
  ...relationMetrics,
  ...clusterMetrics,
  ...presentedMetrics,
  ...lookMetrics,
  ...ownMetrics,
  ...automationMetrics,
  ...verificationMetrics,
] as const;

type Entry = (typeof catalogue)[number];
export type MetricName = Entry['name'];
export type LabelOf<N extends MetricName> = Extract<Entry, { name: N }>['labels'][number];
/** The states of a state set; never for other metrics. */
export type StateOf<N extends MetricName> =
  Extract<Entry, { name: N }> extends { states: readonly (infer State extends string)[] } ? State : never;

const byName: ReadonlyMap<string, Metric> = new Map(catalogue.map((metric) => [metric.name, metric]));

/** A metric by a name that is known to exist. */
export function metric(name: MetricName): Metric {
  const found = byName.get(name);
  if (found === undefined) throw new TypeError(`the catalogue has no metric ${name}`);
  return found;
}

/** A metric by any name; undefined when the catalogue has none such. */
export function findMetric(name: string): Metric | undefined {
  return byName.get(name);
}
