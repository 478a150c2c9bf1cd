import * as words from '../../../dialects/definitions.js';
import { dropThing, forgetSchema, forgetTable, indexesOf, madeListing, madeOf, named, noteMade, type Made } from '../../../dialects/made-tables.js'; // prettier-ignore
import type { Row } from '../../../dialects/question.js';
import { quoteIdentifier } from '../../../dialects/quote.js';
import { comparedTable, tableListing } from '../../../dialects/table-listing.js';
import type { ComparedTable } from '../../../dialects/comparable.js';
import type { Session } from '../../../mysql/session.js';
import type { Definitions } from './definitions.js';
import { comparisonOf } from './kept.js';
import type { Standing } from './standing.js';
import { digestOf, type TableToFill } from './tables.js';

/** How many tables are described in one round trip. */
const batch = 50;

/**
 * Takes away all that an earlier try left on the target, but for tables whose rows can be compared, and makes what
 * schemas are missing.
 * @param read on the donor @returns the tables that stand, by their names; and whether there was an earlier try
 */
export async function sortOut(
  read: Session,
  make: Session,
  { schemas }: Definitions,
  tables: readonly TableToFill[],
  signal: AbortSignal,
): Promise<{ readonly standing: ReadonlyMap<string, Standing>; readonly again: boolean }> {
  const ask = async (sql: string) => (await make.query(sql, { signal }))[0] ?? [];
  const made = (await ask(madeListing)).map(madeOf);
  const noteOf = (schema: string, name: string) => made.find((one) => one.schema === schema && one.name === name);
  const kept = new Set<string>();
  for (const name of (await ask(words.schemasListing)).map((row) => row['s'] ?? '')) {
    const wanted = schemas.find((one) => one.name === name);
    if (wanted !== undefined && noteOf(name, '')?.digest === digestOf(wanted.statement)) kept.add(name);
    else await make.query(`${forgetSchema(name)}; DROP DATABASE ${quoteIdentifier(name)}`, { signal });
  }
  const standing = kept.size === 0 ? new Map<string, Standing>() : await standingOf(read, make, tables, made, signal);
  for (const row of kept.size === 0 ? [] : await things(make, signal)) {
    const [schema, name] = [row['s'] ?? '', row['t'] ?? ''];
    if (words.tables(row) && standing.has(words.nameOf(row))) continue;
    await make.query(`${forgetTable({ schema, name })}; ${dropThing(row)}`, { signal });
  }
  for (const { name, statement } of schemas.filter((one) => !kept.has(one.name)))
    await make.query(`${statement}; ${noteMade({ schema: name, name: '', digest: digestOf(statement), whole: false })}`, { signal }); // prettier-ignore
  return { standing, again: made.length > 0 };
}

/** Of all schemas, what rests on tables before these. */
async function things(make: Session, signal: AbortSignal): Promise<readonly Row[]> {
  const listings = [words.triggersListing, words.eventsListing, words.routinesListing, words.tablesListing];
  const [triggers = [], events = [], routines = [], tables = []] = await make.query(listings.join('; '), { signal });
  const [views, others] = [tables.filter(words.views), tables.filter((row) => !words.views(row))];
  return [...named(triggers, 'TRIGGER'), ...named(events, 'EVENT'), ...routines, ...views, ...others];
}

async function standingOf(
  read: Session,
  make: Session,
  tables: readonly TableToFill[],
  made: readonly Made[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Standing>> {
  const noted = new Map(made.map((one) => [`${one.schema}\u0000${one.name}`, one]));
  const candidates = tables.flatMap((table) => {
    const note = noted.get(`${table.schema}\u0000${table.plain}`);
    return note?.digest === table.digest ? [{ table, note }] : [];
  });
  const found = new Map<string, Standing>();
  for (let at = 0; at < candidates.length; at += batch) {
    const some = candidates.slice(at, at + batch);
    const both = await Promise.all([described(read, some.map(({ table }) => table), signal), described(make, some.map(({ table }) => table), signal)]); // prettier-ignore
    for (const [index, { table, note }] of some.entries()) {
      const [donor, target] = [both[0][index]?.table, both[1][index]?.table];
      const before = donor && target && { donor, target, whole: note.whole };
      const by = comparisonOf(table, note, before);
      if (by === undefined || before === undefined) continue;
      // One statement makes all that are made last: beside the primary key there is one of them, or none.
      found.set(table.name, { ...before, by, indexed: table.keys.length === 0 || (both[1][index]?.indexes ?? 0) > 1 });
    }
  }
  return found;
}

interface Described {
  readonly table: ComparedTable | undefined;
  readonly indexes: number;
}

async function described(
  session: Session,
  tables: readonly TableToFill[],
  signal: AbortSignal,
): Promise<readonly Described[]> {
  const listings = tables.map(({ schema, plain: name }) => `${tableListing({ schema, name })}; ${indexesOf({ schema, name })}`); // prettier-ignore
  const answers = await session.query(listings.join('; '), { signal });
  return tables.map(({ schema, plain: name, bytes }, index) => {
    const [columns = [], uniques = [], counted = []] = answers.slice(3 * index, 3 * index + 3);
    const table = comparedTable({ schema, name, rows: 0, bytes }, columns, uniques);
    return { table, indexes: Number(counted[0]?.['n'] ?? 0) };
  });
}
