import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.js';
import { createAccount, type Requirement } from '../dialects/grant-statements.js';
import { grantsFor } from '../dialects/grants.js';
import { operateGrants, replicationGrants } from '../dialects/operate-grants.js';
import type { QuestionOptions } from '../dialects/question.js';
import { quoteText } from '../dialects/quote.js';
import type { SandboxServer } from './server.js';

export interface Account {
  readonly user: string;
  readonly password: Secret;
}

/** The accounts of a cluster, the same on every server of it. */
export interface Accounts {
  /** Lockstep's own, for looking: exactly the grants that `lockstep grants` prints. */
  readonly monitor: Account;
  /** Lockstep's own, for changing: the same, for every procedure. */
  readonly operate: Account;
  /** What replicas log in with. */
  readonly replication: Account;
}

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
    ...operateGrants(server.column, operate),
    ...replicationGrants(replication),
    'SET sql_log_bin = 1',
  ];
}

function create(account: Account, requirement: Requirement): string {
  return createAccount(account, requirement, quoteText(account.password.reveal()));
}
