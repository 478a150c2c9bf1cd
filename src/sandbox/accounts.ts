import { randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.js';
import { literal } from './statements.js';
import type { VersionRecipe } from './versions.js';

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
export function accountStatements(version: VersionRecipe, accounts: Accounts, requirement: Requirement): string[] {
  const { monitor, operate, replication } = accounts;
  return [
    'SET sql_log_bin = 0',
    create(monitor, 'ssl'),
    create(operate, 'ssl'),
    create(replication, requirement),
    ...monitorGrants[version.flavour].map((grant) => `GRANT ${grant} TO ${literal(monitor.user)}@'%'`),
    `GRANT ALL PRIVILEGES ON *.* TO ${literal(operate.user)}@'%' WITH GRANT OPTION`,
    `GRANT REPLICATION SLAVE ON *.* TO ${literal(replication.user)}@'%'`,
    'SET sql_log_bin = 1',
  ];
}

function create({ user, password }: Account, requirement: Requirement): string {
  const required = requirement === 'none' ? 'NONE' : requirement.toUpperCase();
  return `CREATE USER ${literal(user)}@'%' IDENTIFIED BY ${literal(password.reveal())} REQUIRE ${required}`;
}

const columns = 'SELECT (Host, User, ssl_type) ON mysql.user';

const monitorGrants = {
  mariadb: ['SLAVE MONITOR, BINLOG MONITOR, REPLICATION MASTER ADMIN, PROCESS ON *.*', columns],
  mysql: ['REPLICATION CLIENT, REPLICATION SLAVE, PROCESS ON *.*', 'SELECT ON performance_schema.*', columns],
} as const;
