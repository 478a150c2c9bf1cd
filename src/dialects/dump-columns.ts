import { quoteIdentifier } from './quote.js';
import type { Row } from './question.js';
import type { Flavour } from '../domain/snapshot.js';

/** The columns of every table of one schema, in their order. */
export const columnsListing = (schema: string) =>
  `SELECT TABLE_NAME AS t, COLUMN_NAME AS c, DATA_TYPE AS d, EXTRA AS x FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${schema} ORDER BY TABLE_NAME, ORDINAL_POSITION`;

/** How the rows of a table are read on one server and put down on another, with no value changed on its way. */
export interface RowStatements {
  /** In the text protocol, with every text in its column's own character set. */
  readonly select: string;
  /** undefined: it has no columns of its own. */
  readonly load: string;
}

/**
 * @param flavour of the server that takes the rows
 * @param columns rows of {@link columnsListing} of one table
 */
export function rowStatements(table: string, columns: readonly Row[], flavour: Flavour): RowStatements {
  const own = columns.filter((row) => !/(?:VIRTUAL|STORED|PERSISTENT) GENERATED/i.test(row['x'] ?? ''));
  const reads = own.map((row) => readAs(quoteIdentifier(row['c'] ?? ''), type(row)));
  const takes = own.map((row, index) => (isConverted(type(row), flavour) ? `@v${index}` : quoteIdentifier(row['c'] ?? ''))); // prettier-ignore
  const sets = own.flatMap((row, index) => (isConverted(type(row), flavour) ? [`${quoteIdentifier(row['c'] ?? '')} = CONVERT(@v${index} USING utf8mb4)`] : [])); // prettier-ignore
  return {
    select: `SELECT ${reads.join(', ')} FROM ${table}`,
    load: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table} CHARACTER SET binary (${takes.join(', ')})${sets.length === 0 ? '' : ` SET ${sets.join(', ')}`}`,
  };
}

function type(row: Row): string {
  return (row['d'] ?? '').toLowerCase();
}

/** FLOAT is printed with six digits, of which not every value comes back; as a DOUBLE it is printed whole. */
function readAs(name: string, dataType: string): string {
  return dataType === 'float' ? `${name} + 0e0` : name;
}

/** Types that take bytes without a character set for their inner form, or refuse them. */
function isConverted(dataType: string, flavour: Flavour): boolean {
  return flavour === 'mysql' ? dataType === 'json' : ['inet4', 'inet6', 'uuid'].includes(dataType);
}
