import path from 'node:path';
import type { TlsFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Detected } from './detect.js';
import type { Answers, Question, Row } from './question.js';
import { isOn, named, number, optionalText } from './values.js';

const channelProperties = ['Enabled', 'Current_tls_ca', 'Current_tls_cert', 'Current_tls_key', 'Current_tls_version'];
const statusNames = ['Ssl_version', 'Ssl_cipher', 'Ssl_server_not_before', 'Ssl_server_not_after'];

/**
 * Sessions by protocol and cipher, those that stream the binary log apart. One pass over status_by_thread, which costs
 * as much as there are connections (10.11: 60 ms for 400), since neither MariaDB nor MySQL 5.7 has an index on it.
 * Threads without a connection type are the server's own, such as the appliers of a replica.
 */
const sessionsQuery = [
  'SELECT s.version AS version, s.cipher AS cipher, t.stream AS stream, COUNT(*) AS sessions',
  "FROM (SELECT THREAD_ID, MAX(IF(VARIABLE_NAME = 'Ssl_version', VARIABLE_VALUE, '')) AS version, MAX(IF(VARIABLE_NAME = 'Ssl_cipher', VARIABLE_VALUE, '')) AS cipher",
  "FROM performance_schema.status_by_thread WHERE VARIABLE_NAME IN ('Ssl_version', 'Ssl_cipher') GROUP BY THREAD_ID) s",
  "JOIN (SELECT THREAD_ID, IF(PROCESSLIST_COMMAND LIKE 'Binlog Dump%', PROCESSLIST_ID, NULL) AS stream",
  'FROM performance_schema.threads WHERE CONNECTION_TYPE IS NOT NULL) t ON t.THREAD_ID = s.THREAD_ID',
  'GROUP BY s.version, s.cipher, t.stream',
].join(' ');

export function tlsQuestions(column: Column, detected: Pick<Detected, 'performanceSchema'>): Question[] {
  const slow = { collector: 'tls', pace: 'slow' } as const;
  const variables = [
    ...(column.haveSsl ? ['have_ssl'] : []),
    'require_secure_transport',
    'tls_version',
    'ssl_ca',
    'ssl_cert',
    'ssl_key',
    'datadir',
  ];
  // Everybody may read it, and it answers with performance_schema off as well (seen on 9.7).
  const persisted = column.persists
    ? [
        "(SELECT p.VARIABLE_VALUE FROM performance_schema.persisted_variables p WHERE p.VARIABLE_NAME = 'require_secure_transport') AS require_persisted",
      ]
    : [];
  const questions: Question[] = [
    {
      ...slow,
      id: 'tls',
      sql: `SELECT ${[...variables.map((name) => `@@global.${name} AS ${name}`), ...persisted].join(', ')}`,
      privileges: [],
    },
    {
      // MariaDB fills the dates for the asking session alone, and only when that is a TLS session.
      ...slow,
      id: 'tls_status',
      sql: `SHOW SESSION STATUS WHERE Variable_name IN (${quoted(statusNames)})`,
      privileges: [],
    },
  ];
  if (!detected.performanceSchema) return questions;
  if (column.tlsChannelStatus)
    questions.push({
      ...slow,
      id: 'tls_channel',
      sql: `SELECT PROPERTY AS Variable_name, VALUE AS Value FROM performance_schema.tls_channel_status WHERE CHANNEL = 'mysql_main' AND PROPERTY IN (${quoted(channelProperties)})`,
      privileges: ['SELECT ON performance_schema.tls_channel_status'],
    });
  if (column.statusByThread)
    questions.push({
      ...slow,
      id: 'tls_sessions',
      sql: sessionsQuery,
      privileges: ['SELECT ON performance_schema.status_by_thread', 'SELECT ON performance_schema.threads'],
    });
  return questions;
}

