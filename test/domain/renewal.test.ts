import fc from 'fast-check';
import { expect, it } from 'vitest';
import { renewalDue, type Renewable } from '../../src/domain/renewal.js';

const day = 86_400;
const certificate = (life: number, fingerprint = '00000000'): Renewable => ({
  fingerprint,
  notBefore: 0,
  notAfter: life,
});

it.each<[string, number, string, number | undefined, number]>([
  ['two thirds of its life', 90 * day, '00000000', undefined, 60 * day],
  ['up to a twentieth of its life sooner', 100 * day, 'ffffffff', undefined, (100 - 100 / 3 - 5) * day],
  ['so long before its end as was configured', 365 * day, '00000000', 30 * day, 335 * day],
  ['and the jitter sooner', 360 * day, '80000000', 30 * day, 321 * day],
  ['never before half of its life', 90 * day, 'ffffffff', 80 * day, 45 * day],
])('is due at %s', (_, life, fingerprint, renewBeforeSeconds, expected) => {
  const { at } = renewalDue(certificate(life, fingerprint), { renewBeforeSeconds }, 0);
  expect(at / day).toBeCloseTo(expected / day, 3);
});

it('says when, and why', () => {
  const one = certificate(90 * day);
  expect(renewalDue(one, {}, 0)).toEqual({ at: 60 * day, due: false, reason: 'It is due at 1970-03-02T00:00:00Z.' });
  expect(renewalDue(one, {}, 60 * day)).toMatchObject({
    due: true,
    reason: 'It ends at 1970-04-01T00:00:00Z, and was due from 1970-03-02T00:00:00Z.',
  });
  expect(renewalDue(one, {}, 91 * day).reason).toBe('It ended at 1970-04-01T00:00:00Z.');
});

it('has one moment for each certificate, within its second half and before its end, and stays due', () => {
  const hex = fc.nat({ max: 0xff_ff_ff_ff }).map((number) => number.toString(16).padStart(8, '0'));
  fc.assert(
    fc.property(
      hex,
      fc.integer({ min: 60, max: 100 * 365 * day }),
      fc.option(fc.integer({ min: 1, max: 1000 * day }), { nil: undefined }),
      fc.integer({ min: 0, max: 200 * 365 * day }),
      (fingerprint, life, renewBeforeSeconds, now) => {
        const one = certificate(life, fingerprint);
        const { at, due } = renewalDue(one, { renewBeforeSeconds }, now);
        expect(renewalDue(one, { renewBeforeSeconds }, 0).at).toBe(at);
        expect(at).toBeGreaterThanOrEqual(life / 2);
        expect(at).toBeLessThan(life);
        expect(due).toBe(now >= at);
      },
    ),
  );
});

it('spreads what was made together', () => {
  const moments = Array.from(
    { length: 64 },
    (_, index) => renewalDue(certificate(365 * day, (index * 0x4000000).toString(16).padStart(8, '0')), {}, 0).at,
  );
  expect(new Set(moments).size).toBe(64);
  expect((Math.max(...moments) - Math.min(...moments)) / day).toBeGreaterThan(17);
});
