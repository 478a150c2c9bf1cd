import type { AlertName } from '../../src/alerts/list.js';
import { alertList } from '../../src/alerts/list.js';
import type { Listed } from '../../src/alerts/listed.js';
import { findMetric } from '../../src/metrics/catalogue.js';

/** A value, or `_` for a series that is not there. */
export type Value = number | '_';

/**
 * One unit test of an alert. All is well for 20 minutes, then broken until ten minutes after the alert is due, then
 * well again. It must not fire 30 s before `after`, must fire at `after`, and be gone as soon as all is well, or
 * after `keep`. All of it is tested once with the series of one Lockstep and once with those of two.
 */
export interface Case {
  readonly alert: AlertName;
  /** What is special about this case, where an alert has several. */
  readonly when?: string;
  /** Seconds from the beginning of the fault until it fires. `never`: it must not. `always`: whatever happens. */
  readonly after: number | 'never' | 'always';
  /** Seconds for which it goes on when all is well again. Default 0. */
  readonly keep?: number;
  /** What the alert carries besides the labels of its rule. Default: production/db2. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Series while all is well and while it is broken, or in promtool's own notation. Labels `cluster` and `server` are
   * production and db2 where the metric has them and they are not written.
   */
  readonly series: Readonly<Record<string, readonly [well: Value, broken: Value] | string>>;
  /** The same fault, but these series stay just short of the limit: it must never fire. */
  readonly short?: Readonly<Record<string, Value>>;
  readonly summary?: string;
  /** Or what it says at a moment, seconds, where the value moves. */
  readonly description?: string | ((at: number) => string);
}

export const minute = 60;
export const interval = 30;
/** When the fault begins, seconds. */
export const begins = 20 * minute;
/** How long it lasts after the alert is due, seconds. */
export const lasts = 10 * minute;
/** How often `never` and `always` are looked at, seconds. */
const often = 150;
/** For how long all is well afterwards, seconds. */
export const rest = 15 * minute;

const runbooks = 'docs/runbooks/';

/** The unit tests as promtool reads them. */
export function testFile(rules: string, cases: readonly Case[]): string {
  const groups = cases.flatMap((one, index) => [
    ...group(one, one.series, ['lockstep'], ''),
    ...group(one, one.series, ['lockstep-a', 'lockstep-b'], ', seen by two Locksteps'),
    ...(one.short === undefined
      ? []
      : group({ ...one, after: 'never' }, shortOf(one), ['lockstep'], ', just short of the limit')),
    ...(isQuietInDowntime(one) && isFirst(cases, index)
      ? group({ ...one, after: 'never' }, { ...one.series, ...downtimeOf(one) }, ['lockstep'], ', in a downtime')
      : []),
  ]);
  return [
    '# Written by the tests from test/alerts/cases: `npx vitest run --project rooms test/alerts -u` writes it anew.',
    `rule_files: [../${rules}]`,
    `evaluation_interval: ${interval}s`,
    'tests:',
    ...groups,
    '',
  ].join('\n');
}

/** Of the cases of its alert that fire. */
function isFirst(cases: readonly Case[], index: number): boolean {
  const firing = cases.findIndex(({ alert, after }) => alert === cases[index]?.alert && typeof after === 'number');
  return firing === index;
}

/** What is about a server must be quiet while that is in downtime. */
function isQuietInDowntime({ alert, after }: Case): boolean {
  return typeof after === 'number' && (alertList[alert] as Listed).of === undefined;
}

function downtimeOf({ labels = ofDb2 }: Case): Case['series'] {
  const { server = '' } = labels;
  const never = 1e9;
  return { [`lockstep_server_downtime_until_timestamp_seconds{server="${server}"}`]: [never, never] };
}

function shortOf({ series, short = {} }: Case): Case['series'] {
  return Object.fromEntries(
    Object.entries(series).map(([name, values]) => {
      const value = short[name];
      return [name, value === undefined || typeof values === 'string' ? values : ([values[0], value] as const)];
    }),
  );
}

