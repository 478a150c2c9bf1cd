import type { ComparedTable, TableColumn, TableKey } from './comparable.js';
import { isOrderly } from './comparable.js';
import type { Row } from './question.js';
import { quoteText } from './quote.js';

/** Schemas that belong to a server itself, and are not replicated as they stand. */
const ownSchemas = ['mysql', 'sys', 'performance_schema', 'information_schema'];
const elsewhere = `NOT IN (${ownSchemas.map((name) => `'${name}'`).join(', ')})`;

/** Answers with an error unless the account may read everything: information_schema hides what it may not, and says nothing. */
export const mayReadAll = 'SELECT 1 FROM mysql.db LIMIT 0';

/** Every table of applications. */
export const tablesListing = `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, TABLE_ROWS AS r, COALESCE(DATA_LENGTH, 0) AS b FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA ${elsewhere}`;

export interface ListedTable {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

export function listedTables(rows: readonly Row[]): readonly ListedTable[] {
  return rows.map((row) => ({
    schema: row['s'] ?? '',
    name: row['t'] ?? '',
    rows: Number(row['r'] ?? 0),
    bytes: Number(row['b'] ?? 0),
  }));
}

/** Columns, then indexes, of one table. */
export function tableListing({ schema, name }: Pick<ListedTable, 'schema' | 'name'>): string {
  const here = `TABLE_SCHEMA = ${quoteText(schema)} AND TABLE_NAME = ${quoteText(name)}`;
  return [
    `SELECT COLUMN_NAME AS c, COLUMN_TYPE AS t, DATA_TYPE AS d, IS_NULLABLE AS n, CHARACTER_SET_NAME AS s, COLLATION_NAME AS o, CHARACTER_OCTET_LENGTH AS b, EXTRA AS x FROM information_schema.COLUMNS WHERE ${here} ORDER BY ORDINAL_POSITION`,
    `SELECT INDEX_NAME AS i, COLUMN_NAME AS c, SUB_PART AS p FROM information_schema.STATISTICS WHERE ${here} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX`,
  ].join('; ');
}

/** undefined when the table is gone. */
export function comparedTable(
  listed: ListedTable,
  columns: readonly Row[],
  indexes: readonly Row[],
): ComparedTable | undefined {
  if (columns.length === 0) return undefined;
  const all = columns.map(columnOf);
  return { ...listed, columns: all, key: keyOf(all, indexes) };
}

/** How two descriptions of a table differ; undefined when rows can be compared. Words that versions print otherwise are the same. */
export function definitionsDiffer(source: ComparedTable, replica: ComparedTable): string | undefined {
  const [ours, theirs] = [source, replica].map(({ columns }) => columns.map(described));
  const odd = ours?.findIndex((one, index) => one !== theirs?.[index]) ?? -1;
  if (odd >= 0) return `column ${ours?.[odd] ?? ''} there, ${theirs?.[odd] ?? 'none'} here`;
  const more = theirs?.[ours?.length ?? 0];
  return more === undefined ? undefined : `column ${more} here alone`;
}

function described({ name, type, nullable, charset, collation }: TableColumn): string {
  const words = [type.replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, '$1'), utf8mb3(charset), utf8mb3(collation)];
  return [name, ...words.filter((word) => word !== ''), nullable ? 'NULL' : 'NOT NULL'].join(' ');
}

/** MariaDB 10.6 and MySQL 8.0.28 gave utf8 its full name. */
function utf8mb3(word = ''): string {
  return word.replace(/^utf8(?=_|$)/, 'utf8mb3');
}

function columnOf(row: Row): TableColumn {
  return {
    name: row['c'] ?? '',
    type: row['t'] ?? '',
    dataType: (row['d'] ?? '').toLowerCase(),
    nullable: row['n'] === 'YES',
    charset: row['s'] ?? undefined,
    collation: row['o'] ?? undefined,
    bytes: row['b'] === null || row['b'] === undefined ? undefined : Number(row['b']),
    virtual: /VIRTUAL GENERATED/i.test(row['x'] ?? ''),
  };
}

/** The primary key, else the first unique one, over whole columns that are never NULL and sort as they compare. */
function keyOf(columns: readonly TableColumn[], indexes: readonly Row[]): TableKey | undefined {
  const byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const parts = new Map<string, (TableColumn | undefined)[]>();
  for (const row of indexes) {
    const column = row['p'] === null ? byName.get((row['c'] ?? '').toLowerCase()) : undefined;
    parts.set(row['i'] ?? '', [...(parts.get(row['i'] ?? '') ?? []), column]);
  }
  for (const [index, found] of parts) {
    const whole = found.flatMap((column) => (column !== undefined && !column.nullable && isOrderly(column) ? [column] : [])); // prettier-ignore
    if (whole.length === found.length) return { index, columns: whole };
  }
  return undefined;
}
