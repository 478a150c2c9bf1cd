import { describe, expect, it } from 'vitest';
import { ruleText } from '../../src/alerts/files.js';
import { alertList, alertNames } from '../../src/alerts/list.js';
import type { Listed } from '../../src/alerts/listed.js';
import { duration } from '../../src/alerts/promql.js';
import { paced, settings, settingNames, valuesWith } from '../../src/alerts/settings.js';
import { problemNames } from '../../src/domain/problems.js';
import { catalogue, findMetric } from '../../src/metrics/catalogue.js';

/** Name and text of each rule, in the order of the files. */
const rules = ruleText(valuesWith())
  .split(/^ {6}- /m)
  .slice(1)
  .map((text) => ({ name: /^(?:alert|record): (\S+)/.exec(text)?.[1] ?? '', text }));
const expressions = new Map(
  rules.map(({ name, text }) => [name, /expr: (?:"(.*)"$|\|-\n((?: {10}.*\n)+))/m.exec(text)?.slice(1).join('') ?? '']),
);

const known = catalogue.map(({ name }) => name);
const metricWords = /\b(?:channel:|server:|cluster:)?(?:mysql|lockstep)_[a-z_]+(?::[a-z_]+)?|\bup\b/g;

/** What every alert about a server reads besides: see `outsideDowntime`. */
const downtime = 'lockstep_server_downtime_until_timestamp_seconds';

/** Every metric that an expression reads, through recordings too. */
function metricsIn(expression: string): readonly string[] {
  return [...(expression.match(metricWords) ?? [])].flatMap((word) =>
    word.includes(':') ? metricsIn(expressions.get(word) ?? '') : [word],
  );
}

/** Those that follow from a primary that is away: see `outsideDowntimeOfPrimary`. */
const downtimeOfPrimary = ['ReplicationConnecting', 'LagUnknown'];

describe('the list of alerts', () => {
  it('is what the rules declare, in the same order', () => {
    const declared = rules.filter(({ text }) => text.startsWith('alert:')).map(({ name }) => name);
    expect(declared).toEqual(alertNames);
  });

  it.each(alertNames)('%s reads the metrics that it is listed with', (name) => {
    const listed: Listed = alertList[name];
    const read = new Set(metricsIn(expressions.get(name) ?? ''));
    expect(read.delete(downtime)).toBe(listed.of === undefined);
    read.delete(downtimeOfPrimary.includes(name) ? 'mysql_server_role' : '');
    expect([...read].sort()).toEqual([...listed.metrics].sort());
    expect([...read].filter((metric) => metric !== 'up' && findMetric(metric) === undefined)).toEqual([]);
  });

  it('has an alert for every problem that Lockstep names', () => {
    const named = new Set(alertNames.map((name) => (alertList[name] as Listed).problem));
    expect(problemNames.filter((problem) => !named.has(problem))).toEqual([]);
  });

  it('begins every fact with max by its own labels, or min of a time, so that two Locksteps never double it', () => {
    for (const [name, expression] of expressions) {
      const alone = expression
        .replace(
          /m(?:ax|in) by \([a-z, ]+\) \((?:(?:abs|increase|max_over_time)\()?[a-z_]+(?:\{[^}]*\})?(?:\[\w+\])?\)?\)/g,
          '',
        )
        .replace(/absent\(\w+\)|(?:channel|server|cluster):\w+:\w+/g, '');
      expect(
        known.filter((metric) => new RegExp(`\\b${metric}\\b`).test(alone)),
        `${name}: ${alone}`,
      ).toEqual([]);
    }
  });

  it('keeps every alert firing that drives a run', () => {
    for (const { name, text } of rules)
      expect(text.includes('keep_firing_for: 5m'), name).toBe(text.includes('procedure: '));
  });
});

describe('the settings', () => {
  it('change the rules, and only where they are used', () => {
    const before = ruleText(valuesWith()).split('\n');
    const after = ruleText(valuesWith({ lag: 90, stopped: 120 })).split('\n');
    const changed = after.filter((line, index) => line !== before[index]);
    expect(changed.filter((line) => line.includes('for: 2m'))).toHaveLength(2);
    expect(changed.join('\n')).toMatch(/<= 90$/m);
    expect(changed.every((line) => /\b(?:90|1m30s|2m)\b/.test(line))).toBe(true);
  });

  it.each(settingNames.filter((name) => name !== 'runbook_base'))('%s is used', (name) => {
    const { value, unit } = settings[name];
    const other = typeof value === 'number' ? value + (unit === 'duration' ? 7 : 1) : `${value}x`;
    expect(ruleText(valuesWith({ [name]: other }))).not.toBe(ruleText(valuesWith()));
  });

  it('scale waits and windows, never limits', () => {
    const fast = paced(valuesWith(), 1 / 60);
    expect(fast.stopped).toBe(1);
    expect(fast.primary).toBe(0.5);
    expect(fast.trend).toBe(15);
    expect(fast.lag).toBe(60);
    expect(paced(valuesWith(), 1 / 600).trend).toBe(10);
  });

  it('put the address of a wiki before every runbook', () => {
    const text = ruleText(valuesWith({ runbook_base: 'https://wiki.example.org/lockstep' }));
    expect(text).toContain('runbook_url: "https://wiki.example.org/lockstep/TwoPrimaries.md"');
  });
});

it.each([
  [0, '0s'],
  [0.5, '500ms'],
  [90, '1m30s'],
  [86_400, '1d'],
  [180 * 86_400, '180d'],
])('%d s are %s to Prometheus', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
