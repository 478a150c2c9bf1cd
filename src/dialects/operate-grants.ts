import { procedureNames, type ProcedureName } from '../domain/procedure-names.js';
import { sessionPrivileges } from './application-sessions.js';
import { bypassPrivileges } from './bypassing-sessions.js';
import type { Column } from './capabilities.js';
import { halfAppliedPrivileges } from './half-applied.js';
import { grantStatements, type GrantedAccount } from './grant-statements.js';

/**
 * What the operate account needs for every statement that a procedure may send, and nothing more: test/live/grants.test.ts
 * takes each away on real servers. What every run does besides takes no privilege: advisory locks, timeouts of its own
 * sessions, ending one of them.
 */
const needs: Readonly<Record<ProcedureName, (column: Column) => readonly string[]>> = {
  'restart-replication': replicationAdmin,
  'fence-writable-replica': (column) => [...closing(column), ...endingSessions(column)],
  'secure-channel': (column) => [...replicationAdmin(column), ...channelStatus(column), ...halves(column)],
  'renew-certificate': changingCertificates,
  'trust-authority': changingCertificates,
  'reissue-certificates': changingCertificates,
  'distrust-authority': changingCertificates,
  'enable-tls': (column) => [
    ...(column.settableTls ? [...globalSettings(column), ...reloading(column)] : []),
    ...replicationAdmin(column),
    ...channelStatus(column),
    ...halves(column),
  ],
  'require-tls': (column) => [...globalSettings(column), 'CREATE USER ON *.*'],
  switchover: changingPrimary,
  'rebuild-replica': (column) => [...copying(column), ...dumping(column), ...replicationAdmin(column), 'SELECT ON *.*', ...emptying(column)], // prettier-ignore
  'verify-replica': (column) => ['SELECT ON *.*', ...sourcePosition(column)],
  failover: (column) => [
    ...replicationAdmin(column),
    ...closing(column),
    ...channelStatus(column),
    column.privileges.binlogStatus,
    ...forgetting,
    ...semiSync(column),
    ...halves(column),
    ...marking,
  ],
  rejoin: (column) => [...replicationAdmin(column), ...closing(column), ...endingSessions(column), ...semiSync(column)],
  'open-primary': (column) => [...closing(column), ...semiSync(column)],
  // Applications are told; nothing is sent to a server.
  'withdraw-replica': () => [],
  'return-replica': () => [],
};

/** Each as it stands after GRANT, such as `REPLICATION SLAVE ADMIN ON *.*`. @param procedures default all */
export function operatePrivileges(
  column: Column,
  procedures: readonly ProcedureName[] = procedureNames,
): readonly string[] {
  return [...new Set(procedures.flatMap((name) => needs[name](column)))];
}

export function operateGrants(
  column: Column,
  account: GrantedAccount,
  procedures: readonly ProcedureName[] = procedureNames,
): string[] {
  return grantStatements(operatePrivileges(column, procedures), account);
}

/** What replicas log in with, on every version. */
export function replicationGrants(account: GrantedAccount): string[] {
  return grantStatements(['REPLICATION SLAVE ON *.*'], account);
}

/** Freeze, promote, re-point, end sessions, swap the sides of semi-synchronous replication, write a row. */
function changingPrimary(column: Column): readonly string[] {
  return [
    'RELOAD ON *.*', // FLUSH TABLES WITH READ LOCK; on MySQL RESET REPLICA ALL
    ...(column.flavour === 'mariadb' ? ['REPLICATION MASTER ADMIN ON *.*'] : []),
    ...closing(column),
    ...replicationAdmin(column),
    column.privileges.binlogStatus,
    ...endingSessions(column),
    ...sessionPrivileges,
    ...(column.flavour === 'mariadb'
      ? ['CONNECTION ADMIN ON *.*']
      : [column.dynamicPrivileges ? 'CONNECTION_ADMIN ON *.*' : 'SUPER ON *.*']),
    ...marking,
  ];
}

/** The row of a new primary that everybody must have. */
const marking = ['CREATE ON lockstep.*', 'INSERT ON lockstep.*', 'DELETE ON lockstep.*'] as const;

