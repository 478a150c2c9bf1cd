import type { Column } from './capabilities.js';
import type { Detected } from './detect.js';
import { grantStatements, type GrantedAccount } from './grant-statements.js';
import { type Question, type QuestionOptions, type Row } from './question.js';
import { questionsFor } from './questions.js';

/**
 * The statements that give the monitor account all it needs to ask every question, and nothing more. The table of
 * a heartbeat must exist before its statement can run.
 */
export function grantsFor(
  column: Column,
  account: GrantedAccount,
  detected: Pick<Detected, 'performanceSchema'>,
  options: QuestionOptions = {},
): string[] {
  return statements(questionsFor(column, detected, options, everything(column)), account);
}

/** The statements that give what one question needs; `[]` when it needs nothing. */
export function grantFor(question: Question, account: GrantedAccount): string[] {
  return statements([question], account);
}

function statements(questions: readonly Question[], account: GrantedAccount): string[] {
  return grantStatements(
    questions.flatMap(({ privileges }) => privileges),
    account,
  );
}

/** Slow answers that call for every question there is. */
function everything(column: Column): Record<string, readonly Row[]> {
  return {
    heartbeat_present: [{ name: '' }],
    binlog_settings: [{ Variable_name: 'log_bin', Value: 'ON' }],
    semi_sync_settings: column.semiSync.map(({ source }) => ({ Variable_name: `${source}_enabled`, Value: 'ON' })),
  };
}
