import { metric, type LabelOf, type MetricName, type StateOf } from '../metrics/catalogue.js';

/** What a label must be: equal, matching a regular expression, or different. */
export type Match = string | { readonly like: string } | { readonly not: string };

export interface Choice<N extends MetricName> {
  readonly where?: Readonly<Partial<Record<LabelOf<N>, Match>>>;
  /** Labels that stay besides cluster, server and channel. */
  readonly keep?: readonly LabelOf<N>[];
  /**
   * The variable that chooses servers; default `$server`. `all` for a fact of the other end of a channel, which is
   * wanted whichever servers are chosen.
   */
  readonly servers?: '$server' | '$replica' | 'all';
  /** How long ago, such as `1m`; default now. */
  readonly ago?: string;
}

/**
 * A fact as one series for each cluster, server and channel, however many Locksteps or routes tell of it:
 * `max by (cluster, server) (mysql_up{…})`. Chosen by the variables of the board.
 */
export function fact<N extends MetricName>(name: N, choice: Choice<N> = {}): string {
  return `max by (${kept(name, choice).join(', ')}) (${selector(name, choice)})`;
}

/** How fast a counter grows, per second, reduced as {@link fact}. */
export function rate<N extends MetricName>(name: N, choice: Choice<N> = {}): string {
  return `max by (${kept(name, choice).join(', ')}) (rate(${selector(name, choice)}[$__rate_interval]))`;
}

/**
 * What Lockstep tells of its own doing, as {@link fact}, and one series for each Lockstep: two of them do not tell of
 * one thing then, but each of its own.
 */
export function ofLockstep<N extends MetricName>(name: N, choice: Choice<N> = {}): string {
  return `max by (${['instance', ...kept(name, choice)].join(', ')}) (${selector(name, choice)})`;
}

/** Of a histogram, the part that is asked. */
export type Part = 'bucket' | 'count' | 'sum';

/**
 * How much a counter, or a part of a histogram, has grown over the time that the board shows, in all Locksteps. Unlike
 * `increase()` alone it counts a series that begins within that time from nothing: its first value is growth too.
 */
export function grown<N extends MetricName>(name: N, keep: readonly (LabelOf<N> | 'le')[], part?: Part): string {
  const { labels } = metric(name);
  const series = selector(name, {}).replace(name, part === undefined ? name : `${name}_${part}`);
  const each = ['instance', ...labels, ...(part === 'bucket' ? ['le'] : [])].join(', ');
  const of = (inner: string) => `max by (${each}) (${inner})`;
  const growth = of(`increase(${series}[$__range])`);
  const first = `${of(`min_over_time(${series}[$__range])`)} unless ${of(`${series} offset $__range`)}`;
  return `sum by (${keep.join(', ')}) (${growth} + ((${first}) or 0 * ${growth}))`;
}

/** A state set as one number per server or channel, which value mappings turn into words again. */
export function coded<N extends MetricName>(
  name: N,
  codes: Readonly<Record<StateOf<N>, number>>,
  choice: Choice<N> = {},
): string {
  const label = metric(name).labels.at(-1) ?? '';
  const each = Object.entries<number>(codes).map(
    ([state, code]) => `${selector(name, choice, `${label}="${state}"`)} * ${code}`,
  );
  return `max by (${kept(name, choice).join(', ')}) (${each.join(' or ')})`;
}

/** The values of a label, for a variable. */
export function labelValues<N extends MetricName>(name: N, label: LabelOf<N>, matchers = ''): string {
  return `label_values(${name}${matchers === '' ? '' : `{${matchers}}`}, ${label})`;
}

/** As PromQL counts, so that a panel shows days where an operator thinks in days. */
export const secondsPerDay = 86_400;

const everywhere = ['cluster', 'server', 'channel'];

function kept<N extends MetricName>(name: N, { keep = [] }: Choice<N>): readonly string[] {
  return [...everywhere.filter((label) => metric(name).labels.includes(label)), ...keep];
}

function selector<N extends MetricName>(name: N, choice: Choice<N>, state?: string): string {
  const { where = {}, servers = '$server', ago } = choice;
  const { labels } = metric(name);
  const matchers = [
    ...(labels.includes('cluster') ? ['cluster=~"$cluster"'] : []),
    ...(labels.includes('server') && servers !== 'all' ? [`server=~"${servers}"`] : []),
    ...Object.entries<Match | undefined>(where).map(([label, match]) => matcher(label, match ?? '')),
    ...(state === undefined ? [] : [state]),
  ];
  return `${name}{${matchers.join(', ')}}${ago === undefined ? '' : ` offset ${ago}`}`;
}

function matcher(label: string, match: Match): string {
  if (typeof match === 'string') return `${label}="${match}"`;
  return 'like' in match ? `${label}=~"${match.like}"` : `${label}!="${match.not}"`;
}
