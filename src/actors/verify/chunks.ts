import { setTimeout as pause } from 'node:timers/promises';
import {
  between,
  checksumIn,
  checksumOf,
  endIn,
  inOrderOf,
  keyValues,
  placeOf,
  placeWords,
  rowChecksum,
  tableName,
  type ComparedTable,
  type KeyPlace,
  type TableKey,
} from '../../dialects/comparable.js';
import type { Finding } from '../../domain/verification.js';
import { LockstepError } from '../../base/errors.js';
import type { Pair } from './pair.js';
import { confirmed, suspectsIn, type Rows, type Suspect } from './rows.js';

/** A table as the source and the replica describe it: the same but for words. */
export interface TablePair {
  readonly source: ComparedTable;
  readonly replica: ComparedTable;
}

/** What one range of a table has shown. */
export interface Compared {
  readonly rows: number;
  readonly findings: readonly Finding[];
  readonly differing: number;
  readonly unsettled: number;
}

/** How often rows that do not agree are read again, with 0.1, 0.2, 0.4, … seconds in between. */
const rounds = 6;

/** Compares one range: by one checksum, and where that differs row by row. @throws QueryError */
export async function compareRange(
  pair: Pair,
  tables: TablePair,
  key: TableKey,
  from: KeyPlace | undefined,
  to: KeyPlace | undefined,
): Promise<Compared> {
  const [source, replica] = bothSides(tables, (table) => checksumIn(table, keyOf(table), from, to));
  const [ours] = await pair.onSource(source);
  await pair.caughtUp();
  const [theirs] = await pair.onReplica(replica);
  const rows = Number(ours?.['counted'] ?? 0);
  if (ours?.['counted'] === theirs?.['counted'] && ours?.['summed'] === theirs?.['summed'])
    return { rows, findings: [], differing: 0, unsettled: 0 };
  const { differing, unsettled } = await rowByRow(pair, tables, from, to);
  const findings = [...findingsOf(tables.source, key, differing), ...unsettledOf(tables.source, key, unsettled)];
  return { rows, findings, differing: differing.size, unsettled: unsettled.size };
}

/** Where the range of about so many rows ends that begins behind `from`; undefined: at the table's end. */
export async function endOfRange(
  pair: Pair,
  { source, replica }: TablePair,
  from: KeyPlace | undefined,
  size: number,
): Promise<KeyPlace | undefined> {
  const [ours] = await pair.onSource(endIn(source, keyOf(source), from, undefined, size));
  const to = ours && placeOf(keyOf(source), ours);
  // The replica may have far more rows in there, or behind the last one of its source.
  const [theirs] = await pair.onReplica(endIn(replica, keyOf(replica), from, to, 2 * size));
  return theirs === undefined ? to : placeOf(keyOf(replica), theirs);
}

/** The key of a table that is compared in ranges. */
export function keyOf(table: ComparedTable): TableKey {
  if (table.key === undefined) throw new TypeError(`${table.name} has no key`);
  return table.key;
}

async function rowByRow(pair: Pair, tables: TablePair, from: KeyPlace | undefined, to: KeyPlace | undefined) {
  const [source, replica] = bothSides(tables, (table) => rowsIn(table, from, to));
  let earlier: ReadonlyMap<string, Suspect> = new Map();
  for (let round = 1; ; round += 1) {
    const before = rowsOf(await pair.onSource(source));
    await pair.caughtUp();
    const there = rowsOf(await pair.onReplica(replica));
    const after = rowsOf(await pair.onSource(source));
    const suspects = suspectsIn({ before, replica: there, after });
    const differing = confirmed(earlier, suspects);
    const open = new Map([...suspects].filter(([key]) => !differing.has(key)));
    if (open.size === 0 || round === rounds) return { differing, unsettled: open };
    earlier = suspects;
    await pause(50 * 2 ** round, undefined, { signal: pair.signal });
  }
}

