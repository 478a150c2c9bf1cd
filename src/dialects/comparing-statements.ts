import { plainSql, sql, type Statement } from '../domain/action.js';
import type { Channel, GtidFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import { composed } from './compose.js';

/** How long one reading of one chunk may take before the server ends it, seconds. */
export const readingSeconds = 30;

/** For a session that only compares: no value is read otherwise on one server than on the other, and nothing runs for long. */
export function comparingSession(column: Column): readonly Statement[] {
  const limit = column.flavour === 'mariadb' ? `max_statement_time = ${readingSeconds}` : `max_execution_time = ${readingSeconds * 1000}`; // prettier-ignore
  return [
    plainSql(`SET SESSION time_zone = '+00:00', sql_mode = '', wait_timeout = 60, lock_wait_timeout = 5, ${limit}`),
    plainSql('SET NAMES utf8mb4'),
    plainSql('SET SESSION TRANSACTION READ ONLY'),
  ];
}

/**
 * Where a source stands, as the notes `position` (and `file`). A MariaDB source counts its GTIDs whether its replicas
 * use them or not.
 */
export function standsAt(column: Column, gtid: GtidFacts | undefined): Statement {
  if (gtid?.kind === 'mariadb') return { ...plainSql('SELECT @@GLOBAL.gtid_binlog_pos AS position'), notes: { position: 'position' } }; // prettier-ignore
  if (gtid?.mode === 'ON') return { ...plainSql("SELECT REPLACE(@@GLOBAL.gtid_executed, '\\n', '') AS position"), notes: { position: 'position' } }; // prettier-ignore
  return { ...plainSql(column.binlogStatus), notes: { File: 'file', Position: 'position' } };
}

/** Waits until a replica has applied all up to there: answers 1, or anything else after so many seconds. */
export function waitsFor(
  column: Column,
  gtid: GtidFacts | undefined,
  channel: Pick<Channel, 'name'>,
  seconds: number,
): Statement {
  const position = { note: 'position' } as const;
  if (gtid?.kind === 'mariadb')
    return { ...sql`SELECT MASTER_GTID_WAIT(${position}, ${seconds}) = 0 AS reached`, expect: 1 };
  if (gtid?.mode === 'ON') return { ...sql`SELECT WAIT_FOR_EXECUTED_GTID_SET(${position}, ${seconds}) = 0 AS reached`, expect: 1 }; // prettier-ignore
  const wait = column.sourceWord === 'SOURCE' ? 'SOURCE_POS_WAIT' : 'MASTER_POS_WAIT';
  const place = sql`(${{ note: 'file' }}, ${{ note: 'position', as: 'number' }}, ${seconds}, ${channel.name}) >= 0 AS reached`;
  return { ...composed(`SELECT ${wait}`, place), expect: 1 };
}
