import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDuration } from '../../src/base/duration.js';

it.each([
  ['60s', 60],
  ['5m', 300],
  ['30d', 2_592_000],
  ['1h30m', 5400],
  ['0.5s', 0.5],
  ['250ms', 0.25],
  ['1w', 604_800],
  ['0s', 0],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBeCloseTo(seconds, 6);
});

it.each(['', '10', 's', '5 m', '-1s', '1S', '1e3s', '5min', '1.s', ' 1s', '1s\n', '9999999999s'])(
  '%j is none',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

it('never gives anything but a finite number, 0 or more', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9.]{0,12}[smhdwy]{0,3}[0-9]{0,4}[sm]?$/), (text) => {
      const seconds = parseDuration(text);
      return seconds === undefined || (Number.isFinite(seconds) && seconds >= 0);
    }),
  );
});
