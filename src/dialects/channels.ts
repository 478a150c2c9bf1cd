import type { Channel, ChannelError, IoState } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Answers, Question, Row } from './question.js';
import { isOn, number, optionalNumber, optionalText, optionalTime, text, withoutSpace } from './values.js';

/** The columns whose names changed with the vocabulary; all others are called the same everywhere. */
const statusWords = {
  'master-slave': {
    host: 'Master_Host',
    port: 'Master_Port',
    user: 'Master_User',
    serverId: 'Master_Server_Id',
    uuid: 'Master_UUID',
    io: 'Slave_IO_Running',
    sql: 'Slave_SQL_Running',
    lag: 'Seconds_Behind_Master',
    readFile: 'Master_Log_File',
    readPosition: 'Read_Master_Log_Pos',
    executedFile: 'Relay_Master_Log_File',
    executedPosition: 'Exec_Master_Log_Pos',
    tls: 'Master_SSL_Allowed',
    verify: 'Master_SSL_Verify_Server_Cert',
    caFile: 'Master_SSL_CA_File',
    certFile: 'Master_SSL_Cert',
    keyFile: 'Master_SSL_Key',
    caPath: 'Master_SSL_CA_Path',
    crlFile: 'Master_SSL_Crl',
    crlPath: 'Master_SSL_Crlpath',
    cipher: 'Master_SSL_Cipher',
    versions: 'Master_TLS_Version',
  },
  'source-replica': {
    host: 'Source_Host',
    port: 'Source_Port',
    user: 'Source_User',
    serverId: 'Source_Server_Id',
    uuid: 'Source_UUID',
    io: 'Replica_IO_Running',
    sql: 'Replica_SQL_Running',
    lag: 'Seconds_Behind_Source',
    readFile: 'Source_Log_File',
    readPosition: 'Read_Source_Log_Pos',
    executedFile: 'Relay_Source_Log_File',
    executedPosition: 'Exec_Source_Log_Pos',
    tls: 'Source_SSL_Allowed',
    verify: 'Source_SSL_Verify_Server_Cert',
    caFile: 'Source_SSL_CA_File',
    certFile: 'Source_SSL_Cert',
    keyFile: 'Source_SSL_Key',
    caPath: 'Source_SSL_CA_Path',
    crlFile: 'Source_SSL_Crl',
    crlPath: 'Source_SSL_Crlpath',
    cipher: 'Source_SSL_Cipher',
    versions: 'Source_TLS_Version',
  },
} as const;

/** Group Replication's own channels are rows of SHOW REPLICA STATUS too, and read from no source. */
const groupChannels: readonly string[] = ['group_replication_applier', 'group_replication_recovery'];

const receivedTables = [
  'replication_connection_status',
  'replication_connection_configuration',
  'replication_applier_status_by_coordinator',
  'replication_applier_status_by_worker',
];

/** The columns of that answer that say how far the applier is. */
export function executedColumns(column: Column): { readonly file: string; readonly position: string } {
  const { executedFile, executedPosition } = statusWords[column.statusWords];
  return { file: executedFile, position: executedPosition };
}

/** The columns of that answer that say how far the receiver is. */
export function receivedColumns(column: Column): {
  readonly file: string;
  readonly position: string;
  readonly gtid: string;
} {
  const { readFile: file, readPosition: position } = statusWords[column.statusWords];
  return { file, position, gtid: column.flavour === 'mariadb' ? 'Gtid_IO_Pos' : 'Retrieved_Gtid_Set' };
}

export function channelQuestions(column: Column): Question[] {
  const channels: Question = {
    id: 'channels',
    collector: 'replication',
    pace: 'look',
    sql: column.replicaStatus,
    privileges: [column.privileges.replicaStatus],
  };
  return column.receivedTimes === undefined ? [channels] : [channels, receivedQuestion(column)];
}

/**
 * When something last arrived, and when errors happened: SHOW REPLICA STATUS dates errors in the zone of the
 * server's system, which it does not tell; these tables hold real times. They answer with performance_schema off too
 * (seen on 9.7). Never is a zero date, which UNIX_TIMESTAMP gives as 0.
 */
function receivedQuestion(column: Column): Question {
  const newestError = (table: string) =>
    `(SELECT UNIX_TIMESTAMP(MAX(a.LAST_ERROR_TIMESTAMP)) FROM performance_schema.${table} a WHERE a.CHANNEL_NAME = s.CHANNEL_NAME)`;
  const columns = [
    's.CHANNEL_NAME AS channel',
    'c.HEARTBEAT_INTERVAL AS heartbeat_period',
    's.COUNT_RECEIVED_HEARTBEATS AS heartbeats',
    'UNIX_TIMESTAMP(s.LAST_HEARTBEAT_TIMESTAMP) AS heartbeat_at',
    ...(column.receivedTimes === 'heartbeats-and-transactions'
      ? ['UNIX_TIMESTAMP(s.LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP) AS transaction_at']
      : []),
    'UNIX_TIMESTAMP(s.LAST_ERROR_TIMESTAMP) AS io_error_at',
    `${newestError('replication_applier_status_by_coordinator')} AS coordinator_error_at`,
    `${newestError('replication_applier_status_by_worker')} AS worker_error_at`,
  ];
  return {
    id: 'received',
    collector: 'replication',
    pace: 'look',
    sql: `SELECT ${columns.join(', ')} FROM performance_schema.replication_connection_status s JOIN performance_schema.replication_connection_configuration c ON c.CHANNEL_NAME = s.CHANNEL_NAME`,
    privileges: receivedTables.map((table) => `SELECT ON performance_schema.${table}`),
  };
}

