import type { Stream, StreamFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Detected } from './detect.js';
import { processAllowed } from './process-allowed.js';
import type { Answers, Question, QuestionOptions, Row } from './question.js';
import { number, optionalText, text } from './values.js';

/** Both Binlog Dump and Binlog Dump GTID. */
const dumping = "LIKE 'Binlog Dump%'";

/** Refused without PROCESS, for no stream seen would look like no stream. */
const processList = `${processAllowed} LEFT JOIN information_schema.PROCESSLIST p ON p.COMMAND ${dumping}`;

/** Where to see who streams now. */
export function dumpThreads(detected: Pick<Detected, 'performanceSchema'>): DumpThreads {
  return detected.performanceSchema
    ? {
        from: 'performance_schema.threads t',
        where: `t.PROCESSLIST_COMMAND ${dumping}`,
        user: 't.PROCESSLIST_USER',
        client: 't.PROCESSLIST_HOST AS client',
        privilege: 'SELECT ON performance_schema.threads',
      }
    : {
        from: processList,
        where: 'p.ID IS NOT NULL',
        user: 'p.USER',
        client: 'p.HOST AS client_port',
        privilege: 'PROCESS ON *.*',
      };
}

export interface DumpThreads {
  readonly from: string;
  readonly where: string;
  readonly user: string;
  /** Its alias says whether the port is in it: see {@link clientOf}. */
  readonly client: string;
  readonly privilege: string;
}

export function streamQuestions(
  column: Column,
  detected: Pick<Detected, 'performanceSchema'>,
  options: QuestionOptions,
): Question[] {
  const slow = { collector: 'streams', pace: 'slow' } as const;
  const streams: Question = { ...slow, id: 'streams', ...threadQuery(column, detected) };
  if (options.registered !== true) return [streams];
  const registered: Question = {
    ...slow,
    id: 'registered',
    sql: column.replicaHosts,
    privileges: [column.privileges.replicaHosts],
  };
  return [streams, registered];
}

function threadQuery(
  column: Column,
  detected: Pick<Detected, 'performanceSchema'>,
): Pick<Question, 'sql' | 'privileges'> {
  const { from, where, user, client, privilege } = dumpThreads(detected);
  const columns = [`${user} AS user`, client];
  const privileges = [privilege];
  if (!detected.performanceSchema) {
    return { sql: `SELECT p.ID AS id, ${columns.join(', ')} FROM ${from} WHERE ${where}`, privileges };
  }
  columns.unshift('t.PROCESSLIST_ID AS id');
  columns.push('t.CONNECTION_TYPE AS connection_type');
  if (column.flavour === 'mysql') {
    // A replica introduces itself in a user variable, called replica_uuid as well from 8.0.26 on.
    columns.push(
      "(SELECT MAX(CONVERT(u.VARIABLE_VALUE USING utf8mb4)) FROM performance_schema.user_variables_by_thread u WHERE u.THREAD_ID = t.THREAD_ID AND u.VARIABLE_NAME IN ('slave_uuid', 'replica_uuid')) AS uuid",
    );
    privileges.push('SELECT ON performance_schema.user_variables_by_thread');
  }
  return { sql: `SELECT ${columns.join(', ')} FROM ${from} WHERE ${where}`, privileges };
}

/** undefined unless `streams` was answered. Protocol and cipher of each stream come with `tls_sessions`, where asked. */
export function streamsOf(answers: Answers): StreamFacts | undefined {
  if (answers.streams === undefined) return undefined;
  const sessions = new Map(answers.tls_sessions?.map((row) => [row['stream'] ?? '', row]));
  return {
    threads: answers.streams
      .filter((row) => row['id'] !== null)
      .map((row) => streamOf(row, sessions.get(text(row, 'id')) ?? {})),
    registered: answers.registered?.map((row) => ({
      serverId: number(row, 'Server_id' in row ? 'Server_id' : 'Server_Id'), // SHOW SLAVE HOSTS, SHOW REPLICAS
      host: optionalText(row, 'Host') ?? '',
      port: number(row, 'Port'),
      uuid: optionalText(row, 'Replica_UUID') ?? optionalText(row, 'Slave_UUID'),
    })),
  };
}

function streamOf(row: Row, session: Row): Stream {
  return {
    threadId: number(row, 'id'),
    user: text(row, 'user'),
    host: clientOf(row),
    uuid: optionalText(row, 'uuid'),
    encrypted: encryptedOf(optionalText(row, 'connection_type')),
    version: optionalText(session, 'version'),
    cipher: optionalText(session, 'cipher'),
  };
}

/** SSL/TLS, TCP/IP, Socket, Named Pipe, Shared Memory; NULL where the server does not tell. */
function encryptedOf(connectionType: string | undefined): boolean | undefined {
  return connectionType === undefined ? undefined : connectionType === 'SSL/TLS';
}

/** The process list writes the client with its port, `10.0.0.2:51234`, also behind an IPv6 address. */
export function clientOf(row: Row): string {
  return optionalText(row, 'client') ?? (optionalText(row, 'client_port') ?? '').replace(/:\d+$/, '');
}
