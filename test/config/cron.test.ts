import fc from 'fast-check';
import { validate } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { isCron } from '../../src/config/cron.js';

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
