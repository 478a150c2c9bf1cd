import fc from 'fast-check';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { ageOf, before, moments, type Moment } from '../../src/base/moment.js';

const then: Moment = { at: 1_000_000, boot: 'one', up: 5000 };
const hour = 3_600_000;

it.each<[string, Partial<Moment>, ReturnType<typeof ageOf>]>([
  ['both clocks went on', { at: then.at + 9000, up: then.up + 9000 }, { milliseconds: 9000, sure: true }],
  ['the machine counts in hundredths', { at: then.at + 9000, up: then.up + 9010 }, { milliseconds: 9000, sure: true }],
  ['ours was put back a little', { at: then.at + 8000, up: then.up + 9000 }, { milliseconds: 9000, sure: true }],
  ['ours was put back', { at: then.at + 1000, up: then.up + 9000 }, { milliseconds: 9000, sure: false }],
  ['ours was put back past it', { at: then.at - hour, up: then.up + 9000 }, { milliseconds: 9000, sure: false }],
  ['ours was put forward', { at: then.at + hour, up: then.up + 9000 }, { milliseconds: hour, sure: false }],
  ['ours is slewed over a day', { at: then.at + 24 * hour, up: then.up + 24 * hour + 60_000 }, { milliseconds: 24 * hour + 60_000, sure: true }], // prettier-ignore
  ['the machine has started anew', { at: then.at + 9000, boot: 'two', up: then.up + 9000 }, { milliseconds: 9000, sure: false }], // prettier-ignore
  ['nobody knows whether it has', { at: then.at + 9000, boot: undefined, up: then.up + 9000 }, { milliseconds: 9000, sure: false }], // prettier-ignore
  ['it has started anew, and calls it the same', { at: then.at + 9000, up: 0 }, { milliseconds: 9000, sure: false }],
  ['it is now', { at: then.at - 1 }, { milliseconds: 0, sure: true }],
  ['it lies ahead, in another start', { at: then.at - 1, boot: 'two', up: 9000 }, undefined],
  ['it lies ahead, by both clocks', { at: then.at - 60, up: then.up - 60 }, undefined],
])('dates a moment: %s', (_, now, expected) => {
  expect(ageOf(then, { ...then, ...now })).toEqual(expected);
});

it('never makes it younger than either clock does, and is sure only where they agree', () => {
  const ahead = fc.integer({ min: -10 * hour, max: 10 * hour });
  fc.assert(
    fc.property(ahead, ahead, fc.constantFrom('one', 'two', undefined), (byClock, byMachine, boot) => {
      const age = ageOf(then, { at: then.at + byClock, boot, up: then.up + byMachine });
      if (age === undefined) {
        expect(byClock).toBeLessThan(0);
        return;
      }
      expect(age.milliseconds).toBeGreaterThanOrEqual(Math.max(0, byClock));
      if (boot === 'one') expect(age.milliseconds).toBeGreaterThanOrEqual(byMachine - 50);
      if (!age.sure) return;
      expect(boot).toBe('one');
      expect(Math.abs(byClock - byMachine)).toBeLessThanOrEqual(2000 + 0.001 * age.milliseconds);
    }),
  );
});

it('reads both clocks of this machine', async () => {
  const moment = moments(systemClock);
  const first = moment();
  expect(first.boot).toMatch(/^[\da-f-]{36}$/);
  await expect.poll(() => ageOf(first, moment())?.milliseconds).toBeGreaterThan(20);
  expect(ageOf(first, moment())?.sure).toBe(true);
  expect(ageOf(before(first, 7000), first)).toEqual({ milliseconds: 7000, sure: true });
});
