import { afterEach, expect, it, vi } from 'vitest';
import { crashPlan } from './live/crash-plan.js';

const points = Array.from({ length: 30 }, (_, n) => `point:${n}`);
const undone = [{ points: ['undo:begins', 'undo:ends'], fails: 'point:29' }] as const;
const names = ['files', 'dump', 'within', 'emptied'];
const seeds = Array.from({ length: 200 }, (_, n) => n);

afterEach(() => vi.unstubAllEnvs());

/** The ways that are gone, and how many kills there are in all of them. */
function planned(extent: string, seed: number): { ways: readonly string[]; kills: number } {
  vi.stubEnv('LOCKSTEP_EXTENT', extent);
  vi.stubEnv('LOCKSTEP_SEED', String(seed));
  const plan = crashPlan();
  const ways = plan.ways('mysql-9.7', 'rebuild-replica', names);
  const cases = ways.flatMap((way) => plan.cases('mysql-9.7', `rebuild-replica ${way}`, { points, undone })); // prettier-ignore
  return { ways, kills: cases.filter(({ deed }) => deed === 'kill').length };
}

it.each([
  ['short', 1],
  ['versions', 3],
  ['ci', 2],
])('goes one way of a procedure, and kills at some points of it: %s', (extent, kills) => {
  const all = seeds.map((seed) => planned(extent, seed));
  expect(new Set(all.map((one) => one.ways.length))).toEqual(new Set([1]));
  expect(new Set(all.flatMap((one) => one.ways))).toEqual(new Set(names));
  expect(new Set(all.map((one) => one.kills))).toEqual(new Set([kills]));
});

it('goes every way where every point is wanted', () => {
  expect(planned('flavours', 7)).toEqual({ ways: names, kills: names.length * (points.length + 2) });
});

it('does one again by its name', () => {
  vi.stubEnv('LOCKSTEP_CRASH_ONLY', 'rebuild-replica dump kill point:3');
  expect(planned('short', 7)).toEqual({ ways: ['dump'], kills: 1 });
});