/** undefined unless `tls` and `tls_status` were answered, and `tls_channel` where the column asks it. */
export function tlsOf(
  column: Column,
  detected: Pick<Detected, 'performanceSchema'>,
  answers: Answers,
): TlsFacts | undefined {
  const [variables] = answers.tls ?? [];
  if (variables === undefined || answers.tls_status === undefined) return undefined;
  if (column.tlsChannelStatus && detected.performanceSchema && answers.tls_channel === undefined) return undefined;
  const status = named(answers.tls_status);
  const channel = named(answers.tls_channel ?? []);
  const cipher = optionalText(status, 'ssl_cipher');
  return {
    ...haveSslOf(variables, channel, status),
    required: isOn(variables['require_secure_transport']),
    requiredPersisted: persistedOf(optionalText(variables, 'require_persisted')),
    versions: (channel['current_tls_version'] ?? variables['tls_version'] ?? '')
      .split(',')
      .filter((version) => version !== '')
      .map((version) => (version === 'TLSv1.0' ? 'TLSv1' : version)), // MariaDB's setting alone writes it so, sessions say TLSv1
    caFile: fileOf(channel['current_tls_ca'] ?? variables['ssl_ca'], variables),
    certFile: fileOf(channel['current_tls_cert'] ?? variables['ssl_cert'], variables),
    keyFile: fileOf(channel['current_tls_key'] ?? variables['ssl_key'], variables),
    session: cipher === undefined ? undefined : { version: optionalText(status, 'ssl_version') ?? '', cipher },
    sessions: answers.tls_sessions && sessionsOf(answers.tls_sessions),
    statusNotBefore: timeOf(optionalText(status, 'ssl_server_not_before')),
    statusNotAfter: timeOf(optionalText(status, 'ssl_server_not_after')),
  };
}

function sessionsOf(rows: readonly Row[]): NonNullable<TlsFacts['sessions']> {
  const counts = new Map<string, { version: string; cipher: string; count: number }>();
  for (const row of rows) {
    const [version, cipher] = [row['version'] ?? '', row['cipher'] ?? ''];
    const key = JSON.stringify([version, cipher]);
    const count = (counts.get(key)?.count ?? 0) + number(row, 'sessions');
    counts.set(key, { version, cipher, count });
  }
  return [...counts.values()];
}

/**
 * tls_channel_status answers nothing while performance_schema is off, and from 8.4 on have_ssl is gone: what is left
 * is the certificate's dates, which MySQL gives on every session while TLS is on and leaves empty while it is off
 * (both seen on 9.7).
 */
function haveSslOf(variables: Row, channel: Row, status: Row): Pick<TlsFacts, 'haveSsl' | 'haveSslSource'> {
  const enabled = optionalText(channel, 'enabled');
  if (enabled !== undefined)
    return { haveSsl: isOn(enabled) ? 'YES' : 'DISABLED', haveSslSource: 'tls_channel_status' };
  const word = optionalText(variables, 'have_ssl')?.toUpperCase();
  if (word !== undefined)
    return { haveSsl: word === 'YES' || word === 'DISABLED' ? word : 'NO', haveSslSource: 'have_ssl' };
  const served = optionalText(status, 'ssl_server_not_after') ?? optionalText(status, 'ssl_cipher');
  return { haveSsl: served === undefined ? 'DISABLED' : 'YES', haveSslSource: 'status' };
}

function persistedOf(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : isOn(value);
}

/** Names without a directory are in the data directory: those that MySQL made itself. */
function fileOf(name: string | null | undefined, variables: Row): string | undefined {
  if (!name) return undefined;
  const directory = optionalText(variables, 'datadir');
  return directory === undefined || path.posix.isAbsolute(name) ? name : path.posix.join(directory, name);
}

/** `Nov  2 15:25:22 2027 GMT`, as OpenSSL prints it, in seconds since the Unix epoch. */
function timeOf(printed: string | undefined): number | undefined {
  const milliseconds = Date.parse(printed ?? '');
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
