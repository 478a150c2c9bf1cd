import { marker } from './definitions.js';
import type { Row } from './question.js';
import { quoteIdentifier, quoteText } from './quote.js';

/**
 * What was made in a fresh server so far, written down in it beside what marks it as fresh: a place to go on from when a
 * copy broke, never a verdict. It goes with the mark.
 */
export interface Made {
  readonly schema: string;
  /** '' for the schema itself. */
  readonly name: string;
  /** Of its definition. */
  readonly digest: string;
  /** All its rows had come once, and its indexes were made. */
  readonly whole: boolean;
}

const table = `${marker}.made`;

/** A server that an earlier version laid out has no such table. */
export const notingMade = `CREATE TABLE IF NOT EXISTS ${table} (s VARCHAR(64) NOT NULL, t VARCHAR(64) NOT NULL, d CHAR(64) NOT NULL, w TINYINT NOT NULL, PRIMARY KEY (s, t)) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
export const madeListing = `SELECT s, t, d, w FROM ${table}`;

export function madeOf(row: Row): Made {
  return { schema: row['s'] ?? '', name: row['t'] ?? '', digest: row['d'] ?? '', whole: row['w'] === '1' };
}

export function noteMade({ schema, name, digest, whole }: Made): string {
  return `REPLACE INTO ${table} VALUES (${[schema, name, digest].map(quoteText).join(', ')}, ${whole ? 1 : 0})`;
}

/** Before it is dropped: what is noted stands there. */
export function forgetTable({ schema, name }: Pick<Made, 'schema' | 'name'>): string {
  return `DELETE FROM ${table} WHERE s = ${quoteText(schema)} AND t = ${quoteText(name)}`;
}

export function forgetSchema(schema: string): string {
  return `DELETE FROM ${table} WHERE s = ${quoteText(schema)}`;
}

/** Takes away one thing of a listing, whatever it is: `y` says what, as information_schema does. */
export function dropThing(row: Row): string {
  const kind = row['y'] === 'BASE TABLE' || row['y'] === 'SYSTEM VERSIONED' ? 'TABLE' : (row['y'] ?? '');
  return `DROP ${kind} IF EXISTS ${quoteIdentifier(row['s'] ?? '')}.${quoteIdentifier(row['t'] ?? '')}`;
}

/** A listing that does not say itself what it lists. */
export function named(rows: readonly Row[], kind: string): readonly Row[] {
  return rows.map((row) => ({ ...row, y: row['y'] ?? kind }));
}

/** How many indexes a table has, as `n`. */
export function indexesOf({ schema, name }: Pick<Made, 'schema' | 'name'>): string {
  return `SELECT COUNT(DISTINCT INDEX_NAME) AS n FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ${quoteText(schema)} AND TABLE_NAME = ${quoteText(name)}`; // prettier-ignore
}
