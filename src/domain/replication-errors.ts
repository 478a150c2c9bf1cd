import type { Flavour } from './snapshot.js';

/**
 * What an error that stopped a replication thread asks for. After the first two kinds the thread may be started again:
 * it goes on from where it stood, and skips nothing.
 *
 * - `network`: the source could not be reached. An IO thread that runs tries on by itself.
 * - `passes`: locks, disk, memory: nothing but time.
 * - `access`: the source does not let the replica in, or does not let it do what it must.
 * - `tls`: the two do not agree on TLS.
 * - `settings`: replica and source are set up so that they cannot work together.
 * - `place`: the source no longer has, or never had, what the replica would read next.
 * - `relay-log`: what was received cannot be read.
 * - `data`: the replica's data is not the source's. Whatever is skipped here is lost for ever.
 */
export const errorKinds = ['network', 'passes', 'access', 'tls', 'settings', 'place', 'relay-log', 'data'] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface KnownError {
  readonly errno: number;
  /** The name that the vendor gives the number. */
  readonly name: string;
  readonly kind: ErrorKind;
  /** In plain words, after "the IO thread of db2 stopped: ". */
  readonly meaning: string;
  /** Where both flavours use the number for different things; undefined: it means the same, or only one has it. */
  readonly flavour: Flavour | undefined;
}

/** undefined for a number that nobody has judged yet: then nothing is guessed. */
export function knownError(flavour: Flavour, errno: number): KnownError | undefined {
  return knownErrors.find((one) => one.errno === errno && (one.flavour === undefined || one.flavour === flavour));
}

type Row = readonly [errno: number, name: string, meaning: string, flavour?: Flavour];

/**
 * Names and meanings: `perror` of MySQL 9.7 and MariaDB 10.5 (mysqld_error.h), errmsg.h for the 2000s, which come from
 * the client library inside of the replica. Numbers above 10000 are MySQL's from 8.0 on, for what 5.7 and MariaDB call by an older number.
 */