/** A whole table without a key: equal, or not, or never still. */
export async function compareWhole(pair: Pair, tables: TablePair): Promise<Compared> {
  const [source, replica] = bothSides(
    tables,
    (table) => `SELECT ${checksumOf(table.columns)} FROM ${tableName(table)}`,
  );
  let earlier = '';
  for (let round = 1; ; round += 1) {
    const [before] = await pair.onSource(source);
    await pair.caughtUp();
    const [there] = await pair.onReplica(replica);
    const rows = Number(before?.['counted'] ?? 0);
    const words = (row: typeof before) => `${row?.['counted'] ?? ''} ${row?.['summed'] ?? ''}`;
    if (words(there) === words(before)) return { rows, findings: [], differing: 0, unsettled: 0 };
    const [after] = await pair.onSource(source);
    if (words(there) === words(after)) return { rows, findings: [], differing: 0, unsettled: 0 };
    const table = plainName(tables.source);
    const still = words(before) === words(after);
    const seen = `${words(there)} ${words(after)}`;
    if (still && seen === earlier) {
      const less = rows - Number(there?.['counted'] ?? 0);
      const counts = { missing: Math.max(0, less), extra: Math.max(0, -less), changed: less === 0 ? 1 : 0 };
      const finding: Finding = { table, kind: 'rows', ...counts, why: 'it has no key that names its rows, and was compared as a whole: at least so many' }; // prettier-ignore
      return { rows, findings: [finding], differing: Math.max(1, Math.abs(less)), unsettled: 0 };
    }
    if (round === rounds) return { rows, findings: [{ table, kind: 'unsettled', why: 'it has no key that names its rows' }], differing: 0, unsettled: rows }; // prettier-ignore
    earlier = still ? seen : '';
    await pause(50 * 2 ** round, undefined, { signal: pair.signal });
  }
}

export function plainName({ schema, name }: Pick<ComparedTable, 'schema' | 'name'>): string {
  return `${schema}.${name}`;
}

function rowsIn(table: ComparedTable, from: KeyPlace | undefined, to: KeyPlace | undefined): string {
  const key = keyOf(table);
  return `SELECT ${keyValues(key)}, ${rowChecksum(table.columns)} AS checked FROM ${inOrderOf(table, key)} WHERE ${between(key, from, to)}`; // prettier-ignore
}

function bothSides({ source, replica }: TablePair, text: (table: ComparedTable) => string): [string, string] {
  // Each in its own words: utf8 here may be utf8mb3 there.
  return [text(source), text(replica)];
}

/** Keys in the order of their columns, joined by what no value of theirs holds. */
function rowsOf(rows: readonly Readonly<Record<string, string | null>>[]): Rows {
  return new Map(
    rows.map(({ checked, ...key }) => {
      if (typeof checked !== 'string') throw new LockstepError('unexpected-answer', 'a row has no checksum');
      return [Object.values(key).join('\u0000'), checked];
    }),
  );
}

function findingsOf(table: ComparedTable, key: TableKey, rows: ReadonlyMap<string, Suspect>): readonly Finding[] {
  if (rows.size === 0) return [];
  const count = (verdict: Suspect['verdict']) => [...rows.values()].filter((row) => row.verdict === verdict).length;
  const counts = { missing: count('missing'), extra: count('extra'), changed: count('changed') };
  return [{ table: plainName(table), kind: 'rows', ...rangeOf(key, [...rows.keys()]), ...counts }];
}

function unsettledOf(table: ComparedTable, key: TableKey, rows: ReadonlyMap<string, Suspect>): readonly Finding[] {
  if (rows.size === 0) return [];
  return [{ table: plainName(table), kind: 'unsettled', ...rangeOf(key, [...rows.keys()]), why: `${rows.size} rows` }];
}

/** The first and the last as the key sorts them, as far as that shows in their values. */
function rangeOf(key: TableKey, keys: readonly string[]) {
  const places = keys.map((one) => one.split('\u0000')).sort(inOrder);
  const [first, last] = [places[0], places.at(-1)];
  return first === undefined || last === undefined ? {} : { from: placeWords(key, first), to: placeWords(key, last) };
}

function inOrder(one: readonly string[], other: readonly string[]): number {
  for (const [index, value] of one.entries()) {
    const against = other[index] ?? '';
    const numbers = /^-?\d{1,15}$/.test(value) && /^-?\d{1,15}$/.test(against);
    const order = numbers ? Number(value) - Number(against) : value < against ? -1 : Number(value > against);
    if (order !== 0) return order;
  }
  return 0;
}
