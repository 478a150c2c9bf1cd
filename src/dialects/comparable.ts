import { quoteIdentifier } from './quote.js';

/** How tables of two servers are compared by their checksums, with functions that every version has (MySQL 9 has no MD5). */

/** A column as information_schema describes it. */
export interface TableColumn {
  readonly name: string;
  /** `varchar(20)`, `int(10) unsigned`: with all that belongs to it. */
  readonly type: string;
  /** `varchar`, `int`. */
  readonly dataType: string;
  readonly nullable: boolean;
  readonly charset: string | undefined;
  readonly collation: string | undefined;
  /** The most bytes that a text or binary value takes. */
  readonly bytes: number | undefined;
  /** Computed when it is read, and stored nowhere. */
  readonly virtual: boolean;
}

/** A table as one server describes it. */
export interface ComparedTable {
  readonly schema: string;
  readonly name: string;
  /** The server's estimate. */
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly TableColumn[];
  /** The key in whose order it is read; undefined: there is none that names every row and sorts as it compares. */
  readonly key: TableKey | undefined;
}

export interface TableKey {
  readonly index: string;
  readonly columns: readonly TableColumn[];
}

/** Values longer than this go into the row's checksum by a checksum of their own, so that a row stays far below max_allowed_packet. */
const longBytes = 1024;

const numbers = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'double', 'year']);
const times = new Set(['date', 'datetime', 'timestamp', 'time']);
const texts = new Set(['char', 'varchar', 'enum', 'set', 'tinytext', 'text', 'mediumtext', 'longtext']);
const bytes = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const exact = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year']);

/** Whether ranges of a column sort as they compare, and can be written down again. ENUM sorts by number and compares by text; floats are not exact. */
export function isOrderly({ dataType, virtual }: TableColumn): boolean {
  if (virtual) return false;
  return exact.has(dataType) || times.has(dataType) || ['char', 'varchar', 'binary', 'varbinary'].includes(dataType);
}

/**
 * Whether the same checksum shows the same value, to the last bit. What is printed of a float, or of JSON, is a server's own
 * choice of words.
 */
export function isExact({ dataType, virtual }: TableColumn): boolean {
  const kinds = [exact, times, texts, bytes, new Set(['bit', 'uuid', 'inet4', 'inet6'])];
  return virtual || kinds.some((kind) => kind.has(dataType));
}

/** `schema`.`table` */
export function tableName({ schema, name }: Pick<ComparedTable, 'schema' | 'name'>): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * The checksum of a row: 60 bits of SHA-256 over all its stored columns, as a number. Lengths stand before texts and the
 * NULLs at the end, so that two rows that differ never read alike. CRC32 would not do: it is linear, and the same small change
 * in two rows cancels out of their XOR.
 */
export function rowChecksum(columns: readonly TableColumn[]): string {
  const stored = columns.filter(({ virtual }) => !virtual);
  const nulls = stored.filter(({ nullable }) => nullable).map(({ name }) => `ISNULL(${quoteIdentifier(name)})`);
  const parts = [...stored.flatMap(comparable), ...(nulls.length === 0 ? ["''"] : [`CONCAT(${nulls.join(', ')})`])];
  return `CAST(CONV(LEFT(SHA2(CONCAT_WS('#', ${parts.join(', ')}), 256), 15), 16, 10) AS UNSIGNED)`;
}

/** A sum, and no XOR: rows of a table without a key may be there twice. */
export function checksumOf(columns: readonly TableColumn[]): string {
  return `COUNT(*) AS counted, COALESCE(SUM(${rowChecksum(columns)}), 0) AS summed`;
}

/** Counts and sums up one range of a table, in the order of its key. */
export function checksumIn(table: ComparedTable, key: TableKey, from: KeyPlace | undefined, to: KeyPlace | undefined) {
  return `SELECT ${checksumOf(table.columns)} FROM ${inOrderOf(table, key)} WHERE ${between(key, from, to)}`;
}

/** The place of the row so many rows behind `from`, if there is one up to `to`. */
export function endIn(
  table: ComparedTable,
  key: TableKey,
  from: KeyPlace | undefined,
  to: KeyPlace | undefined,
  rows: number,
): string {
  const order = key.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `SELECT ${keyValues(key)} FROM ${inOrderOf(table, key)} WHERE ${between(key, from, to)} ORDER BY ${order} LIMIT ${rows - 1}, 1`; // prettier-ignore
}

/** For FROM: a table that is read by this key. */
export function inOrderOf(table: Pick<ComparedTable, 'schema' | 'name'>, { index }: TableKey): string {
  return `${tableName(table)} FORCE INDEX (${quoteIdentifier(index)})`;
}

