import {
  between,
  checksumIn,
  checksumOf,
  endIn,
  inOrderOf,
  placeOf,
  tableName,
  type ComparedTable,
  type KeyPlace,
} from '../../../dialects/comparable.js';
import type { Row } from '../../../dialects/question.js';
import { quoteIdentifier } from '../../../dialects/quote.js';
import { keyOf } from '../../verify/chunks.js';
import { mendingOf, type Before, type ComparedRange, type Mending, type Range } from './kept.js';
import { endTable, fillEmpty, fillRows, makeAnew, type Filling, type Stream, type TableToFill } from './tables.js';

/** Of a range, by the server's own estimate: milliseconds each, and little is copied again for one row that differs. */
const rangeBytes = 2 * 2 ** 20;
const [fewest, most] = [500, 20_000];

/** A table that stands on the target from an earlier try, and can be compared with the moment that the donor shows now. */
export interface Standing extends Before {
  readonly by: 'ranges' | 'at-once';
  /** The indexes that are made last are there. */
  readonly indexed: boolean;
}

/** Leaves the rows that are as the donor has them, and copies the others. Nothing is believed of what was done before. */
export async function fillStanding(
  stream: Stream,
  table: TableToFill,
  standing: Standing,
  filling: Filling,
): Promise<void> {
  const { signal } = filling;
  const mending = standing.by === 'ranges' ? mendingOf(await compared(stream, table, standing, filling)) : await atOnce(stream, table, standing, filling); // prettier-ignore
  if (mending === undefined) {
    await makeAnew(stream.to, table, signal);
    await fillEmpty(stream, table, filling);
    return;
  }
  filling.kept(mending.kept);
  for (const range of mending.deletes)
    await stream.to.query(`DELETE FROM ${tableName(standing.target)} WHERE ${between(keyOf(standing.target), range.from, range.to)}`, { signal }); // prettier-ignore
  for (const range of mending.copies) await fillRows(stream, table, filling, rowsOf(standing.donor, range));
  // As the donor's: what counted further there and was taken back is not counted here.
  if (table.counter !== undefined) await stream.to.query(`ALTER TABLE ${table.name} AUTO_INCREMENT = ${table.counter}`, { signal }); // prettier-ignore
  await endTable(stream.to, standing.indexed ? { ...table, keys: [] } : table, filling);
}

/** Every range of the donor's rows, up to where the target holds no more. */
async function compared(
  stream: Stream,
  table: TableToFill,
  { donor, target }: Standing,
  { signal, came }: Filling,
): Promise<readonly ComparedRange[]> {
  const size = Math.round(Math.min(most, Math.max(fewest, rangeBytes / Math.max(1, table.rowBytes))));
  const ranges: ComparedRange[] = [];
  for (let from: KeyPlace | undefined; ;) {
    const more = await one(stream.to, `SELECT 1 AS more FROM ${inOrderOf(target, keyOf(target))} WHERE ${between(keyOf(target), from, undefined)} LIMIT 1`, signal); // prettier-ignore
    if (more === undefined) return [...ranges, { from, to: undefined, equal: false, rows: 0 }];
    const end = await one(stream.from, endIn(donor, keyOf(donor), from, undefined, size), signal);
    const to = end && placeOf(keyOf(donor), end);
    const [ours, theirs] = await Promise.all([
      one(stream.from, checksumIn(donor, keyOf(donor), from, to), signal),
      one(stream.to, checksumIn(target, keyOf(target), from, to), signal),
    ]);
    const [equal, rows] = [same(ours, theirs), Number(theirs?.['counted'] ?? 0)];
    ranges.push({ from, to, equal, rows });
    await came(table, 0, equal ? rows * table.rowBytes : 0);
    if (to === undefined) return ranges;
    from = to;
  }
}

/** Where no key names its rows, all of it or nothing. */
async function atOnce(
  stream: Stream,
  table: TableToFill,
  { donor, target }: Standing,
  { signal, came }: Filling,
): Promise<Mending | undefined> {
  const sum = (one: ComparedTable) => `SELECT ${checksumOf(one.columns)} FROM ${tableName(one)}`;
  const [ours, theirs] = await Promise.all([one(stream.from, sum(donor), signal), one(stream.to, sum(target), signal)]);
  if (!same(ours, theirs)) return undefined;
  const kept = Number(theirs?.['counted'] ?? 0);
  await came(table, 0, kept * table.rowBytes);
  return { deletes: [], copies: [], kept };
}

function same(ours: Row | undefined, theirs: Row | undefined): boolean {
  return ours !== undefined && theirs !== undefined && ['counted', 'summed'].every((sum) => ours[sum] === theirs[sum]);
}

function rowsOf(table: ComparedTable, { from, to }: Range): string {
  return ` FORCE INDEX (${quoteIdentifier(keyOf(table).index)}) WHERE ${between(keyOf(table), from, to)}`;
}

async function one(session: Stream['from'], sql: string, signal: AbortSignal): Promise<Row | undefined> {
  return (await session.query(sql, { signal }))[0]?.[0];
}
