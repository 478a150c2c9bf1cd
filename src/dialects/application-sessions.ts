import { sql, type Statement } from '../domain/action.js';
import { transactions, writes } from './activity.js';
import { composed } from './compose.js';
import { processAllowed } from './process-allowed.js';

/** What both statements take; without it they are refused, and never only see less. */
export const sessionPrivileges = ['PROCESS ON *.*'] as const;

/** Sessions of everybody but those of `ours`, of replicas and of the server itself. */
export function applicationSessions(ours: readonly string[]): Statement {
  return composed('SELECT p.ID AS id ', others(ours), ' WHERE p.ID IS NOT NULL');
}

/**
 * Sessions of the same that a freeze would wait for, or that would lose much by it: a statement that may change something,
 * or a transaction that has, for so many seconds or longer. One that only holds LOCK TABLES shows in neither.
 */
export function longRunningSessions(ours: readonly string[], seconds: number): Statement {
  return composed('SELECT DISTINCT p.ID AS id ', longRunning(ours, seconds));
}

/** How many these are. */
export function countLongRunning(ours: readonly string[], seconds: number): Statement {
  return composed('SELECT COUNT(DISTINCT p.ID) AS sessions ', longRunning(ours, seconds));
}

function longRunning(ours: readonly string[], seconds: number): Statement {
  return composed(
    others(ours),
    ` LEFT JOIN (${transactions}) t ON t.id = p.ID WHERE p.ID IS NOT NULL AND (`,
    sql`(p.COMMAND <> 'Sleep' AND p.TIME >= ${seconds}`,
    ` AND COALESCE(${writes}, 1) = 1)`,
    sql` OR (t.seconds >= ${seconds} AND t.changed = 1))`,
  );
}

function others(ours: readonly string[]): Statement {
  const users = ours.map((user) => sql`, ${user}`);
  return composed(
    `FROM ${processAllowed} LEFT JOIN information_schema.PROCESSLIST p ON `,
    "p.ID <> CONNECTION_ID() AND p.COMMAND NOT IN ('Killed', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') ",
    composed("AND p.USER NOT IN ('system user', 'event_scheduler', 'mysql.session'", ...users, ')'),
  );
}
