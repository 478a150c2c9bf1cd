import { LockstepError } from '../../../base/errors.js';
import * as words from '../../../dialects/definitions.js';
import type { Definition, TableDefinition } from '../../../dialects/definitions.js';
import { columnsListing, rowStatements, type RowStatements } from '../../../dialects/dump-columns.js';
import { quoteIdentifier, quoteText } from '../../../dialects/quote.js';
import type { Row } from '../../../dialects/question.js';
import type { Flavour } from '../../../domain/snapshot.js';
import type { Session } from '../../../mysql/session.js';

/** All of a server but its rows and its accounts, in an order in which it can be made. */
export interface Definitions {
  readonly schemas: readonly { readonly name: string; readonly statement: string }[];
  readonly tables: readonly TableDefinition[];
  /** Sequences. */
  readonly before: readonly Definition[];
  /** Routines, views, triggers, events. */
  readonly after: readonly Definition[];
}

/** How many SHOW statements go out in one round trip. */
const batch = 50;

/** @throws LockstepError `copy-failed` for what cannot be copied this way */
export async function definitionsOf(session: Session, signal: AbortSignal): Promise<Definitions> {
  const ask = async (sql: string) => (await session.query(sql, { signal }))[0] ?? [];
  const shown = async <T>(
    rows: readonly Row[],
    statement: (row: Row) => string,
    make: (row: Row, answer: Row | undefined) => T,
  ) => {
    // prettier-ignore
    const made: T[] = [];
    for (let at = 0; at < rows.length; at += batch) {
      const some = rows.slice(at, at + batch);
      const answers = await session.query(some.map(statement).join('; '), { signal });
      made.push(...some.map((row, index) => make(row, answers[index]?.[0])));
    }
    return made;
  };
  const schemas = await ask(words.schemasListing);
  const all = await ask(words.tablesListing);
  const historic = all.filter((row) => row['y'] === 'SYSTEM VERSIONED').map(words.nameOf);
  if (historic.length > 0)
    throw new LockstepError('copy-failed', `tables with system versioning cannot be copied by a dump: ${historic.join(', ')}`, 'Copy by mariadb-backup.'); // prettier-ignore
  const sequences = all.filter(words.sequences);
  const next = await shown(sequences, (row) => `SELECT next_not_cached_value AS n FROM ${words.nameOf(row)}`, (_, answer) => answer); // prettier-ignore
  const definitions: Definitions = {
    schemas: await shown(schemas, (row) => `SHOW CREATE DATABASE ${quoteIdentifier(row['s'] ?? '')}`, (row, answer) => ({ name: row['s'] ?? '', statement: answer?.['Create Database'] ?? '' })), // prettier-ignore
    tables: await shown(all.filter(words.tables), (row) => `SHOW CREATE TABLE ${words.nameOf(row)}`, words.tableOf),
    before: (await shown(sequences, (row) => `SHOW CREATE SEQUENCE ${words.nameOf(row)}`, (row, answer) => [row, answer] as const)).map(([row, answer], index) => words.sequenceOf(row, answer, next[index])), // prettier-ignore
    after: [
      ...(await shown(await ask(words.routinesListing), (row) => `SHOW CREATE ${words.routineWord(row)} ${words.nameOf(row)}`, words.routineOf)), // prettier-ignore
      ...(await shown(all.filter(words.views), (row) => `SHOW CREATE VIEW ${words.nameOf(row)}`, words.viewOf)),
      ...(await shown(await ask(words.triggersListing), (row) => `SHOW CREATE TRIGGER ${words.nameOf(row)}`, words.triggerOf)), // prettier-ignore
      ...(await shown(
        await ask(words.eventsListing),
        (row) => `SHOW CREATE EVENT ${words.nameOf(row)}`,
        words.eventOf,
      )),
    ],
  };
  const odd = definitions.after.filter(words.unsayable);
  if (odd.length > 0)
    throw new LockstepError('copy-failed', `definitions are in a character set other than UTF-8, with more than ASCII in them: ${odd.map(({ schema, name }) => `${schema}.${name}`).join(', ')}`, 'Make them anew over a connection in utf8mb4.'); // prettier-ignore
  return definitions;
}

/** Whether nothing was made, dropped or altered between two readings. Estimates and counters change by themselves. */
export function sameDefinitions(one: Definitions, other: Definitions): boolean {
  return text(one) === text(other);
}

function text({ schemas, tables, before, after }: Definitions): string {
  const bare = (definition: Definition) => [definition.kind, definition.schema, definition.name, definition.settings, definition.statement.replace(/ AUTO_INCREMENT=\d+|SETVAL\(.*$/g, '')]; // prettier-ignore
  return JSON.stringify([schemas, tables.map(bare), before.map(bare), after.map(bare)]);
}

/** How the rows of every table are read and put down, by schema and name as `nameOf` writes them. */
export async function rowStatementsOf(
  session: Session,
  { schemas }: Definitions,
  flavour: Flavour,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RowStatements>> {
  const found = new Map<string, RowStatements>();
  for (const { name } of schemas) {
    const [rows = []] = await session.query(columnsListing(quoteText(name)), { signal });
    const tables = new Map<string, Row[]>();
    for (const row of rows) tables.set(row['t'] ?? '', [...(tables.get(row['t'] ?? '') ?? []), row]);
    for (const [table, columns] of tables) {
      const full = `${quoteIdentifier(name)}.${quoteIdentifier(table)}`;
      found.set(full, rowStatements(full, columns, flavour));
    }
  }
  return found;
}
