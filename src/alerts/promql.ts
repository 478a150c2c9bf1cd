import type { LabelOf, MetricName } from '../metrics/catalogue.js';

/** A text in PromQL. */
export type Promql = string;

/** The labels that name a cluster, a server, a channel. */
export const cluster = 'cluster';
export const server = 'cluster, server';
export const channel = 'cluster, server, channel';
/** What Prometheus itself puts on series of Lockstep's own. */
export const perLockstep = 'job, instance';

/** A value that a label must have, or several of which it must have one. */
export type Matchers<N extends MetricName> = Partial<Readonly<Record<LabelOf<N>, string | readonly string[]>>>;

/**
 * A metric as every rule begins with it: `max by (…)` of its own labels, so that two Locksteps, or two routes to one, are one
 * fact.
 */
export function fact<N extends MetricName>(name: N, by: readonly LabelOf<N>[], where: Matchers<N> = {}): Promql {
  return `max by (${by.join(', ')}) (${selector(name, where)})`;
}

/** A fact of a cluster. */
export function ofCluster<N extends MetricName & With<'cluster'>>(name: N, where: Matchers<N> = {}): Promql {
  return `max by (${cluster}) (${selector(name, where)})`;
}

/** A fact of a server. */
export function ofServer<N extends MetricName & With<'server'>>(name: N, where: Matchers<N> = {}): Promql {
  return `max by (${server}) (${selector(name, where)})`;
}

/** A fact of a channel. */
export function ofChannel<N extends MetricName & With<'channel'>>(name: N, where: Matchers<N> = {}): Promql {
  return `max by (${channel}) (${selector(name, where)})`;
}

/** Growth of a counter over so many seconds, of a server. */
export function growthOfServer(name: MetricName & With<'server'>, seconds: number): Promql {
  return `max by (${server}) (increase(${name}[${duration(seconds)}]))`;
}

/**
 * What holds of a server, unless it is in downtime. Said by every rule rather than by an inhibition of Alertmanager, so
 * that it holds whatever routes the alerts, and starts no run either.
 */
export function outsideDowntime(expr: Promql): Promql {
  return `(\n${indented(expr)}\n)\nunless on (${server})\n${inDowntime}`;
}

/** What follows from a primary that is away, unless that is in downtime. @param expr of channels */
export function outsideDowntimeOfPrimary(expr: Promql): Promql {
  return `(\n${indented(expr)}\n)\nunless on (${cluster})\n(\n  ${inDowntime}\n  and on (${server})\n  ${isPrimary}\n)`;
}

/** A condition of servers. */
export const isPrimary = `${ofServer('mysql_server_role', { role: 'primary' })} == 1`;
const inDowntime = `${ofServer('lockstep_server_downtime_until_timestamp_seconds')} > time()`;

export function indented(text: Promql): Promql {
  return text.replace(/^/gm, '  ');
}

/** A metric with matchers, not reduced. */
export function selector<N extends MetricName>(name: N, where: Matchers<N> = {}): Promql {
  const given: readonly [string, unknown][] = Object.entries(where);
  const matchers = given.map(([label, value]) =>
    Array.isArray(value) ? `${label}=~${JSON.stringify(value.join('|'))}` : `${label}=${JSON.stringify(value)}`,
  );
  return matchers.length === 0 ? name : `${name}{${matchers.join(', ')}}`;
}

/** As Prometheus writes durations: whole milliseconds, in the largest units. */
export function duration(seconds: number): Promql {
  let left = Math.round(seconds * 1000);
  if (left === 0) return '0s';
  return units
    .flatMap(([length, unit]) => {
      const count = Math.floor(left / length);
      left -= count * length;
      return count === 0 ? [] : [`${count}${unit}`];
    })
    .join('');
}

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
  [1, 'ms'],
] as const;

/** Names of metrics that have a label. */
type With<Label extends string> = {
  [N in MetricName]: Label extends LabelOf<N> ? N : never;
}[MetricName];
