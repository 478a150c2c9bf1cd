import type { Column } from './capabilities.js';
import type { Detected } from './detect.js';
import { type Question, type QuestionOptions, type Row } from './question.js';
import { questionsFor } from './questions.js';
import { quoteAccount } from './quote.js';

export interface MonitorAccount {
  readonly user: string;
  /** Default `%`. */
  readonly host?: string;
}

/**
 * The statements that give the monitor account all it needs to ask every question, and nothing more. The table of
 * a heartbeat must exist before its statement can run.
 */
export function grantsFor(
  column: Column,
  account: MonitorAccount,
  detected: Pick<Detected, 'performanceSchema'>,
  options: QuestionOptions = {},
): string[] {
  return statements(questionsFor(column, detected, options, everything(column)), account);
}

/** The statements that give what one question needs; `[]` when it needs nothing. */
export function grantFor(question: Question, account: MonitorAccount): string[] {
  return statements([question], account);
}

/** Privileges on the same thing go into one statement; of column privileges only the widest is kept. */
function statements(questions: readonly Question[], account: MonitorAccount): string[] {
  const onThings = new Map<string, Set<string>>();
  for (const privilege of questions.flatMap((question) => question.privileges)) {
    const [what = '', thing = ''] = privilege.split(' ON ');
    onThings.set(thing, (onThings.get(thing) ?? new Set()).add(what));
  }
  const to = quoteAccount({ user: account.user, host: account.host ?? '%' });
  return [...onThings]
    .sort(([a], [b]) => Number(b === '*.*') - Number(a === '*.*') || a.localeCompare(b, 'en'))
    .map(
      ([thing, what]) =>
        `GRANT ${widest([...what])
          .sort()
          .join(', ')} ON ${thing} TO ${to}`,
    );
}

/** `SELECT (User, Host, ssl_type)` is within `SELECT (User, Host, ssl_type, account_locked)`. */
function widest(privileges: readonly string[]): string[] {
  const within = (a: string, b: string) => a !== b && a.endsWith(')') && b.startsWith(`${a.slice(0, -1)}, `);
  return privileges.filter((a) => !privileges.some((b) => within(a, b)));
}

/** Slow answers that call for every question there is. */
function everything(column: Column): Record<string, readonly Row[]> {
  return {
    heartbeat_present: [{ name: '' }],
    binlog_settings: [{ Variable_name: 'log_bin', Value: 'ON' }],
    semi_sync_settings: column.semiSync.map(({ source }) => ({ Variable_name: `${source}_enabled`, Value: 'ON' })),
  };
}
