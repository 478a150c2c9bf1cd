import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import {
  containsMariadb,
  formatMariadbGtids,
  gapMariadb,
  highestByDomain,
  parseMariadbGtids,
  reachesMariadb,
  unionMariadb,
} from '../../src/domain/gtid-mariadb.js';

const gtid = fc.record({
  domain: fc.integer({ min: 0, max: 3 }),
  server: fc.integer({ min: 1, max: 4 }),
  sequence: fc.bigInt({ min: 1n, max: 60n }),
});
const gtids = fc.array(gtid, { maxLength: 12 }).map((list) => parseMariadbGtids(formatMariadbGtids(list)));

describe('laws', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(gtids, (state) => {
        const text = formatMariadbGtids(state);
        expect(formatMariadbGtids(parseMariadbGtids(text))).toBe(text);
      }),
    );
  });

  it('a union contains and reaches both, and nothing less does', () => {
    fc.assert(
      fc.property(gtids, gtids, (one, other) => {
        const both = unionMariadb(one, other);
        for (const part of [one, other]) {
          expect(containsMariadb(both, part)).toBe(true);
          expect(reachesMariadb(both, part)).toBe(true);
          expect(gapMariadb(part, both)).toBe(0n);
        }
        if (containsMariadb(one, other)) expect(formatMariadbGtids(both)).toBe(formatMariadbGtids(one));
      }),
    );
  });

  it('the gap is the sum over domains of what is missing', () => {
    fc.assert(
      fc.property(gtids, gtids, (source, replica) => {
        const reached = highestByDomain(replica);
        let expected = 0n;
        for (const [domain, sequence] of highestByDomain(source)) {
          const missing = sequence - (reached.get(domain) ?? 0n);
          if (missing > 0n) expected += missing;
        }
        expect(gapMariadb(source, replica)).toBe(expected);
        expect(gapMariadb(source, replica) === 0n).toBe(reachesMariadb(replica, source));
      }),
    );
  });
});

it.each([
  ['', ''],
  [' 1-2-50, 0-1-100 ', '0-1-100,1-2-50'],
  ['0-2-7,0-1-100,0-1-90', '0-1-100,0-2-7'],
  ['4294967295-4294967295-18446744073709551615', '4294967295-4294967295-18446744073709551615'],
])('%j is %j', (given, canonical) => {
  expect(formatMariadbGtids(parseMariadbGtids(given))).toBe(canonical);
});

it('keeps the highest number per domain, whoever wrote it', () => {
  expect([...highestByDomain(parseMariadbGtids('0-1-100,0-2-107,5-1-3'))]).toEqual([
    [0, 107n],
    [5, 3n],
  ]);
});

it('reaches by domain and number as MASTER_GTID_WAIT does, contains by server id, too', () => {
  const [whole, part] = [parseMariadbGtids('0-1-10'), parseMariadbGtids('0-77-3')];
  expect(reachesMariadb(whole, part)).toBe(true);
  expect(containsMariadb(whole, part)).toBe(false);
});

it.each(['nonsense', '0-1', '0-1--5', '4294967296-1-1', '0-4294967296-1', '0-1-18446744073709551616', '0-1-2;0-1-3'])(
  'refuses %j and quotes it',
  (given) => {
    expect(() => parseMariadbGtids(given)).toThrow(LockstepError);
    expect(() => parseMariadbGtids(given)).toThrow(`"${given}"`);
  },
);