/** A column's value as text that is the same wherever the value is the same. */
function comparable({ name, dataType, bytes: most = Infinity }: TableColumn): string[] {
  const column = quoteIdentifier(name);
  if (numbers.has(dataType) || times.has(dataType)) return [column];
  // As a double it is printed in full; as a float only six digits of it are.
  if (dataType === 'float') return [`${column} + 0e0`];
  if (dataType === 'bit') return [`${column} + 0`];
  const long = most > longBytes;
  if (texts.has(dataType)) return long ? [`SHA2(${column}, 256)`] : [`LENGTH(${column})`, `CAST(${column} AS BINARY)`];
  if (bytes.has(dataType)) return long ? [`SHA2(${column}, 256)`] : [`LENGTH(${column})`, column];
  if (dataType === 'json') return [`SHA2(CAST(${column} AS CHAR), 256)`];
  if (dataType === 'uuid' || dataType === 'inet6' || dataType === 'inet4') return [`CAST(${column} AS CHAR)`];
  return [`SHA2(HEX(${column}), 256)`];
}

/** A place in a key's order: one value for each of its columns, as {@link keyValues} gave them. */
export type KeyPlace = readonly string[];

/** What a query selects to learn a row's place: text and binary values as hex digits, the rest as it is printed. */
export function keyValues({ columns }: TableKey): string {
  return columns
    .map((column, index) => {
      const name = quoteIdentifier(column.name);
      return `${isText(column) ? `HEX(${name})` : `CAST(${name} AS CHAR)`} AS k${index}`;
    })
    .join(', ');
}

export function placeOf({ columns }: TableKey, row: Readonly<Record<string, string | null>>): KeyPlace {
  return columns.map((_, index) => row[`k${index}`] ?? '');
}

/** The rows behind `from` up to and with `to`. @param from undefined: from the first @param to undefined: to the last */
export function between(key: TableKey, from: KeyPlace | undefined, to: KeyPlace | undefined): string {
  const conditions = [
    ...(from === undefined ? [] : [beyond(key, from, '>', '>')]),
    ...(to === undefined ? [] : [beyond(key, to, '<', '<=')]),
  ];
  return conditions.length === 0 ? 'TRUE' : conditions.join(' AND ');
}

/** A place for people: `5`, `('en', 7)`. */
export function placeWords({ columns }: TableKey, place: KeyPlace): string {
  const values = columns.map((column, index) => {
    const value = place[index] ?? '';
    if (!isText(column)) return exact.has(column.dataType) ? value : `'${value}'`;
    const text = Buffer.from(value, 'hex');
    const decoded = text.toString();
    const plain = column.charset !== undefined && /^[^\p{Cc}\uFFFD]*$/u.test(decoded);
    return plain ? `'${decoded.replaceAll("'", "''")}'` : `0x${value}`;
  });
  return values.length === 1 ? (values[0] ?? '') : `(${values.join(', ')})`;
}

/** (a > x) OR (a = x AND b > y): servers use an index for it, and not for (a, b) > (x, y). */
function beyond({ columns }: TableKey, place: KeyPlace, strictly: string, last: string): string {
  const ways = columns.map((_, at) => {
    const same = columns.slice(0, at).map((column, index) => `${quoteIdentifier(column.name)} = ${literal(column, place[index])}`); // prettier-ignore
    const column = columns[at];
    const sign = at === columns.length - 1 ? last : strictly;
    return [...same, ...(column === undefined ? [] : [`${quoteIdentifier(column.name)} ${sign} ${literal(column, place[at])}`])].join(' AND '); // prettier-ignore
  });
  return ways.length === 1 ? `(${ways[0] ?? ''})` : `(${ways.map((way) => `(${way})`).join(' OR ')})`;
}

/** @throws TypeError for a value that the server cannot have printed */
function literal(column: TableColumn, value = ''): string {
  if (isText(column)) {
    if (!/^(?:[0-9A-F]{2})*$/.test(value)) throw new TypeError(`"${value}" is no hex text`);
    // In the column's own character set: by comparison, the column's collation goes before the default one.
    return column.charset === undefined ? `X'${value}'` : `_${column.charset} X'${value}'`;
  }
  if (exact.has(column.dataType) && /^-?\d{1,65}(?:\.\d{1,38})?$/.test(value)) return value;
  if (times.has(column.dataType) && /^[-\d: .]{1,32}$/.test(value)) return `'${value}'`;
  throw new TypeError(`"${value}" is no ${column.dataType}`);
}

function isText({ dataType }: TableColumn): boolean {
  return texts.has(dataType) || bytes.has(dataType);
}
