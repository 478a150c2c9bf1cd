import type { RestartChanges } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Answers, Question, Row } from './question.js';
import { isOn, text } from './values.js';

/** More than this says no more. */
const most = 50;

/**
 * What is not a setting of the operator's: roles, which procedures change (whether a server starts read-only is asked
 * apart), what replication itself moves, and what MySQL sets at its own start (seen on 9.7).
 */
const roles =
  "'read_only', 'super_read_only', 'gtid_purged', 'gtid_slave_pos', 'gtid_binlog_state', 'foreign_key_checks'";
const settings = (name: string) => `${name} NOT IN (${roles}) AND ${name} NOT LIKE 'rpl_semi_sync_%_enabled'`;

/** Global settings that were set since the start, or that something else is persisted for; everybody may read them. */
export function restartQuestions(column: Column): Question[] {
  const ask = (sql: string): Question[] => [
    { id: 'set_since', collector: 'server', pace: 'slow', sql: `${sql} ORDER BY name LIMIT ${most}`, privileges: [] },
  ];
  switch (column.settingOrigin) {
    case 'SYSTEM_VARIABLES':
      return ask(
        `SELECT LOWER(VARIABLE_NAME) AS name, GLOBAL_VALUE AS value, NULL AS persisted FROM information_schema.SYSTEM_VARIABLES WHERE GLOBAL_VALUE_ORIGIN = 'SQL' AND ${settings('LOWER(VARIABLE_NAME)')}`,
      );
    case 'variables_info':
      return ask(
        `SELECT i.VARIABLE_NAME AS name, g.VARIABLE_VALUE AS value, p.VARIABLE_VALUE AS persisted FROM performance_schema.variables_info i JOIN performance_schema.global_variables g ON g.VARIABLE_NAME = i.VARIABLE_NAME LEFT JOIN performance_schema.persisted_variables p ON p.VARIABLE_NAME = i.VARIABLE_NAME WHERE (i.VARIABLE_SOURCE = 'DYNAMIC' OR p.VARIABLE_VALUE IS NOT NULL) AND ${settings('i.VARIABLE_NAME')}`,
      );
    case undefined:
      return [];
  }
}

/** undefined where the server does not tell. */
export function restartChangesOf({ set_since: rows }: Answers): RestartChanges | undefined {
  if (rows === undefined) return undefined;
  const names = (wanted: (row: Row) => boolean) => rows.filter(wanted).map((row) => text(row, 'name'));
  return {
    surely: names(({ value, persisted }) => isText(persisted) && !sameSetting(value ?? '', persisted)),
    perhaps: names(({ persisted }) => !isText(persisted)),
  };
}

function isText(value: string | null | undefined): value is string {
  return value !== null && value !== undefined;
}

/** One value may be written in two ways: `1` and `ON`, `2` and `2.000000`. */
export function sameSetting(one: string, other: string): boolean {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  const switches = /^(?:0|1|on|off|yes|no)$/i;
  if (switches.test(one) && switches.test(other)) return isOn(one) === isOn(other);
  return one !== '' && other !== '' && Number(one) === Number(other);
}
