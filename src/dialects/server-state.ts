import type { ServerState } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Answers, Question, Row } from './question.js';
import { restartChangesOf, restartQuestions } from './restart-changes.js';
import { isOn, number, optionalNumber, text } from './values.js';

/** When a look's questions were sent and answered, on our clock, milliseconds since the Unix epoch. */
export interface Timing {
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** Past this round trip, milliseconds, the middle says too little of when the server read its clock. */
const longestRoundTrip = 2000;

export function stateQuestions(column: Column): Question[] {
  return [stateQuestion(column), uptimeQuestion(column), ...bootQuestion(column), ...restartQuestions(column)];
}

/**
 * `seconds` and `micros` apart, because UNIX_TIMESTAMP(NOW(6)) goes through local time and is an hour off, twice a
 * year, on a server whose time zone has summer time.
 */
function stateQuestion(column: Column): Question {
  const columns = [
    'UNIX_TIMESTAMP() AS seconds',
    'MICROSECOND(NOW(6)) AS micros',
    '@@global.read_only AS read_only',
    ...(column.readOnly === 'super' ? ['@@global.super_read_only AS super_read_only'] : []),
    '@@global.sync_binlog AS sync_binlog',
    '@@global.innodb_flush_log_at_trx_commit AS flush_at_commit',
    '@@global.log_bin AS log_bin',
    `@@global.${column.logUpdates} AS log_updates`,
  ];
  return { id: 'state', collector: 'server', pace: 'look', sql: `SELECT ${columns.join(', ')}`, privileges: [] };
}

/** Asked as the time of the server's start, which does not change, so that each look need not read a status table. */
function uptimeQuestion(column: Column): Question {
  const [table, name] =
    column.flavour === 'mariadb'
      ? ['information_schema.GLOBAL_STATUS', 'UPTIME']
      : // SHOW STATUS itself reads this table, so it answers with performance_schema off as well (seen on 9.7).
        ['performance_schema.global_status', 'Uptime'];
  const sql = `SELECT UNIX_TIMESTAMP() - VARIABLE_VALUE AS started FROM ${table} WHERE VARIABLE_NAME = '${name}'`;
  return { id: 'uptime', collector: 'server', pace: 'slow', sql, privileges: [] };
}

/** Where a setting came from; both tables may be read by everybody. */
function bootQuestion(column: Column): Question[] {
  const ask = (sql: string): Question[] => [{ id: 'boot', collector: 'server', pace: 'slow', sql, privileges: [] }];
  switch (column.settingOrigin) {
    case 'SYSTEM_VARIABLES':
      return ask(
        "SELECT VARIABLE_NAME AS name, GLOBAL_VALUE AS value, GLOBAL_VALUE_ORIGIN AS origin, NULL AS persisted FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_NAME = 'READ_ONLY'",
      );
    case 'variables_info':
      return ask(
        "SELECT i.VARIABLE_NAME AS name, IF(i.VARIABLE_NAME = 'read_only', @@global.read_only, @@global.super_read_only) AS value, i.VARIABLE_SOURCE AS origin, (SELECT p.VARIABLE_VALUE FROM performance_schema.persisted_variables p WHERE p.VARIABLE_NAME = i.VARIABLE_NAME) AS persisted FROM performance_schema.variables_info i WHERE i.VARIABLE_NAME IN ('read_only', 'super_read_only')",
      );
    case undefined:
      return [];
  }
}

/** undefined unless both `state` and `uptime` were answered. */
export function stateOf(column: Column, answers: Answers, timing: Timing | undefined): ServerState | undefined {
  const [state] = answers.state ?? [];
  const [uptime] = answers.uptime ?? [];
  if (state === undefined || uptime === undefined) return undefined;
  const now = number(state, 'seconds') + number(state, 'micros') / 1e6;
  const level = text(state, 'read_only').toUpperCase();
  return {
    uptimeSeconds: Math.max(0, Math.floor(now - number(uptime, 'started'))),
    clockOffsetSeconds: offset(now, timing),
    readOnly: isReadOnly(level),
    superReadOnly: superReadOnlyOf(column, state, level),
    bootReadOnly: bootReadOnlyOf(answers.boot),
    restartChanges: restartChangesOf(answers),
    syncBinlog: number(state, 'sync_binlog'),
    flushAtCommit: optionalNumber(state, 'flush_at_commit'),
    logsReplicaUpdates: isOn(state['log_bin']) && isOn(state['log_updates']),
  };
}

function offset(now: number, timing: Timing | undefined): number | undefined {
  if (timing === undefined || timing.receivedAt - timing.sentAt > longestRoundTrip) return undefined;
  return now - (timing.sentAt + timing.receivedAt) / 2000;
}

/** 0 or 1, or from MariaDB 12 on a level, of which every one but OFF closes the server. */
function isReadOnly(level: string): boolean {
  return level !== '0' && level !== 'OFF';
}

function superReadOnlyOf(column: Column, state: Row, level: string): boolean | undefined {
  switch (column.readOnly) {
    case 'switch':
      return undefined;
    case 'super':
      return isOn(state['super_read_only']);
    case 'levels':
      return level === 'NO_LOCK_NO_ADMIN';
  }
}

/**
 * What is persisted (mysqld-auto.cnf) wins over files and the command line; what was set at run time says nothing of
 * the next start. super_read_only at the start brings read_only with it.
 */
function bootReadOnlyOf(rows: readonly Row[] | undefined): boolean | undefined {
  const atStart = (rows ?? []).map((row) => {
    const persisted = row['persisted'];
    if (persisted !== undefined && persisted !== null) return isReadOnly(persisted.toUpperCase());
    return ['SQL', 'DYNAMIC'].includes(text(row, 'origin')) ? undefined : isReadOnly(text(row, 'value').toUpperCase());
  });
  if (atStart.includes(true)) return true;
  return atStart.length > 0 && atStart.every((value) => value === false) ? false : undefined;
}
