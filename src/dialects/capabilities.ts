import { LockstepError } from '../base/errors.js';
import type { Flavour } from '../domain/snapshot.js';

export type Release = readonly [major: number, minor: number, patch: number];

/** What a family of versions understands. Every difference between vendors and versions that Lockstep knows is a field here. */
export interface Column {
  /** `mariadb-10.11`, `mysql-8.4`: flavour and the first release of the family. */
  readonly name: string;
  readonly flavour: Flavour;
  /** The first release that takes this column; it serves until the next column of the flavour begins. */
  readonly since: Release;
  /** `live`: tested here on a real server of exactly the series `tested`. `documented`: from {@link source}. */
  readonly proof: 'live' | 'documented';
  /** Major and minor that the tests run on; other series that take the column are `documented`. */
  readonly tested?: readonly [major: number, minor: number];
  /** Where a documented column's facts come from. */
  readonly source?: string;

  /** Lists every channel, one row each. */
  readonly replicaStatus: 'SHOW ALL SLAVES STATUS' | 'SHOW SLAVE STATUS' | 'SHOW REPLICA STATUS';
  /** The words in the columns of that answer: Master_Host and Slave_IO_Running, or Source_Host and Replica_IO_Running. */
  readonly statusWords: 'master-slave' | 'source-replica';
  readonly binlogStatus: 'SHOW BINLOG STATUS' | 'SHOW MASTER STATUS' | 'SHOW BINARY LOG STATUS';
  readonly replicaHosts: 'SHOW SLAVE HOSTS' | 'SHOW REPLICAS';
  /** START, STOP and RESET take this word. */
  readonly replicaWord: 'SLAVE' | 'REPLICA';
  /** CHANGE MASTER TO MASTER_HOST=…, or CHANGE REPLICATION SOURCE TO SOURCE_HOST=… */
  readonly sourceWord: 'MASTER' | 'SOURCE';
  /**
   * Whether a channel with the server's own settings stops trying to connect within minutes. Where it tries for
   * months, an IO thread that stands with an error of the network was stopped by hand while it tried: STOP keeps the number.
   */
  readonly givesUpConnecting: boolean;
  /** Whether a plaintext channel may ask its source for the key that caching_sha2_password wants. */
  readonly asksPublicKey: boolean;

  /**
   * `switch`: read_only is on or off. `super`: beside it super_read_only binds privileged accounts too. `levels`:
   * read_only itself is OFF, ON, NO_LOCK or NO_LOCK_NO_ADMIN, and the last binds privileged accounts too.
   */
  readonly readOnly: 'switch' | 'super' | 'levels';
  /** The privileges that write past the strongest level of read_only. */
  readonly readOnlyBypass: readonly ('READ_ONLY ADMIN' | 'SUPER')[];
  /** Where the server tells how a setting came about, and so what it will be after a restart. */
  readonly settingOrigin: 'SYSTEM_VARIABLES' | 'variables_info' | undefined;
  /** Whether SET PERSIST keeps a setting over restarts. */
  readonly persists: boolean;
  readonly logUpdates: 'log_slave_updates' | 'log_replica_updates';
  /** Variables that say how long binary logs are kept; all that exist are read, seconds before days. */
  readonly expiry: readonly ('binlog_expire_logs_seconds' | 'expire_logs_days' | 'binlog_expire_logs_auto_purge')[];

  /** Whether the variable have_ssl exists. */
  readonly haveSsl: boolean;
  /** Whether a statement makes the server read its certificate, key and authorities anew, without a restart. */
  readonly reloadsTls: boolean;
  /** Whether `ssl` in an option file turns TLS on; one that has no such option refuses to start with it. */
  readonly sslOption: boolean;
  /** Whether certificate, key, authorities and protocols are settings, so that TLS is turned on without a restart. */
  readonly settableTls: boolean;
  /** What the option file says of protocols; undefined: the default holds, and nothing turns TLS off by it. */
  readonly tlsVersions: string | undefined;
  /** Whether the program has --validate-config. */
  readonly validatesConfig: boolean;
  /** Whether InnoDB can do without its redo log for a time. */
  readonly stopsRedoLog: boolean;
  /** Whether performance_schema.tls_channel_status exists; it answers nothing while performance_schema is off. */
  readonly tlsChannelStatus: boolean;
  /** Whether performance_schema.status_by_thread tells protocol and cipher of each session. */
  readonly statusByThread: boolean;
  /** performance_schema.replication_connection_status dates heartbeats, and from 8.0 on transactions too. */
  readonly receivedTimes: 'heartbeats' | 'heartbeats-and-transactions' | undefined;
  /** Whether mysql.user says that an account is locked; MySQL's roles are locked accounts. */
  readonly accountLocked: boolean;
  /** Whether events are rows of mysql.event, which may be counted with SELECT on one column. */
  readonly eventTable: boolean;
  /** Prefixes of semi-synchronous variables and status, newest first; a server has those of the plugin it loaded. */
  readonly semiSync: readonly SemiSyncNames[];
  /** Whether SYSTEM_VARIABLES_ADMIN and its like stand in for SUPER. MariaDB split SUPER in ways of its own. */
  readonly dynamicPrivileges: boolean;
  readonly privileges: {
    readonly replicaStatus: string;
    readonly binlogStatus: string;
    readonly replicaHosts: string;
  };
}

