import { sql, type Statement } from '../domain/action.js';
import type { Column } from './capabilities.js';
import { composed } from './compose.js';

/** What both statements take; without it they are refused, and never only see less. */
export const sessionPrivileges = ['PROCESS ON *.*'] as const;

/** Sessions of everybody but those of `ours`, of replicas and of the server itself. */
export function applicationSessions(ours: readonly string[]): Statement {
  return composed('SELECT p.ID AS id ', others(ours), ' WHERE p.ID IS NOT NULL');
}

/**
 * Sessions of the same that a freeze would wait for: a statement that changes something, or a transaction that has, for
 * so many seconds or longer. By its first word, whoever does not read may write. One that only holds LOCK TABLES shows
 * in neither.
 */
export function longRunningSessions(column: Column, ours: readonly string[], seconds: number): Statement {
  return composed('SELECT DISTINCT p.ID AS id ', longRunning(column, ours, seconds));
}

/** How many these are. */
export function countLongRunning(column: Column, ours: readonly string[], seconds: number): Statement {
  return composed('SELECT COUNT(DISTINCT p.ID) AS sessions ', longRunning(column, ours, seconds));
}

function longRunning(column: Column, ours: readonly string[], seconds: number): Statement {
  const blank = column.flavour === 'mariadb' ? 'p.INFO' : 'CAST(p.INFO AS CHAR)';
  return composed(
    others(ours),
    ' LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID',
    ' WHERE p.ID IS NOT NULL AND (',
    sql`(p.COMMAND IN ('Query', 'Execute') AND p.TIME >= ${seconds}`,
    ` AND ${blank} NOT REGEXP '^[[:space:](]*(SELECT|SHOW|WITH|EXPLAIN|DESC|DESCRIBE|DO|SET|COMMIT|ROLLBACK|KILL)[[:space:]]')`,
    sql` OR (t.trx_started <= NOW() - INTERVAL ${seconds} SECOND AND (t.trx_rows_modified > 0 OR t.trx_rows_locked > 0)))`,
  );
}

/** The process list shows an account without PROCESS its own sessions alone, and says nothing; INNODB_CMP refuses it. */
function others(ours: readonly string[]): Statement {
  const users = ours.map((user) => sql`, ${user}`);
  return composed(
    'FROM (SELECT COUNT(*) AS pages FROM information_schema.INNODB_CMP) allowed LEFT JOIN information_schema.PROCESSLIST p ON ',
    "p.ID <> CONNECTION_ID() AND p.COMMAND NOT IN ('Killed', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') ",
    composed("AND p.USER NOT IN ('system user', 'event_scheduler', 'mysql.session'", ...users, ')'),
  );
}
