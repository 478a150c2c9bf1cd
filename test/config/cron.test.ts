import fc from 'fast-check';
import { createTask, validate } from 'node-cron';
import { describe, expect, it, vi } from 'vitest';
import { isCron, nextTime } from '../../src/config/cron.js';

describe('a time of a schedule', () => {
  it.each([
    '23 4 * * *',
    '*/15 * * * *',
    '0 0-6/2,12,18 * * *',
    '5,35 22 * jan,Jul mon-fri',
    '0 0 29 2 *',
    '0 0 31 * *',
    '0 12 * * 7',
    '  0  4 * * *  ',
  ])('%s', (text) => expect([isCron(text), validate(text)]).toEqual([true, true]));

  it.each([
    ['too few fields', '23 4 * *'],
    ['seconds', '0 23 4 * * *'],
    ['nothing', ''],
    ['a name for it', '@daily'],
    ['no such minute', '60 4 * * *'],
    ['no such hour', '0 24 * * *'],
    ['no day 0', '0 0 0 * *'],
    ['no month 13', '0 0 1 13 *'],
    ['backwards', '30-10 * * * *'],
    ['a step of nothing', '*/0 * * * *'],
    ['a step from one value', '5/10 * * * *'],
    ['half a range', '1- * * * *'],
    ['an empty part', '1,,2 * * * *'],
    ['no such name', '0 0 * foo *'],
    ['a day that never comes', '0 0 31 4,6 *'],
    ['days of both kinds', '0 0 13 * 5'],
    ['what only some programs know', '0 0 L * *'],
    ['a tab', '0\t4 * * *'],
    ['a word', 'every day at four o clock'],
  ])('none: %s', (_, text) => expect(isCron(text)).toBe(false));

  it.each([
    ['*/10 * * * *', '2026-11-28T15:22:33.5Z', '2026-11-28T15:30:00Z'],
    ['*/10 * * * *', '2026-11-28T15:30:00Z', '2026-11-28T15:40:00Z'],
    ['*/10 * * * *', '2026-12-31T23:55:00Z', '2027-01-01T00:00:00Z'],
    ['17 3 * * *', '2026-11-28T03:17:00Z', '2026-11-29T03:17:00Z'],
    ['7 2 * * 6', '2026-11-28T02:07:00Z', '2026-12-05T02:07:00Z'],
    ['0 12 * * 7', '2026-11-28T15:00:00Z', '2026-11-29T12:00:00Z'],
    ['5,35 22 * jan,Jul mon-fri', '2026-11-28T00:00:00Z', '2027-01-01T22:05:00Z'],
    ['0 0 31 * *', '2026-11-28T00:00:00Z', '2026-12-31T00:00:00Z'],
    // 2100 is no leap year.
    ['0 0 29 2 *', '2096-02-29T00:00:00Z', '2104-02-29T00:00:00Z'],
  ])('%s after %s is %s', (text, after, next) =>
    expect(new Date(nextTime(text, Date.parse(after))).toISOString()).toBe(new Date(next).toISOString()),
  );

  it('comes when node-cron says that it comes', () => {
    const number = (least: number, most: number) => fc.integer({ min: least, max: most }).map(String);
    const field = (least: number, most: number) =>
      fc.oneof(
        fc.constantFrom('*', '*/3', '*/7'),
        number(least, most),
        fc.array(number(least, most), { minLength: 2, maxLength: 3 }).map((those) => those.join(',')),
      );
    const day = fc.oneof(
      field(1, 31).map((of) => [of, '*']),
      field(0, 7).map((of) => ['*', of]),
    );
    const times = fc
      .tuple(field(0, 59), field(0, 23), day, field(1, 12))
      .map(([minute, hour, [date, weekday], month]) => [minute, hour, date, month, weekday].join(' '))
      .filter((text) => isCron(text));
    // Within the years for which node-cron looks ahead.
    const moment = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2040, 0, 1) });
    vi.useFakeTimers();
    try {
      fc.assert(
        fc.property(times, moment, (text, now) => {
          vi.setSystemTime(now);
          const task = createTask(text, () => undefined, { timezone: 'UTC' });
          const [next] = task.getNextRuns(1);
          void task.destroy();
          expect([text, next?.toISOString()]).toEqual([text, new Date(nextTime(text, now)).toISOString()]);
        }),
        { numRuns: 300 },
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it('is one to node-cron too, whatever is written', () => {
    const field = (most: number, names: readonly string[]) => {
      const value = fc.oneof(
        fc.integer({ min: 0, max: most + 1 }).map(String),
        fc.constantFrom('*', ...names, ...names.map((name) => name.toUpperCase())),
      );
      const part = fc
        .tuple(value, fc.option(value), fc.option(fc.integer({ min: 0, max: 40 })))
        .map(([from, to, step]) => from + (to === null ? '' : `-${to}`) + (step === null ? '' : `/${step}`));
      return fc.oneof(
        { weight: 2, arbitrary: fc.constant('*') },
        fc.array(part, { minLength: 1, maxLength: 3 }).map(String),
      );
    };
    const expression = fc
      .tuple(field(59, []), field(23, []), field(31, []), field(12, ['jan', 'dec']), field(7, ['sun', 'sat']))
      .map((fields) => fields.join(' '));
    let accepted = 0;
    fc.assert(
      fc.property(expression, (text) => {
        if (!isCron(text)) return;
        accepted += 1;
        expect([text, validate(text)]).toEqual([text, true]);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