/** START, STOP, CHANGE MASTER TO, CHANGE REPLICATION SOURCE TO. */
function replicationAdmin(column: Column): readonly string[] {
  if (column.flavour === 'mariadb') return ['REPLICATION SLAVE ADMIN ON *.*'];
  return [column.dynamicPrivileges ? 'REPLICATION_SLAVE_ADMIN ON *.*' : 'SUPER ON *.*'];
}

/** Reload, and let links connect anew. */
function changingCertificates(column: Column): readonly string[] {
  return [...reloading(column), ...replicationAdmin(column)];
}

/** FLUSH LOCAL SSL; ALTER INSTANCE RELOAD TLS, for which RELOAD is not enough. Older servers are restarted. */
function reloading(column: Column): readonly string[] {
  if (!column.reloadsTls) return [];
  return [column.flavour === 'mariadb' ? 'RELOAD ON *.*' : 'CONNECTION_ADMIN ON *.*'];
}

/** SHOW SLAVE STATUS, SHOW REPLICA STATUS: where the applier stands, without GTID. MySQL 5.7 gives it to SUPER. */
function channelStatus(column: Column): readonly string[] {
  return column.flavour === 'mariadb' || column.dynamicPrivileges ? [column.privileges.replicaStatus] : [];
}

/** SHOW RELAYLOG EVENTS, and an end to what waits for the rest of a transaction. MariaDB's first is {@link channelStatus}. */
function halves(column: Column): readonly string[] {
  return column.flavour === 'mariadb' ? [] : ['REPLICATION SLAVE ON *.*', ...halfAppliedPrivileges(column)];
}

/** A whole copy of a server, and its restart. */
function copying(column: Column): readonly string[] {
  if (column.flavour === 'mariadb')
    // The place from where a copy goes on is a row of a table, which read_only keeps from others.
    return ['RELOAD', 'PROCESS', 'BINLOG MONITOR', 'SHUTDOWN', 'READ_ONLY ADMIN'].map((what) => `${what} ON *.*`);
  const cloning = column.dynamicPrivileges ? ['BACKUP_ADMIN ON *.*', 'CLONE_ADMIN ON *.*'] : [];
  return [...cloning, 'SHUTDOWN ON *.*', ...globalSettings(column)];
}

/** Every definition as it stands, tables that are held still while they are copied, how far a donor is behind. */
function dumping(column: Column): readonly string[] {
  return [
    ...['SHOW VIEW', 'TRIGGER', 'EVENT', 'LOCK TABLES', 'RELOAD', 'PROCESS'].map((what) => `${what} ON *.*`),
    column.privileges.replicaStatus,
  ];
}

/** What a replica holds, read-only as it is, where its disk cannot hold that beside a copy. */
function emptying(column: Column): readonly string[] {
  const passing = column.flavour === 'mysql' && column.dynamicPrivileges ? ['CONNECTION_ADMIN ON *.*'] : [];
  return ['DROP ON *.*', ...passing];
}

/** Where a source stands without GTID, which MariaDB always has. */
function sourcePosition(column: Column): readonly string[] {
  return column.flavour === 'mariadb' ? [] : [column.privileges.binlogStatus];
}

/** RESET SLAVE ALL, RESET REPLICA ALL. */
const forgetting = ['RELOAD ON *.*'] as const;

/** To wait for replicas, or no longer. */
function semiSync(column: Column): readonly string[] {
  return column.flavour === 'mariadb' ? ['REPLICATION MASTER ADMIN ON *.*'] : globalSettings(column);
}

/** SET GLOBAL read_only and super_read_only. On MariaDB 10.11 and later SUPER is not enough. */
function closing(column: Column): readonly string[] {
  return column.flavour === 'mariadb' ? ['READ_ONLY ADMIN ON *.*'] : globalSettings(column);
}

/** To see whose sessions write past read_only, and to KILL them; nobody does where nobody can. */
function endingSessions(column: Column): readonly string[] {
  return column.readOnlyBypass.length === 0 ? [] : ['CONNECTION ADMIN ON *.*', ...bypassPrivileges];
}

/** SET GLOBAL and SET PERSIST of settings that belong to no finer privilege. */
function globalSettings(column: Column): readonly string[] {
  return [column.dynamicPrivileges ? 'SYSTEM_VARIABLES_ADMIN ON *.*' : 'SUPER ON *.*'];
}
