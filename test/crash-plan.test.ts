import { afterEach, expect, it, vi } from 'vitest';
import { crashPlan } from './live/crash-plan.js';

const points = Array.from({ length: 30 }, (_, n) => `point:${n}`);
const undone = [{ points: ['undo:begins', 'undo:ends'], fails: 'point:29' }] as const;
const names = ['files', 'dump', 'within', 'emptied'];
const seeds = Array.from({ length: 200 }, (_, n) => n);

afterEach(() => vi.unstubAllEnvs());

/** The ways that are gone, and how many kills there are in all of them. */
function planned(extent: string, seed: number): { ways: readonly string[]; kills: number } {
  vi.stubEnv('LOCKSTEP_CRASH', extent);
  vi.stubEnv('LOCKSTEP_SEED', String(seed));
  const plan = crashPlan();
  const ways = plan.ways('mysql-9.7', 'rebuild-replica', names);
  const cases = ways.flatMap((way) => plan.cases('mysql-9.7', `rebuild-replica ${way}`, { points, undone, share: ways.length })); // prettier-ignore
  return { ways, kills: cases.filter(({ deed }) => deed === 'kill').length };
}

it.each([
  ['short', 1, 6],
  ['ci', 2, 10],
] as const)(
  'goes some ways of a procedure where not all are wanted, and shares their kills: %s',
  (extent, ways, most) => {
    const all = seeds.map((seed) => planned(extent, seed));
    expect(new Set(all.map((one) => one.ways.length))).toEqual(new Set([ways]));
    expect(new Set(all.flatMap((one) => one.ways))).toEqual(new Set(names));
    const mean = all.reduce((sum, { kills }) => sum + kills, 0) / all.length;
    expect(mean).toBeGreaterThan(most * 0.6);
    expect(mean).toBeLessThan(most * 1.2);
  },
);

it('goes every way where every point is wanted', () => {
  expect(planned('flavours', 7)).toEqual({ ways: names, kills: names.length * (points.length + 2) });
});

it('does one again by its name', () => {
  vi.stubEnv('LOCKSTEP_CRASH_ONLY', 'rebuild-replica dump kill point:3');
  expect(planned('short', 7)).toEqual({ ways: ['dump'], kills: 1 });
});