const table: Readonly<Record<ErrorKind, readonly Row[]>> = {
  network: [
    // Most of them the IO thread answers by trying again: is_network_error() in both servers' sources.
    [1040, 'ER_CON_COUNT_ERROR', 'the source had too many connections'],
    [1053, 'ER_SERVER_SHUTDOWN', 'the source shut down'],
    [1158, 'ER_NET_READ_ERROR', 'the network failed while reading'],
    [1159, 'ER_NET_READ_INTERRUPTED', 'the network timed out while reading'],
    [1160, 'ER_NET_ERROR_ON_WRITE', 'the network failed while writing'],
    [1161, 'ER_NET_WRITE_INTERRUPTED', 'the network timed out while writing'],
    [1189, 'ER_SOURCE_NET_READ', 'the network failed while reading from the source'],
    [1190, 'ER_SOURCE_NET_WRITE', 'the network failed while writing to the source'],
    [1203, 'ER_TOO_MANY_USER_CONNECTIONS', 'the replication account had too many connections'],
    [1218, 'ER_CONNECT_TO_SOURCE', 'the source could not be reached'],
    [2002, 'CR_CONNECTION_ERROR', 'the source could not be reached'],
    [2003, 'CR_CONN_HOST_ERROR', 'the source could not be reached'],
    [2005, 'CR_UNKNOWN_HOST', 'the name of the source was not found'],
    [2006, 'CR_SERVER_GONE_ERROR', 'the source went away'],
    [2012, 'CR_SERVER_HANDSHAKE_ERR', 'the source went away during the handshake'],
    [
      2013,
      'CR_SERVER_LOST',
      'the source ended the connection, as it does when it refuses the certificate of the replica',
    ],
    [2055, 'CR_SERVER_LOST_EXTENDED', 'the connection to the source was lost'],
    [4031, 'ER_CLIENT_INTERACTION_TIMEOUT', 'the source ended the connection as idle', 'mysql'],
  ],
  passes: [
    // What the servers' own appliers try again: MariaDB's slave_transaction_retry_errors, MySQL's has_temporary_error().
    [1020, 'ER_CHECKREAD', 'a row changed under a transaction'],
    [1205, 'ER_LOCK_WAIT_TIMEOUT', 'a lock was not given in time'],
    [1206, 'ER_LOCK_TABLE_FULL', 'there were too many locks at once'],
    [1213, 'ER_LOCK_DEADLOCK', 'it met a deadlock'],
    [1429, 'ER_CONNECT_TO_FOREIGN_DATA_SOURCE', 'a remote table’s server did not answer'],
    [1613, 'ER_XA_RBTIMEOUT', 'an XA transaction took too long'],
    [1614, 'ER_XA_RBDEADLOCK', 'an XA transaction met a deadlock'],
    [12701, 'ER_SPIDER_REMOTE_SERVER_GONE_AWAY_NUM', 'a remote table’s server went away', 'mariadb'],
    // Disk, memory, and events that arrived damaged: tried again from where the thread stood.
    [1743, 'ER_NETWORK_READ_EVENT_CHECKSUM_FAILURE', 'an event arrived damaged'],
    [13115, 'ER_NETWORK_READ_EVENT_CHECKSUM_FAILURE', 'an event arrived damaged'],
    [1021, 'ER_DISK_FULL', 'the disk was full'],
    [1026, 'ER_ERROR_ON_WRITE', 'a file could not be written'],
    [1037, 'ER_OUTOFMEMORY', 'memory ran out'],
    [1041, 'ER_OUT_OF_RESOURCES', 'memory ran out'],
    [1114, 'ER_RECORD_FILE_FULL', 'a table could not grow'],
    [13132, 'ER_SERVER_RECORD_FILE_FULL', 'a table could not grow'],
    [13133, 'ER_SERVER_DISK_FULL_NOWAIT', 'the disk was full'],
    [1595, 'ER_SLAVE_RELAY_LOG_WRITE_FAILURE', 'the relay log could not be written'],
    [13122, 'ER_REPLICA_RELAY_LOG_WRITE_FAILURE', 'the relay log could not be written'],
  ],
  access: [
    [1044, 'ER_DBACCESS_DENIED_ERROR', 'the source refuses the replication account'],
    [
      1045,
      'ER_ACCESS_DENIED_ERROR',
      'the source refuses the replication account: its password, or a certificate or TLS that it requires',
    ],
    [1129, 'ER_HOST_IS_BLOCKED', 'the source blocks this host after too many failed logins'],
    [1130, 'ER_HOST_NOT_PRIVILEGED', 'the source lets no account in from this host'],
    [1226, 'ER_USER_LIMIT_REACHED', 'the replication account has used up what it is allowed'],
    [1227, 'ER_SPECIFIC_ACCESS_DENIED_ERROR', 'the replication account lacks a privilege on the source'],
    [1251, 'ER_NOT_SUPPORTED_AUTH_MODE', 'the replica does not know how the account logs in'],
    [1524, 'ER_PLUGIN_IS_NOT_LOADED', 'an authentication plugin is not loaded'],
    [1597, 'ER_SLAVE_MASTER_COM_FAILURE', 'the source refused a command of the replica'],
    [13120, 'ER_REPLICA_SOURCE_COM_FAILURE', 'the source refused a command of the replica'],
    [1698, 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR', 'the source refuses the replication account'],
    [1820, 'ER_MUST_CHANGE_PASSWORD', 'the replication account must change its password'],
    [1862, 'ER_MUST_CHANGE_PASSWORD_LOGIN', 'the password of the replication account has expired'],
    [2049, 'CR_SECURE_AUTH', 'the account has a password of the oldest kind'],
    [2059, 'CR_AUTH_PLUGIN_CANNOT_LOAD', 'the replica cannot load the account’s authentication plugin'],
    [2061, 'CR_AUTH_PLUGIN_ERR', 'the account’s authentication plugin refuses, as caching_sha2_password without TLS'],
    [3118, 'ER_ACCOUNT_HAS_BEEN_LOCKED', 'the replication account is locked', 'mysql'],
    [4151, 'ER_ACCOUNT_HAS_BEEN_LOCKED', 'the replication account is locked', 'mariadb'],
  ],
  tls: [
    [2026, 'CR_SSL_CONNECTION_ERROR', 'TLS with the source failed'],
    [3159, 'ER_SECURE_TRANSPORT_REQUIRED', 'the source requires TLS'],
  ],
  settings: [
    [1153, 'ER_NET_PACKET_TOO_LARGE', 'an event is larger than max_allowed_packet or slave_max_allowed_packet'],
    [13125, 'ER_SERVER_NET_PACKET_TOO_LARGE', 'an event is larger than replica_max_allowed_packet'],
    [1593, 'ER_SLAVE_FATAL_ERROR', 'source and replica do not go together, as with equal server ids'],
    [13117, 'ER_REPLICA_FATAL_ERROR', 'source and replica do not go together, as with equal server ids'],
    [1781, 'ER_CANT_SET_GTID_NEXT_TO_GTID_WHEN_GTID_MODE_IS_OFF', 'gtid_mode is off here'],
    [1782, 'ER_CANT_SET_GTID_NEXT_TO_ANONYMOUS_WHEN_GTID_MODE_IS_ON', 'gtid_mode is off on the source'],
    [13148, 'ER_CANT_REPLICATE_ANONYMOUS_WITH_AUTO_POSITION', 'the source writes transactions without GTID'],
    [13149, 'ER_CANT_REPLICATE_ANONYMOUS_WITH_GTID_MODE_ON', 'gtid_mode is off on the source'],
    [13150, 'ER_CANT_REPLICATE_GTID_WITH_GTID_MODE_OFF', 'gtid_mode is off here'],
  ],
  place: [
    [1236, 'ER_MASTER_FATAL_ERROR_READING_BINLOG', 'the source cannot serve what comes next'],
    [13114, 'ER_SERVER_SOURCE_FATAL_ERROR_READING_BINLOG', 'the source cannot serve what comes next'],
    [1789, 'ER_SOURCE_HAS_PURGED_REQUIRED_GTIDS', 'the source has purged what comes next'],
    [1945, 'ER_GTID_POSITION_NOT_FOUND_IN_BINLOG', 'the source does not have the position', 'mariadb'],
    [1947, 'ER_MASTER_GTID_POS_CONFLICTS_WITH_BINLOG', 'its position is behind its own log', 'mariadb'],
    [1948, 'ER_MASTER_GTID_POS_MISSING_DOMAIN', 'its position lacks a domain', 'mariadb'],
    [1951, 'ER_GTID_START_FROM_BINLOG_HOLE', 'the source’s log has a hole there', 'mariadb'],
    [1952, 'ER_SLAVE_UNEXPECTED_MASTER_SWITCH', 'another server answers as its source', 'mariadb'],
    [1955, 'ER_GTID_POSITION_NOT_FOUND_IN_BINLOG2', 'the source does not have the position', 'mariadb'],
  ],
  'relay-log': [
    [1594, 'ER_SLAVE_RELAY_LOG_READ_FAILURE', 'the relay log cannot be read'],
    [13121, 'ER_REPLICA_RELAY_LOG_READ_FAILURE', 'the relay log cannot be read'],
    [1610, 'ER_SLAVE_CORRUPT_EVENT', 'an event in the relay log is damaged'],
  ],
  data: [
    [1007, 'ER_DB_CREATE_EXISTS', 'a database is there already'],
    [1008, 'ER_DB_DROP_EXISTS', 'a database is missing'],
    [1022, 'ER_DUP_KEY', 'a key is there already'],
    [1032, 'ER_KEY_NOT_FOUND', 'a row is missing'],
    [1048, 'ER_BAD_NULL_ERROR', 'a column takes no NULL here'],
    [1049, 'ER_BAD_DB_ERROR', 'a database is missing'],
    [1050, 'ER_TABLE_EXISTS_ERROR', 'a table is there already'],
    [1051, 'ER_BAD_TABLE_ERROR', 'a table is missing'],
    [1054, 'ER_BAD_FIELD_ERROR', 'a column is missing'],
    [1060, 'ER_DUP_FIELDNAME', 'a column is there already'],
    [1061, 'ER_DUP_KEYNAME', 'an index is there already'],
    [1062, 'ER_DUP_ENTRY', 'a row is there already'],
    [1064, 'ER_PARSE_ERROR', 'a statement of the source is not understood here'],
    [1068, 'ER_MULTIPLE_PRI_KEY', 'a primary key is there already'],
    [1072, 'ER_KEY_COLUMN_DOES_NOT_EXITS', 'a column of a key is missing'],
    [1091, 'ER_CANT_DROP_FIELD_OR_KEY', 'a column or an index is missing'],
    [1136, 'ER_WRONG_VALUE_COUNT_ON_ROW', 'a table has other columns'],
    [1146, 'ER_NO_SUCH_TABLE', 'a table is missing'],
    [1216, 'ER_NO_REFERENCED_ROW', 'a row that a foreign key needs is missing'],
    [1217, 'ER_ROW_IS_REFERENCED', 'a foreign key holds a row'],
    [1264, 'ER_WARN_DATA_OUT_OF_RANGE', 'a value does not fit its column'],
    [1304, 'ER_SP_ALREADY_EXISTS', 'a routine is there already'],
    [1305, 'ER_SP_DOES_NOT_EXIST', 'a routine is missing'],
    [1359, 'ER_TRG_ALREADY_EXISTS', 'a trigger is there already'],
    [1360, 'ER_TRG_DOES_NOT_EXIST', 'a trigger is missing'],
    [1364, 'ER_NO_DEFAULT_FOR_FIELD', 'a table has other columns'],
    [1366, 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD', 'a value does not fit its column'],
    [1396, 'ER_CANNOT_USER', 'an account is there already, or is missing'],
    [1406, 'ER_DATA_TOO_LONG', 'a value does not fit its column'],
    [1451, 'ER_ROW_IS_REFERENCED_2', 'a foreign key holds a row'],
    [1452, 'ER_NO_REFERENCED_ROW_2', 'a row that a foreign key needs is missing'],
    [1535, 'ER_BINLOG_ROW_WRONG_TABLE_DEF', 'a table is defined otherwise'],
    [1537, 'ER_EVENT_ALREADY_EXISTS', 'a scheduled event is there already'],
    [1539, 'ER_EVENT_DOES_NOT_EXIST', 'a scheduled event is missing'],
    [1590, 'ER_SLAVE_INCIDENT', 'the source lost events'],
    [13119, 'ER_REPLICA_INCIDENT', 'the source lost events'],
    [1677, 'ER_SLAVE_CONVERSION_FAILED', 'a column has another type'],
    [13146, 'ER_SERVER_REPLICA_CONVERSION_FAILED', 'a column has another type'],
    [13113, 'ER_INCONSISTENT_ERROR', 'a statement failed otherwise than on the source'],
    [1932, 'ER_NO_SUCH_TABLE_IN_ENGINE', 'a table is missing', 'mariadb'],
    [1950, 'ER_GTID_STRICT_OUT_OF_ORDER', 'it has transactions of its own where the source’s would go', 'mariadb'],
    [1973, 'ER_USER_CREATE_EXISTS', 'an account is there already', 'mariadb'],
    [1974, 'ER_USER_DROP_EXISTS', 'an account is missing', 'mariadb'],
    [1975, 'ER_ROLE_CREATE_EXISTS', 'a role is there already', 'mariadb'],
    [1976, 'ER_ROLE_DROP_EXISTS', 'a role is missing', 'mariadb'],
  ],
};

export const knownErrors: readonly KnownError[] = errorKinds.flatMap((kind) =>
  table[kind].map(([errno, name, meaning, flavour]) => ({ errno, name, kind, meaning, flavour })),
);