export interface SemiSyncNames {
  readonly source: 'rpl_semi_sync_master' | 'rpl_semi_sync_source';
  readonly replica: 'rpl_semi_sync_slave' | 'rpl_semi_sync_replica';
}

const masterSlave: SemiSyncNames = { source: 'rpl_semi_sync_master', replica: 'rpl_semi_sync_slave' };
const sourceReplica: SemiSyncNames = { source: 'rpl_semi_sync_source', replica: 'rpl_semi_sync_replica' };

const mariadb105: Column = {
  name: 'mariadb-10.5',
  flavour: 'mariadb',
  since: [10, 5, 0],
  proof: 'live',
  tested: [10, 5],
  // Plain SHOW SLAVE STATUS shows the default connection alone, and no heartbeats.
  replicaStatus: 'SHOW ALL SLAVES STATUS',
  // MariaDB took REPLICA into statements (10.5.1) but never into the names of columns and variables.
  statusWords: 'master-slave',
  binlogStatus: 'SHOW BINLOG STATUS', // its name since 10.5.2, when BINLOG MONITOR came; SHOW MASTER STATUS is the old one
  replicaHosts: 'SHOW SLAVE HOSTS',
  replicaWord: 'SLAVE', // REPLICA works as well from 10.5.1 on, and changes nothing
  sourceWord: 'MASTER', // there is no CHANGE REPLICATION SOURCE
  givesUpConnecting: false, // master_retry_count: 100000 tries, 60 s apart
  asksPublicKey: false, // no caching_sha2_password
  readOnly: 'switch',
  readOnlyBypass: ['READ_ONLY ADMIN', 'SUPER'],
  settingOrigin: 'SYSTEM_VARIABLES', // GLOBAL_VALUE_ORIGIN: CONFIG, COMMAND-LINE, SQL, …
  persists: false, // a file alone outlives a restart
  logUpdates: 'log_slave_updates',
  expiry: ['expire_logs_days'], // binlog_expire_logs_seconds came with 10.6.1
  haveSsl: true, // kept to this day: MySQL alone removed it
  reloadsTls: true, // FLUSH SSL since 10.4
  sslOption: true, // on by itself as soon as there is a certificate, unless skip_ssl stands before it
  settableTls: false, // ssl_* are read-only (1238), and FLUSH SSL leaves TLS off where it was off
  tlsVersions: undefined,
  validatesConfig: false, // --verbose --help ends with 7 at an unknown option
  stopsRedoLog: false,
  tlsChannelStatus: false,
  statusByThread: false, // the table is there and holds no Ssl_ rows before 10.11
  receivedTimes: undefined, // heartbeats are counted (Slave_received_heartbeats), never dated
  accountLocked: false, // account locks live in mysql.global_priv, which holds password hashes as well
  eventTable: true,
  semiSync: [masterSlave], // built in since 10.3, never renamed
  dynamicPrivileges: false,
  privileges: {
    replicaStatus: 'SLAVE MONITOR ON *.*', // since 10.5.9; BINLOG MONITOR (the old REPLICATION CLIENT) does not reach it
    binlogStatus: 'BINLOG MONITOR ON *.*',
    replicaHosts: 'REPLICATION MASTER ADMIN ON *.*',
  },
};

