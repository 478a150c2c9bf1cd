import type { ActivityFacts, Running } from '../domain/activity.js';
import type { Column } from './capabilities.js';
import { processAllowed } from './process-allowed.js';
import type { Answers, Question, QuestionOptions, Row } from './question.js';
import { quoteText } from './quote.js';
import { number, optionalNumber, optionalText, text } from './values.js';

/** More than this says no more. */
const most = 100;

/** Threads of the server itself, appliers among them. */
const system = "'system user', 'event_scheduler', 'unauthenticated user', 'mysql.session'";

/**
 * PROCESSLIST answers with performance_schema off, too, on every version; its lock is held for as long as there are
 * sessions to list, which only thorough looks cost.
 */
export function activityQuestions(column: Column, { ours = [] }: QuestionOptions): Question[] {
  const thorough = { collector: 'activity', pace: 'thorough' } as const;
  const privileges = ['PROCESS ON *.*'];
  const own = ours.map((user) => `, ${quoteText(user)}`).join('');
  // Replicas are streams; a thread that was killed is there until it has taken back what it did.
  const others = `p.USER NOT IN (${system}, SUBSTRING_INDEX(USER(), '@', 1)${own}) AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID')`;
  return [
    {
      ...thorough,
      id: 'sessions',
      sql: `SELECT @@global.max_connections AS most, SUM(p.USER NOT IN (${system})) AS used, SUM(COALESCE(p.STATE, '') LIKE 'Waiting for semi-sync ACK%') AS waiting FROM ${processAllowed} LEFT JOIN information_schema.PROCESSLIST p ON p.ID IS NOT NULL`,
      privileges,
    },
    {
      ...thorough,
      id: 'statements',
      sql: `SELECT p.ID AS id, p.USER AS user, p.TIME AS seconds, p.COMMAND AS command, p.STATE AS state, ${writes} AS writes FROM ${processAllowed} LEFT JOIN information_schema.PROCESSLIST p ON p.COMMAND <> 'Sleep' AND p.TIME >= 1 AND ${others} WHERE p.ID IS NOT NULL ORDER BY p.TIME DESC LIMIT ${most}`,
      privileges,
    },
    {
      ...thorough,
      id: 'transactions',
      sql: `SELECT p.ID AS id, p.USER AS user, t.seconds AS seconds, p.COMMAND AS command, p.STATE AS state, t.changed AS changed, t.read_only AS read_only FROM ${processAllowed} LEFT JOIN (${transactions}) t ON t.seconds >= 1 LEFT JOIN information_schema.PROCESSLIST p ON p.ID = t.id AND ${others} WHERE p.ID IS NOT NULL ORDER BY t.seconds DESC LIMIT ${most}`,
      privileges,
    },
    ...(column.eventTable ? [{ ...thorough, ...enabledEvents }] : []),
  ];
}

/**
 * trx_started is in the system's time zone, whatever that of the session (seen on all four). InnoDB shows again what it
 * showed last while it is asked more often than every 0.1 s.
 */
export const transactions =
  "SELECT x.trx_mysql_thread_id AS id, TIMESTAMPDIFF(SECOND, x.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS seconds, x.trx_rows_modified > 0 AS changed, x.trx_is_read_only AS read_only FROM information_schema.INNODB_TRX x";

/**
 * Of the session p: whether its statement may change something, by its first word: all that leaves the server of its text. A comment in front,
 * as frameworks write it, is passed over. What calls or executes something else, or begins with WITH, may be either.
 */
const stripped =
  "IF(LEFT(LTRIM(p.INFO), 2) = '/*' AND LOCATE('*/', p.INFO) > 0, SUBSTRING(p.INFO, LOCATE('*/', p.INFO) + 2), p.INFO)";
const begins = (words: string) => `${stripped} REGEXP '^[[:space:](]*(${words})([[:space:](]|$)'`;
export const writes = `CASE WHEN ${begins('SELECT|SHOW|EXPLAIN|DESCRIBE|DESC|HELP|USE|CHECKSUM')} THEN 0 WHEN ${begins('INSERT|UPDATE|DELETE|REPLACE|LOAD|CREATE|ALTER|DROP|TRUNCATE|RENAME|OPTIMIZE|REPAIR|ANALYZE|GRANT|REVOKE|COMMIT|XA|IMPORT|INSTALL|UNINSTALL')} THEN 1 END`;

/**
 * From 8.0 on MySQL shows events only to who may change them (EVENT), which is more than a monitor should hold, and to
 * others none, saying nothing: they are unknown there.
 */
const enabledEvents = {
  id: 'events',
  sql: "SELECT COUNT(*) AS enabled FROM mysql.event WHERE status = 'ENABLED'",
  privileges: ['SELECT (status) ON mysql.event'],
} as const;

/** undefined unless sessions, statements and transactions were all answered. */
export function activityOf(answers: Answers): ActivityFacts | undefined {
  const [sessions] = answers.sessions ?? [];
  if (sessions === undefined || answers.statements === undefined || answers.transactions === undefined)
    return undefined;
  const [events] = answers.events ?? [];
  const changed = new Map(answers.transactions.map((row) => [text(row, 'id'), changesOf(row)]));
  return {
    statements: answers.statements.map((row) => running(row, changed.get(text(row, 'id')) ?? changesOf(row))),
    transactions: answers.transactions.map((row) => running(row, changesOf(row))),
    waitingForReplicas: optionalNumber(sessions, 'waiting') ?? 0,
    connections: { limit: number(sessions, 'most'), used: optionalNumber(sessions, 'used') ?? 0 },
    enabledEvents: events && optionalNumber(events, 'enabled'),
  };
}

function running(row: Row, writes: boolean | undefined): Running {
  return {
    id: number(row, 'id'),
    user: text(row, 'user'),
    seconds: number(row, 'seconds'),
    state: optionalText(row, 'state') ?? text(row, 'command'),
    writes,
  };
}

/** Of a transaction: it has changed something, or cannot. Of a statement: what it is. */
function changesOf(row: Row): boolean | undefined {
  if (row['changed'] === '1') return true;
  if (row['read_only'] === '1') return false;
  const writes = optionalNumber(row, 'writes');
  return writes === undefined ? undefined : writes === 1;
}
