import { describe, expect, it } from 'vitest';
import { led, listed, type ReadersChange } from '../../src/announce/read-side.js';
import { readsFrom, wantedReaders } from '../../src/domain/readers.js';

const server = (name: string) => ({ name, address: { host: name, port: 3306 } });
const change = (act: ReadersChange['act'], name: string, fallback?: string): ReadersChange => ({
  act,
  server: server(name),
  fallback: fallback === undefined ? undefined : server(fallback),
});

describe('a list of readers', () => {
  it.each<[now: string[], ReadersChange, members: string[], next: string[]]>([
    [['db2', 'db3'], change('withdraw', 'db2', 'db1'), ['db2', 'db3'], ['db3']],
    [['db3'], change('withdraw', 'db2', 'db1'), ['db2', 'db3'], ['db3']],
    [['db3'], change('withdraw', 'db3', 'db1'), ['db2', 'db3'], ['db1']],
    [[], change('withdraw', 'db3', 'db1'), ['db2', 'db3'], ['db1']],
    [['db1'], change('withdraw', 'db2', 'db1'), ['db2'], ['db1']],
    [['db1'], change('return', 'db3', 'db1'), ['db2', 'db3'], ['db3']],
    [['db3'], change('return', 'db2', 'db1'), ['db2', 'db3'], ['db2', 'db3']],
    [['db1', 'db3'], change('return', 'db2', 'db1'), ['db1', 'db2', 'db3'], ['db1', 'db2', 'db3']],
  ])('%j, %o of %j: %j', (now, act, members, next) => {
    expect(listed(now, act, members)).toEqual(next);
    expect(listed(next, act, members)).toEqual(next);
  });

  it('is never left empty', () => {
    expect(() => listed(['db2'], change('withdraw', 'db2'), ['db2'])).toThrow(expect.objectContaining({ code: 'last-reader' })); // prettier-ignore
    expect(() => listed(['db2'], change('withdraw', 'db2', 'db2'), ['db2'])).toThrow('nobody to read from without db2');
  });
});

describe('a name for each reader', () => {
  const map = (now: Record<string, string | undefined>) => new Map(Object.entries(now));

  it.each<[now: Record<string, string | undefined>, ReadersChange, next: Record<string, string | undefined>]>([
    [{ db2: 'db2' }, change('withdraw', 'db2', 'db1'), { db2: 'db1' }],
    [{ db2: 'db1' }, change('return', 'db2', 'db1'), { db2: 'db2' }],
    [{ db2: 'db2', db3: 'db3' }, change('withdraw', 'db2', 'db1'), { db2: 'db3', db3: 'db3' }],
    [{ db2: 'db3', db3: 'db3' }, change('withdraw', 'db3', 'db1'), { db2: 'db1', db3: 'db1' }],
    [{ db2: 'db1', db3: 'db1' }, change('return', 'db3', 'db1'), { db2: 'db3', db3: 'db3' }],
    [{ db2: 'db3', db3: 'db3' }, change('return', 'db2', 'db1'), { db2: 'db2', db3: 'db3' }],
    [{ db2: undefined, db3: 'db3' }, change('withdraw', 'db3', 'db1'), { db2: undefined, db3: 'db1' }],
    [{ db2: undefined, db3: 'db1' }, change('return', 'db3', 'db1'), { db2: undefined, db3: 'db3' }],
  ])('%j, %o: %j', (now, act, next) => {
    expect(Object.fromEntries(led(map(now), act))).toEqual(next);
    expect(Object.fromEntries(led(map(next), act))).toEqual(next);
  });

  it('always leads somewhere', () => {
    expect(() => led(map({ db2: 'db2' }), change('withdraw', 'db2'))).toThrow(expect.objectContaining({ code: 'last-reader' })); // prettier-ignore
  });
});

it('is compared with what it should be', () => {
  const readers = { words: '', servers: ['db2', 'db3'], fallback: true, readsBack: true, drainSeconds: 0 };
  expect(wantedReaders(readers, ['db2'], 'db1')).toEqual(['db3']);
  expect(wantedReaders(readers, ['db2', 'db3'], 'db1')).toEqual(['db1']);
  expect(wantedReaders({ ...readers, fallback: false }, ['db2', 'db3'], 'db1')).toEqual([]);
  expect(wantedReaders(readers, ['db2', 'db3'], undefined)).toEqual([]);
  const seen = { announcer: 'a', readers: ['db3', 'db2'], found: '', failure: undefined, at: 0 };
  expect(readsFrom(seen, ['db2', 'db3'])).toBe(true);
  expect(readsFrom(seen, ['db2'])).toBe(false);
  expect(readsFrom({ ...seen, failure: 'gone' }, ['db2', 'db3'])).toBe(false);
  expect(readsFrom({ ...seen, readers: [] }, [])).toBe(false);
});