function group(one: Case, series: Case['series'], jobs: readonly string[], suffix: string): readonly string[] {
  const { alert, when, after, keep = 0 } = one;
  const title = `${alert}${when === undefined ? '' : ` ${when}`}${suffix}`;
  const due = typeof after === 'number' ? after : 20 * minute;
  const lines = Object.entries(series).flatMap(([name, values]) =>
    jobs.map((job) => inputLines(named(name, job), typeof values === 'string' ? values : timeline(values, due))),
  );
  const over = begins + due + lasts + keep;
  const [fires, not] = [(at: number) => expectLines(one, at, true), (at: number) => expectLines(one, at, false)];
  const throughout = Array.from({ length: (begins + due + lasts) / often }, (_, index) => (index + 1) * often);
  const tests =
    typeof after === 'number'
      ? [not(begins + after - interval), fires(begins + after), fires(over - interval), not(over)]
      : throughout.map(after === 'never' ? not : fires);
  return [
    `  - name: ${JSON.stringify(title)}`,
    `    interval: ${interval}s`,
    '    input_series:',
    ...lines,
    '    alert_rule_test:',
    ...tests.flat(),
  ];
}

function inputLines(series: string, values: string): string {
  return `      - { series: '${series}', values: '${values}' }`;
}

function expectLines(
  { alert, after, labels = ofDb2, summary = '', description = '' }: Case,
  at: number,
  fires: boolean,
) {
  if (!fires) return [`      - { eval_time: ${at}s, alertname: ${alert}, exp_alerts: [] }`];
  const { severity, subject, procedure, problem }: Listed = alertList[alert];
  const all = { severity, subject, ...(procedure && { procedure }), ...(problem && { problem }), ...labels };
  // An alert that is kept firing goes on saying what it said last.
  const told = typeof after === 'number' ? Math.min(at, begins + after + lasts - interval) : at;
  const said = typeof description === 'string' ? description : description(told);
  return [
    `      - eval_time: ${at}s`,
    `        alertname: ${alert}`,
    '        exp_alerts:',
    `          - exp_labels: ${flow(all)}`,
    `            exp_annotations: ${flow({ summary, description: said, runbook_url: `${runbooks}${alert}.md` })}`,
  ];
}

const ofDb2 = { cluster: 'production', server: 'db2' };

/** As Prometheus' humanizeDuration says whole seconds. */
export function humanized(seconds: number): string {
  const sign = seconds < 0 ? '-' : '';
  const whole = Math.abs(seconds);
  const [d, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  if (h > 0) return `${sign}${h}h ${m}m ${s}s`;
  return m > 0 ? `${sign}${m}m ${s}s` : `${sign}${s}s`;
}

function timeline([well, broken]: readonly [Value, Value], due: number): string {
  const counts = [begins, due + lasts, rest].map((seconds) => seconds / interval);
  return [well, broken, well].map((value, index) => run(value, counts[index] ?? 0, index > 0)).join(' ');
}

/** Equal samples. A series that ends is marked stale, else Prometheus would go on seeing it for five minutes. */
function run(value: Value, count: number, mayEnd: boolean): string {
  if (value !== '_') return `${value}x${count - 1}`;
  return mayEnd ? `stale _x${count - 1}` : `_x${count}`;
}

/** `mysql_have_ssl{state="YES"}` with the labels that every series of it has. */
function named(series: string, job: string): string {
  const [, name = '', inside = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
  const labels = findMetric(name)?.labels ?? [];
  const common = Object.entries({ ...ofDb2, job })
    .filter(([label]) => (label === 'job' || labels.includes(label)) && !inside.includes(`${label}=`))
    .map(([label, value]) => `${label}="${value}"`);
  return `${name}{${[...common, ...(inside === '' ? [] : [inside])].join(',')}}`;
}

function flow(object: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(object)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(', ')} }`;
}
