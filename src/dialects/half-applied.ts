import { sql, type Statement } from '../domain/action.js';
import type { Column } from './capabilities.js';
import { composed } from './compose.js';

const tables = ['replication_applier_status_by_coordinator', 'replication_applier_status_by_worker', 'threads'];
const [coordinators, workers, threads] = tables.map((table) => `performance_schema.${table}`);
const atRest = "'% has read all relay log; waiting for more updates'";
const waits = "'Waiting for an event from Coordinator'";

/** What {@link halfApplied} takes. The KILL of what it finds takes CONNECTION_ADMIN and SYSTEM_USER (seen on 9.7). */
export function halfAppliedPrivileges(column: Column): readonly string[] {
  return halfApplied(column, '') === undefined ? [] : tables.map((table) => `SELECT ON performance_schema.${table}`);
}

/**
 * The coordinator of a channel that has read all there is, while one of its workers has a transaction in hand: half of
 * one, whose rest its source never sent. MySQL lets STOP REPLICA wait for it for a
 * minute (60.3 s on 9.7). Ended, it takes the
 * half back at once. undefined: MariaDB, which does not wait, and versions that do not tell. It finds none where
 * performance_schema is off.
 */
export function halfApplied(column: Column, channel: string): Statement | undefined {
  if (!tells(column)) return undefined;
  return composed(
    `SELECT t.PROCESSLIST_ID AS id FROM ${coordinators} c JOIN ${threads} t ON t.THREAD_ID = c.THREAD_ID `,
    sql`WHERE c.CHANNEL_NAME = ${channel}`,
    ` AND t.PROCESSLIST_STATE LIKE ${atRest} `,
    `AND EXISTS (SELECT 1 FROM ${workers} w JOIN ${threads} o ON o.THREAD_ID = w.THREAD_ID `,
    "WHERE w.CHANNEL_NAME = c.CHANNEL_NAME AND w.APPLYING_TRANSACTION <> '' ",
    `AND o.PROCESSLIST_STATE = ${waits})`,
  );
}

/**
 * Finds a row while a channel is applying what it has received: only once it rests can {@link halfApplied} find what
 * waits for the rest. A receiver that is stopped brings nothing new. A delay that was asked for is no work.
 */
export function stillApplying(column: Column, channel: string): Statement | undefined {
  if (!tells(column)) return undefined;
  return composed(
    `SELECT 1 FROM ${coordinators} c JOIN ${threads} t ON t.THREAD_ID = c.THREAD_ID `,
    sql`WHERE c.CHANNEL_NAME = ${channel}`,
    " AND t.PROCESSLIST_STATE NOT LIKE 'Waiting until %' ",
    `AND (t.PROCESSLIST_STATE NOT LIKE ${atRest} OR EXISTS (SELECT 1 FROM ${workers} w JOIN ${threads} o ON o.THREAD_ID = w.THREAD_ID `,
    `WHERE w.CHANNEL_NAME = c.CHANNEL_NAME AND w.APPLYING_TRANSACTION <> '' AND o.PROCESSLIST_STATE <> ${waits}))`,
  );
}

/** Finds a row while a channel has an applier: one that was ended goes at once, unless STOP REPLICA comes first, which lets it wait for the minute. */
export function applierAtWork(column: Column, channel: string): Statement | undefined {
  if (!tells(column)) return undefined;
  return composed(`SELECT 1 FROM ${coordinators} c `, sql`WHERE c.CHANNEL_NAME = ${channel}`, " AND c.SERVICE_STATE = 'ON'"); // prettier-ignore
}

function tells(column: Column): boolean {
  return column.receivedTimes === 'heartbeats-and-transactions';
}
