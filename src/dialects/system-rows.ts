import { columnsListing, rowStatements, type RowStatements } from './dump-columns.js';
import { quoteText } from './quote.js';
import type { Row } from './question.js';
import type { Flavour } from '../domain/snapshot.js';

/**
 * Tables of schema `mysql` that belong to applications rather than to a server, and whose rows mean the same on every
 * version: time zones by their names, without which a replica stops at the first statement that names one (1298), and
 * the servers that tables of FEDERATED or Spider lie on.
 */
const names = ['time_zone', 'time_zone_name', 'time_zone_transition', 'time_zone_transition_type', 'time_zone_leap_second', 'servers']; // prettier-ignore

export const systemColumns = columnsListing(quoteText('mysql'));

export interface SystemTable {
  readonly name: string;
  readonly rows: RowStatements;
  /** What stands there, from an earlier try, gives way. */
  readonly clear: string;
}

/** @param columns rows of {@link systemColumns} @param flavour of the server that takes the rows */
export function systemTables(columns: readonly Row[], flavour: Flavour): readonly SystemTable[] {
  return names.flatMap((table) => {
    const own = columns.filter(({ t }) => t === table);
    const name = `mysql.${table}`;
    return own.length === 0 ? [] : [{ name, rows: rowStatements(name, own, flavour), clear: `DELETE FROM ${name}` }];
  });
}

/** Servers are known from memory. */
export const knowing = 'FLUSH LOCAL PRIVILEGES';
