import type { Heartbeat } from '../domain/snapshot.js';
import type { Answers, HeartbeatTable, Question } from './question.js';
import { quoteIdentifier, quoteText } from './quote.js';
import { number, optionalTime } from './values.js';

/**
 * A table as pt-heartbeat writes it: `ts`, text `YYYY-MM-DDTHH:MM:SS.ffffff` in the time of its host or, with --utc,
 * in UTC; and `server_id`. It is read only once it was seen to be there.
 * @throws LockstepError `bad-identifier` for a name that MySQL would not accept
 */
export function heartbeatQuestions(table: HeartbeatTable | undefined, answers: Answers): Question[] {
  if (table === undefined) return [];
  const name = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)}`;
  const privileges = [`SELECT ON ${name}`];
  const present: Question = {
    id: 'heartbeat_present',
    collector: 'heartbeat',
    pace: 'slow',
    // Shows the table only to those who may read it: without the privilege it is not there.
    sql: `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteText(table.schema)} AND TABLE_NAME = ${quoteText(table.table)}`,
    privileges: [],
  };
  if ((answers.heartbeat_present ?? []).length === 0) return [present];
  const written = table.utc ? "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', ts) / 1e6" : 'UNIX_TIMESTAMP(ts)'; // in the session's time zone, which is the server's
  const heartbeat: Question = {
    id: 'heartbeat',
    collector: 'heartbeat',
    pace: 'look',
    sql: `SELECT server_id, ${written} AS written_at, UNIX_TIMESTAMP() AS seconds, MICROSECOND(NOW(6)) AS micros FROM ${name}`,
    privileges,
  };
  return [present, heartbeat];
}

/** undefined when there is no such table, or it was not asked; rows whose `ts` is no time are left out. */
export function heartbeatsOf(answers: Answers): Heartbeat[] | undefined {
  return answers.heartbeat
    ?.filter((row) => optionalTime(row, 'written_at') !== undefined)
    .map((row) => ({
      serverId: number(row, 'server_id'),
      writtenAt: number(row, 'written_at'),
      nowAt: number(row, 'seconds') + number(row, 'micros') / 1e6,
    }));
}
