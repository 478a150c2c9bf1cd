import { LockstepError } from '../base/errors.js';
import type { GtidFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Answers, Question } from './question.js';
import { isOn, number, text, withoutSpace } from './values.js';

const modes = ['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'] as const;

export function gtidQuestion(column: Column): Question {
  const names =
    column.flavour === 'mysql'
      ? ['gtid_mode', 'gtid_executed', 'gtid_purged']
      : [
          'gtid_binlog_pos',
          'gtid_binlog_state',
          'gtid_slave_pos',
          'gtid_current_pos',
          'gtid_domain_id',
          'gtid_strict_mode',
        ];
  const sql = `SELECT ${names.map((name) => `@@global.${name} AS ${name}`).join(', ')}`;
  return { id: 'gtid', collector: 'gtid', pace: 'look', sql, privileges: [] };
}

export function gtidOf(column: Column, answers: Answers): GtidFacts | undefined {
  const [row] = answers.gtid ?? [];
  if (row === undefined) return undefined;
  if (column.flavour === 'mysql') {
    return {
      kind: 'mysql',
      mode: modeOf(text(row, 'gtid_mode')),
      executed: withoutSpace(text(row, 'gtid_executed')),
      purged: withoutSpace(text(row, 'gtid_purged')),
    };
  }
  return {
    kind: 'mariadb',
    binlogPos: text(row, 'gtid_binlog_pos'),
    binlogState: text(row, 'gtid_binlog_state'),
    slavePos: text(row, 'gtid_slave_pos'),
    currentPos: text(row, 'gtid_current_pos'),
    domainId: number(row, 'gtid_domain_id'),
    strict: isOn(row['gtid_strict_mode']),
  };
}

function modeOf(word: string): (typeof modes)[number] {
  const found = modes.find((mode) => mode === word.toUpperCase());
  if (found === undefined)
    throw new LockstepError('unexpected-answer', `the server has gtid_mode=${word}, and known are ${modes.join(', ')}`);
  return found;
}