const mariadb106: Column = {
  ...documented(
    mariadb105,
    'MariaDB Server documentation: Replication and Binary Log System Variables; 10.6 release notes',
  ),
  name: 'mariadb-10.6',
  since: [10, 6, 0],
  // expire_logs_days became its alias, with fractions, in 10.6.1. (10.6.0 was an alpha.)
  expiry: ['binlog_expire_logs_seconds', 'expire_logs_days'],
};

const mariadb1011: Column = {
  ...mariadb106,
  name: 'mariadb-10.11',
  since: [10, 11, 0],
  proof: 'live',
  tested: [10, 11],
  readOnlyBypass: ['READ_ONLY ADMIN'], // MDEV-29596 took it from SUPER
  statusByThread: true, // Ssl_version and Ssl_cipher by session, if performance_schema is on (it is off by default)
};

const mariadb114: Column = {
  ...documented(
    mariadb1011,
    'MariaDB Server documentation: SHOW REPLICA STATUS; 11.4 release notes (TLS on and verified by default)',
  ),
  name: 'mariadb-11.4',
  since: [11, 4, 0],
};

const mariadb118: Column = {
  ...mariadb114,
  name: 'mariadb-11.8',
  since: [11, 8, 0],
  proof: 'live',
  tested: [11, 8],
};

const mariadb12: Column = {
  ...documented(
    mariadb118,
    'MDEV-36425 and the MariaDB 12.0 release notes (read_only levels); MariaDB Server documentation',
  ),
  name: 'mariadb-12',
  since: [12, 0, 0],
  readOnly: 'levels', // MDEV-36425: a string from 12.0 on
  readOnlyBypass: [], // NO_LOCK_NO_ADMIN
};

const mysql57: Column = {
  name: 'mysql-5.7',
  flavour: 'mysql',
  since: [5, 7, 8], // super_read_only, require_secure_transport and the 5.7 status tables are all there from 5.7.8 on
  proof: 'documented',
  source: 'MySQL 5.7 Reference Manual, 13.7.5.34 SHOW SLAVE STATUS, 25.12 Performance Schema tables, 16.1.6 variables',
  replicaStatus: 'SHOW SLAVE STATUS', // without FOR CHANNEL it lists all channels
  statusWords: 'master-slave',
  binlogStatus: 'SHOW MASTER STATUS',
  replicaHosts: 'SHOW SLAVE HOSTS',
  replicaWord: 'SLAVE',
  sourceWord: 'MASTER',
  givesUpConnecting: false, // MASTER_RETRY_COUNT: 86400 tries, 60 s apart
  asksPublicKey: false, // GET_MASTER_PUBLIC_KEY came with 8.0.4 and caching_sha2_password
  readOnly: 'super',
  readOnlyBypass: [], // super_read_only
  settingOrigin: undefined, // performance_schema.variables_info came with 8.0
  persists: false, // SET PERSIST came with 8.0
  logUpdates: 'log_slave_updates',
  expiry: ['expire_logs_days'],
  haveSsl: true,
  reloadsTls: false, // ALTER INSTANCE RELOAD TLS came with 8.0.16
  sslOption: true, // on by default; removed with 8.4
  settableTls: false, // ssl_* became dynamic with 8.0.16
  tlsVersions: 'TLSv1.2', // 1.3 came with 8.0.16
  validatesConfig: false, // came with 8.0.16
  stopsRedoLog: false, // ALTER INSTANCE DISABLE INNODB REDO_LOG came with 8.0.21
  tlsChannelStatus: false,
  statusByThread: true,
  receivedTimes: 'heartbeats',
  accountLocked: true, // since 5.7.6
  eventTable: true,
  semiSync: [masterSlave],
  dynamicPrivileges: false, // all of them came with 8.0
  privileges: {
    replicaStatus: 'REPLICATION CLIENT ON *.*',
    binlogStatus: 'REPLICATION CLIENT ON *.*',
    replicaHosts: 'REPLICATION SLAVE ON *.*',
  },
};

const mysql80: Column = {
  ...documented(
    mysql57,
    'MySQL 8.0 Reference Manual, 15.7.7 SHOW statements, 29.12 Performance Schema tables, 19.1.6 variables',
  ),
  name: 'mysql-8.0',
  since: [8, 0, 11], // the first general release of the series
  asksPublicKey: true,
  settingOrigin: 'variables_info',
  persists: true,
  // Seconds hold unless they are 0 and days are set; auto_purge (8.0.29) OFF keeps everything.
  expiry: ['binlog_expire_logs_seconds', 'expire_logs_days', 'binlog_expire_logs_auto_purge'],
  receivedTimes: 'heartbeats-and-transactions',
  eventTable: false, // the data dictionary of 8.0 took it in
  dynamicPrivileges: true,
};

