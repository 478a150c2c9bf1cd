import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.js';
import { grantsFor } from '../dialects/grants.js';
import type { QuestionOptions } from '../dialects/question.js';
import { quoteAccount, quoteText } from '../dialects/quote.js';
import type { SandboxServer } from './server.js';

export interface Account {
  readonly user: string;
  readonly password: Secret;
}

/** The accounts of a cluster, the same on every server of it. */
export interface Accounts {
  /** Lockstep's own, for looking: exactly the grants that `lockstep grants` prints. */
  readonly monitor: Account;
  /** Lockstep's own, for changing. */
  readonly operate: Account;
  /** What replicas log in with. */
  readonly replication: Account;
}

export type Requirement = 'x509' | 'ssl' | 'none';

export function makeAccounts(): Accounts {
  const account = (user: string): Account => ({ user, password: new Secret(randomBytes(18).toString('base64url')) });
  return {
    monitor: account('lockstep_monitor'),
    operate: account('lockstep_operate'),
    replication: account('replication'),
  };
}

/** Made on each server apart and not written to the binary log, so that every server begins with an empty history. */
export function accountStatements(
  server: SandboxServer,
  { monitor, operate, replication }: Accounts,
  requirement: Requirement,
  questions: QuestionOptions = {},
): readonly string[] {
  return [
    'SET sql_log_bin = 0',
    create(monitor, 'ssl'),
    create(operate, 'ssl'),
    create(replication, requirement),
    ...grantsFor(server.column, monitor, server, questions),
    `GRANT ALL PRIVILEGES ON *.* TO ${anywhere(operate)} WITH GRANT OPTION`,
    `GRANT REPLICATION SLAVE ON *.* TO ${anywhere(replication)}`,
    'SET sql_log_bin = 1',
  ];
}

function create(account: Account, requirement: Requirement): string {
  const password = quoteText(account.password.reveal());
  return `CREATE USER ${anywhere(account)} IDENTIFIED BY ${password} REQUIRE ${requirement.toUpperCase()}`;
}

function anywhere({ user }: Account): string {
  return quoteAccount({ user, host: '%' });
}