/**
 * One entry per channel that names a source; `[]` for a server that replicates from nobody. `receivedAt` is on the
 * server's clock, and `silent` is for the observer to say, who remembers.
 */
export function channelsOf(column: Column, answers: Answers): Channel[] | undefined {
  const words = statusWords[column.statusWords];
  const received = new Map(answers.received?.map((row) => [text(row, 'channel'), row]));
  return answers.channels
    ?.filter((row) => optionalText(row, words.host) !== undefined && !groupChannels.includes(nameOf(row)))
    .map((row) => channelOf(column, row, received.get(nameOf(row)) ?? {}));
}

/** MariaDB calls it a connection. SHOW SLAVE STATUS of one connection alone has no such column. */
function nameOf(row: Row): string {
  return row['Connection_name'] ?? row['Channel_Name'] ?? '';
}

function channelOf(column: Column, row: Row, received: Row): Channel {
  const words = statusWords[column.statusWords];
  return {
    name: nameOf(row),
    source: {
      host: text(row, words.host),
      port: number(row, words.port),
      user: optionalText(row, words.user) ?? '',
      serverId: optionalTime(row, words.serverId), // 0 until the first connection
      uuid: optionalText(row, words.uuid),
    },
    io: ioStateOf(text(row, words.io)),
    sql: isOn(text(row, words.sql)) ? 'running' : 'stopped',
    ioError: errorOf(row, 'Last_IO', [optionalTime(received, 'io_error_at')]),
    sqlError: errorOf(row, 'Last_SQL', [
      optionalTime(received, 'coordinator_error_at'),
      optionalTime(received, 'worker_error_at'),
    ]),
    lagSeconds: optionalNumber(row, words.lag),
    delaySeconds: optionalNumber(row, 'SQL_Delay') ?? 0,
    heartbeatPeriodSeconds:
      optionalNumber(row, 'Slave_heartbeat_period') ?? optionalNumber(received, 'heartbeat_period'),
    heartbeatsReceived: optionalNumber(row, 'Slave_received_heartbeats') ?? optionalNumber(received, 'heartbeats'),
    receivedAt: receivedAtOf(received),
    silent: undefined,
    relayLogBytes: optionalNumber(row, 'Relay_Log_Space'),
    read: { file: optionalText(row, words.readFile) ?? '', position: number(row, words.readPosition) },
    executed: { file: optionalText(row, words.executedFile) ?? '', position: number(row, words.executedPosition) },
    gtid: gtidOf(column, row),
    filtered: filteredOf(row),
    tls: {
      enabled: isOn(text(row, words.tls)), // `Ignored` (built without TLS) is plaintext
      verify: isOn(text(row, words.verify)),
      caFile: optionalText(row, words.caFile),
      certFile: optionalText(row, words.certFile),
      keyFile: optionalText(row, words.keyFile),
      caPath: optionalText(row, words.caPath),
      crlFile: optionalText(row, words.crlFile),
      crlPath: optionalText(row, words.crlPath),
      cipher: optionalText(row, words.cipher),
      versions: optionalText(row, words.versions),
    },
  };
}

/**
 * What leaves out, of databases, tables, domains and servers, or gives them other names. All are empty where nothing is
 * left out; MariaDB alone has those of domains.
 */
const filters = [
  'Replicate_Do_DB',
  'Replicate_Ignore_DB',
  'Replicate_Do_Table',
  'Replicate_Ignore_Table',
  'Replicate_Wild_Do_Table',
  'Replicate_Wild_Ignore_Table',
  'Replicate_Ignore_Server_Ids',
  'Replicate_Rewrite_DB',
  'Replicate_Do_Domain_Ids',
  'Replicate_Ignore_Domain_Ids',
];

function filteredOf(row: Row): boolean | undefined {
  if (!('Replicate_Do_DB' in row)) return undefined;
  return filters.some((name) => optionalText(row, name) !== undefined);
}

/** `Preparing` is MariaDB's word for a thread that starts. */
function ioStateOf(word: string): IoState {
  switch (word.toLowerCase()) {
    case 'yes':
      return 'running';
    case 'connecting':
    case 'preparing':
      return 'connecting';
    default:
      return 'stopped';
  }
}

function errorOf(
  row: Row,
  thread: 'Last_IO' | 'Last_SQL',
  times: readonly (number | undefined)[],
): ChannelError | undefined {
  const errno = number(row, `${thread}_Errno`);
  if (errno === 0) return undefined;
  const known = times.filter((time) => time !== undefined);
  return {
    errno,
    message: optionalText(row, `${thread}_Error`) ?? '',
    time: known.length === 0 ? undefined : Math.max(...known),
  };
}

function receivedAtOf(received: Row): number | undefined {
  const newest = Math.max(optionalTime(received, 'heartbeat_at') ?? 0, optionalTime(received, 'transaction_at') ?? 0);
  return newest === 0 ? undefined : newest * 1000;
}

function gtidOf(column: Column, row: Row): Channel['gtid'] {
  if (column.flavour === 'mysql') {
    const received = row['Retrieved_Gtid_Set'];
    return {
      mode: isOn(row['Auto_Position']) ? 'auto' : 'off',
      received: received === undefined || received === null ? undefined : withoutSpace(received),
    };
  }
  const mode = { slave_pos: 'slave_pos', current_pos: 'current_pos' } as const;
  const word = text(row, 'Using_Gtid').toLowerCase();
  return {
    mode: word === 'slave_pos' || word === 'current_pos' ? mode[word] : 'off',
    received: row['Gtid_IO_Pos'] ?? undefined,
  };
}
