import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import {
  containsGtidSet,
  countGtidSet,
  equalGtidSets,
  formatGtidSet,
  intersectGtidSets,
  parseGtidSet,
  subtractGtidSets,
  unionGtidSets,
  type GtidSet,
} from '../../src/domain/gtid-mysql.js';

const a = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const b = '00000001-aaaa-bbbb-cccc-000000000000';

/** Small numbers over few keys, so that sets overlap, touch and split. */
const key = fc.constantFrom(a, b, `${a}:blue`, `${b}:_x1`);
const point = fc.tuple(key, fc.integer({ min: 1, max: 40 }));
const points = fc.array(point, { maxLength: 40 });

function setOf(members: readonly (readonly [string, number])[]): GtidSet {
  return parseGtidSet(members.map(([name, number]) => `${name}:${number}`).join(','));
}

/** The model that the algebra is held against: a plain set of single transactions. */
function model(members: readonly (readonly [string, number])[]): Set<string> {
  return new Set(members.map(([name, number]) => `${name}:${number}`));
}

function flat(set: GtidSet): Set<string> {
  const result = new Set<string>();
  for (const [name, intervals] of set)
    for (const { first, last } of intervals) for (let n = first; n <= last; n += 1n) result.add(`${name}:${n}`);
  return result;
}

describe('laws', () => {
  it('agrees with plain sets', () => {
    fc.assert(
      fc.property(points, points, (one, other) => {
        const [x, y] = [setOf(one), setOf(other)];
        const [mx, my] = [model(one), model(other)];
        expect(flat(x)).toEqual(mx);
        expect(flat(unionGtidSets(x, y))).toEqual(new Set([...mx, ...my]));
        expect(flat(subtractGtidSets(x, y))).toEqual(new Set([...mx].filter((m) => !my.has(m))));
        expect(flat(intersectGtidSets(x, y))).toEqual(new Set([...mx].filter((m) => my.has(m))));
        expect(containsGtidSet(x, y)).toBe([...my].every((m) => mx.has(m)));
        expect(countGtidSet(x)).toBe(BigInt(mx.size));
      }),
      { numRuns: 500 },
    );
  });

  it('(A-B) and B share nothing, and with the intersection give A back', () => {
    fc.assert(
      fc.property(points, points, (one, other) => {
        const [x, y] = [setOf(one), setOf(other)];
        const rest = subtractGtidSets(x, y);
        const shared = intersectGtidSets(x, y);
        expect(intersectGtidSets(rest, y).size).toBe(0);
        expect(formatGtidSet(unionGtidSets(rest, shared))).toBe(formatGtidSet(x));
        expect(countGtidSet(rest) + countGtidSet(shared)).toBe(countGtidSet(x));
        expect(countGtidSet(unionGtidSets(x, y)) + countGtidSet(shared)).toBe(countGtidSet(x) + countGtidSet(y));
      }),
    );
  });

  it('has the identities of sets', () => {
    fc.assert(
      fc.property(points, points, (one, other) => {
        const [x, y] = [setOf(one), setOf(other)];
        expect(subtractGtidSets(x, x).size).toBe(0);
        expect(equalGtidSets(unionGtidSets(x, parseGtidSet('')), x)).toBe(true);
        expect(equalGtidSets(unionGtidSets(x, y), unionGtidSets(y, x))).toBe(true);
        expect(containsGtidSet(unionGtidSets(x, y), y)).toBe(true);
        expect(equalGtidSets(x, y)).toBe(formatGtidSet(x) === formatGtidSet(y));
      }),
    );
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(points, (members) => {
        const text = formatGtidSet(setOf(members));
        expect(formatGtidSet(parseGtidSet(text))).toBe(text);
        expect(parseGtidSet(text)).toEqual(new Map([...setOf(members)].sort(([x], [y]) => (x < y ? -1 : 1))));
      }),
    );
  });
});

describe('text', () => {
  it.each([
    ['', ''],
    [' \n', ''],
    [`${a}:1`, `${a}:1`],
    [`${a.toUpperCase()}:5-7:1-4`, `${a}:1-7`],
    [`${a}:1-3:3-9,\n${b}:2 , ${a}:11`, `${b}:2,${a}:1-9:11`],
    [`${a}:1-5:Blue:7-8:1:red:4`, `${a}:1-5:blue:1:7-8:red:4`],
    [`${a}:blue:1 - 2,${a}:3`, `${a}:3:blue:1-2`],
    [`${a}:1-9223372036854775806`, `${a}:1-9223372036854775806`],
  ])('%j is %j', (given, canonical) => {
    expect(formatGtidSet(parseGtidSet(given))).toBe(canonical);
  });

  it('counts past the exact range of a number', () => {
    expect(countGtidSet(parseGtidSet(`${a}:1-9223372036854775806,${b}:1`))).toBe(9223372036854775807n);
  });

  it.each([
    'nonsense',
    a,
    `${a}:`,
    `${a}:0-5`,
    `${a}:5-3`,
    `${a}:1-9223372036854775807`,
    `${a}:1-2-3`,
    `${a}:1 2`,
    `${a}:blue`,
    `${a}:blue:red:1`,
    `${a}:9lives:1`,
    '0-1-100',
  ])('refuses %j and quotes it', (given) => {
    expect(() => parseGtidSet(given)).toThrow(LockstepError);
    expect(() => parseGtidSet(given)).toThrow(`"${given}"`);
  });
});

it('works on a set of 100,000 intervals in one walk', () => {
  const odd = parseGtidSet(`${a}:${Array.from({ length: 100_000 }, (_, i) => i * 2 + 1).join(':')}`);
  const all = parseGtidSet(`${a}:1-200000`);
  const even = subtractGtidSets(all, odd);
  expect(countGtidSet(even)).toBe(100_000n);
  expect(equalGtidSets(unionGtidSets(even, odd), all)).toBe(true);
  expect(intersectGtidSets(even, odd).size).toBe(0);
});
