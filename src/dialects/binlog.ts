import type { BinlogFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Answers, Question, Row } from './question.js';
import { isOn, named, number, optionalNumber, text } from './values.js';

export function binlogQuestions(column: Column, answers: Answers): Question[] {
  const names = ['log_bin', ...column.expiry];
  const settings: Question = {
    id: 'binlog_settings',
    collector: 'binlog',
    pace: 'slow',
    sql: `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names.map((name) => `'${name}'`).join(', ')})`,
    privileges: [],
  };
  const privileges = [column.privileges.binlogStatus];
  const waitsForCommits = column.flavour === 'mariadb';
  const position: Question = {
    id: 'binlog_position',
    collector: 'binlog',
    pace: 'look',
    sql: column.binlogStatus,
    privileges,
    waitsForCommits,
  };
  const files: Question = {
    id: 'binlog_files',
    collector: 'binlog',
    pace: 'slow',
    sql: 'SHOW BINARY LOGS',
    privileges,
    waitsForCommits,
  };
  // SHOW BINARY LOGS is an error (1381) on a server without a binary log.
  return isOn(named(answers.binlog_settings ?? [])['log_bin']) ? [settings, position, files] : [settings, position];
}

/** undefined unless settings and position were answered; the list of files may be missing. */
export function binlogOf(answers: Answers): BinlogFacts | undefined {
  if (answers.binlog_settings === undefined || answers.binlog_position === undefined) return undefined;
  const variables = named(answers.binlog_settings);
  const [position] = answers.binlog_position;
  return {
    enabled: isOn(variables['log_bin']),
    current:
      position === undefined ? undefined : { file: text(position, 'File'), position: number(position, 'Position') },
    retentionSeconds: retentionOf(variables),
    files: answers.binlog_files?.map((row) => ({ name: text(row, 'Log_name'), bytes: number(row, 'File_size') })),
  };
}

/** Seconds hold where they are set, then days (with fractions on MariaDB); 0 is for ever. */
function retentionOf(variables: Row): number {
  const purges = variables['binlog_expire_logs_auto_purge'];
  if (purges !== undefined && !isOn(purges)) return 0;
  const seconds = optionalNumber(variables, 'binlog_expire_logs_seconds') ?? 0;
  return seconds > 0 ? seconds : (optionalNumber(variables, 'expire_logs_days') ?? 0) * 86_400;
}