const mysql8022: Column = {
  ...mysql80,
  name: 'mysql-8.0.22',
  since: [8, 0, 22],
  replicaStatus: 'SHOW REPLICA STATUS', // 8.0.22, with the new words in its columns
  statusWords: 'source-replica',
  replicaHosts: 'SHOW REPLICAS', // 8.0.22
  replicaWord: 'REPLICA', // 8.0.22
  // CHANGE REPLICATION SOURCE TO came with 8.0.23 only; the old words, which 8.0.22 needs, work until 8.3.
  sourceWord: 'MASTER',
  reloadsTls: true, // since 8.0.16
  settableTls: true,
  tlsVersions: 'TLSv1.2,TLSv1.3', // empty turns TLS off
  validatesConfig: true,
  stopsRedoLog: true, // 8.0.21
  tlsChannelStatus: true, // 8.0.21; have_ssl stays beside it until 8.3
};

const mysql8026: Column = {
  ...mysql8022,
  name: 'mysql-8.0.26',
  since: [8, 0, 26],
  sourceWord: 'SOURCE',
  logUpdates: 'log_replica_updates', // 8.0.26
  semiSync: [sourceReplica, masterSlave], // 8.0.26 brought plugins with new names and kept the old ones
};

const mysql84: Column = {
  ...documented(
    mysql8026,
    'MySQL 8.4 Reference Manual, 1.4 What Is New (removed statements and variables), 15.7.7 SHOW statements',
  ),
  name: 'mysql-8.4',
  since: [8, 4, 0],
  binlogStatus: 'SHOW BINARY LOG STATUS', // since 8.2; SHOW MASTER STATUS is a syntax error from 8.4 on
  givesUpConnecting: true, // SOURCE_RETRY_COUNT: 10 tries, 60 s apart, since 8.4.0
  haveSsl: false, // removed in 8.4.0
  sslOption: false, // and with it the option: "unknown option '--ssl'"
  expiry: ['binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge'], // expire_logs_days was removed in 8.4.0
};

const mysql9: Column = {
  ...mysql84,
  name: 'mysql-9',
  since: [9, 0, 0],
  proof: 'live',
  tested: [9, 7],
};

/** Oldest first within each flavour. */
export const columns: readonly Column[] = [
  mariadb105,
  mariadb106,
  mariadb1011,
  mariadb114,
  mariadb118,
  mariadb12,
  mysql57,
  mysql80,
  mysql8022,
  mysql8026,
  mysql84,
  mysql9,
];

/** The newest series that each flavour's table was written for; anything newer is observed through the newest column. */
export const newestKnown: Readonly<Record<Flavour, readonly [major: number, minor: number]>> = {
  mariadb: [12, 3],
  mysql: [9, 7],
};

/**
 * The column for a release: the last one of its flavour that begins at or before it.
 * @throws LockstepError `server-too-old` for a release before the first column
 */
export function columnFor({ flavour, release }: { readonly flavour: Flavour; readonly release: Release }): Column {
  const own = columns.filter((column) => column.flavour === flavour);
  const found = own.findLast((column) => compareReleases(column.since, release) <= 0);
  if (found !== undefined) return found;
  const [oldest] = own;
  const name = { mariadb: 'MariaDB', mysql: 'MySQL' }[flavour];
  throw new LockstepError(
    'server-too-old',
    `the server is ${name} ${release.join('.')}, and the oldest supported is ${name} ${oldest?.since.join('.') ?? ''}`,
    `upgrade the server, or take it out of the configuration`,
  );
}

/** Negative when `a` is older than `b`, 0 when equal; missing parts count as 0. */
export function compareReleases(a: readonly number[], b: readonly number[]): number {
  const at = [0, 1, 2].find((index) => (a[index] ?? 0) !== (b[index] ?? 0));
  return at === undefined ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** `base` with the word of documents instead of tests; what differs is then written over it. */
function documented(base: Column, source: string): Column {
  const column: { -readonly [Key in keyof Column]: Column[Key] } = { ...base, proof: 'documented', source };
  delete column.tested;
  return column;
}
