/**
 * Everything about the rules that an operator may want otherwise: `lockstep alerts --set lag=2m`. What each value is
 * chosen for stands beside it, and in the runbook of the alerts that use it.
 *
 * `wait` and `window` are what a test or the demo scales down; a `limit` never is.
 */
export interface Setting {
  readonly kind: 'limit' | 'wait' | 'window' | 'text';
  /** Durations are seconds, sizes bytes. */
  readonly unit: 'duration' | 'bytes' | 'count' | 'text';
  readonly value: number | string;
  /** One plain sentence. */
  readonly help: string;
}

const minute = 60;
const hour = 3600;
const day = 86_400;

export const settings = {
  lag: limit('duration', minute, 'Lag beyond the configured delay that a reader of a replica should not see.'),
  far_behind: limit('duration', 15 * minute, 'Lag at which a replica is no longer a fresh copy, whatever its trend.'),
  gtid_gap: limit('count', 1_000, 'Transactions yet to apply below which growth is ordinary traffic.'),
  retention: limit('duration', day, 'Time to repair a replica before its source purges what it has yet to read.'),
  relay_log: limit('bytes', 10 * 2 ** 30, 'Relay log of one channel that a disk should not be asked to hold.'),
  clock_offset: limit('duration', 2, 'Difference of clocks that makes lag and dates misleading.'),
  certificate_warning: limit('duration', 30 * day, 'Time to renew a certificate without haste.'),
  certificate_critical: limit(
    'duration',
    7 * day,
    'Time left at which a renewal that should have happened has failed.',
  ),
  authority: limit('duration', 180 * day, 'Time that replacing an authority takes: trust, reissue, distrust.'),
  run_waiting: limit('duration', 30 * minute, 'Time within which somebody approves a run, or its guard lifts.'),
  paused: limit('duration', 4 * hour, 'Time for which automation is paused on purpose: longer than most maintenance.'),
  withdrawn: limit('duration', day, 'Time within which a replica that was withdrawn is rebuilt, or returned by hand.'),
  watchdog: limit('duration', 5 * minute, 'Time without the Watchdog, which its route repeats every minute or two.'),

  down: wait(minute, 'A server that does not answer: longer than a restart of a small server.'),
  primary: wait(30, 'What concerns all writers: a primary that is down, two of them, none.'),
  role: wait(minute, 'Roles and membership: longer than any planned change of the primary.'),
  stopped: wait(minute, 'A thread that stopped with an error: it does not come back by itself.'),
  by_hand: wait(10 * minute, 'A thread that somebody stopped: long enough for a short maintenance.'),
  connecting: wait(3 * minute, 'A channel that tries to connect: longer than a restart of its source.'),
  lagging: wait(5 * minute, 'Lag that lasts: one long transaction is not a fault.'),
  unknown: wait(2 * minute, 'Lag that nobody can tell: several heartbeat periods.'),
  growing: wait(15 * minute, 'What grows slowly: a gap, a relay log.'),
  degraded: wait(minute, 'A source that no longer waits for its replicas.'),
  fact: wait(5 * minute, 'Settings, TLS and certificates: they change by hand, and not back by themselves.'),
  drill: wait(
    hour,
    'A drill whose time has passed: longer than one that waits for slow servers, or for its next time.',
  ),
  journal: wait(minute, 'A journal that takes no records: longer than a rotation of its files.'),
  scrape: wait(5 * minute, 'Scrapes, collectors and logins that fail: longer than a restart of Lockstep.'),
  keep: wait(5 * minute, 'Alerts that drive a run go on for so long after their cause is gone: one episode, one run.'),

  trend: window(15 * minute, 'Over which lag and gap are said to grow or to shrink.'),
  ahead: window(
    10 * minute,
    'How far the trend of the lag is followed: a replica that will have caught up by then is well.',
  ),
  lookback: window(10 * minute, 'For how long something that was over before anyone looked is told of.'),

  watchdog_memory: window(day, 'For how long a Watchdog that was heard once is missed.'),

  job: text('lockstep.*', 'The jobs, as a regular expression, by which Prometheus scrapes Lockstep.'),
  runbook_base: text(
    'docs/runbooks/',
    'What the address of every runbook begins with; the name of the alert and .md follow.',
  ),
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];

type NamesOf<Kind extends Setting['kind']> = {
  [Name in SettingName]: (typeof settings)[Name]['kind'] extends Kind ? Name : never;
}[SettingName];
export type WaitName = NamesOf<'wait'>;

/** A value for every setting. */
export type Values = { readonly [Name in SettingName]: Name extends NamesOf<'text'> ? string : number };

/** The shipped values with these instead of some. */
export function valuesWith(changed: Partial<Values> = {}): Values {
  const defaults = Object.fromEntries(settingNames.map((name) => [name, settings[name].value])) as Values;
  return { ...defaults, ...changed };
}

/**
 * The same rules at another pace: every wait and window times `factor`, limits as they are.
 * Windows stay long enough to hold several samples of a scrape each second.
 */
export function paced(values: Values, factor: number): Values {
  const scaled = settingNames.flatMap((name): readonly [string, number][] => {
    const { kind } = settings[name];
    const value = values[name];
    if (typeof value === 'string' || (kind !== 'wait' && kind !== 'window')) return [];
    return [[name, kind === 'wait' ? value * factor : Math.max(value * factor, shortestWindow)]];
  });
  return { ...values, ...Object.fromEntries(scaled) };
}

const shortestWindow = 10;

function limit(unit: 'duration' | 'bytes' | 'count', value: number, help: string) {
  return { kind: 'limit', unit, value, help } as const;
}

function wait(value: number, help: string) {
  return { kind: 'wait', unit: 'duration', value, help } as const;
}

function window(value: number, help: string) {
  return { kind: 'window', unit: 'duration', value, help } as const;
}

function text(value: string, help: string) {
  return { kind: 'text', unit: 'text', value, help } as const;
}
