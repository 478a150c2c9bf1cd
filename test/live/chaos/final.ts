import { parseMariadbGtids } from '../../../src/domain/gtid-mariadb.js';
import type { Row } from '../../../src/dialects/question.js';
import type { ServerName } from '../../../src/domain/snapshot.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';
import { until } from '../../../src/sandbox/until.js';
import type { FinalChannel, FinalServer, WrittenRow } from './history.js';
import type { Network } from './network.js';
import type { Baseline } from './settings.js';

export interface Subject {
  readonly servers: readonly SandboxServer[];
  readonly network: Network;
  readonly baseline: Baseline;
  readonly table: string;
}

/** Everything that the invariants need of the servers, asked at their own sockets, once nothing moves any more. */
export async function finalServers(subject: Subject): Promise<readonly FinalServer[]> {
  const { servers } = subject;
  const histories = new Map(
    await Promise.all(servers.map(async (one) => [one.name, await transactionsOf(one)] as const)),
  );
  return Promise.all(servers.map((server) => finalOf(server, subject, histories)));
}

/** What a channel says of TLS, in one text. */
export async function channelsOf(server: SandboxServer, network: Network): Promise<readonly FinalChannel[]> {
  const rows = await server.sql(server.words.status);
  return rows.map((row) => ({
    sourcedFrom: network.nameOf(
      row['Source_Host'] ?? row['Master_Host'] ?? '',
      Number(row['Source_Port'] ?? row['Master_Port']),
    ),
    io: row['Replica_IO_Running'] ?? row['Slave_IO_Running'] ?? '',
    sql: row['Replica_SQL_Running'] ?? row['Slave_SQL_Running'] ?? '',
    error: [row['Last_IO_Error'], row['Last_SQL_Error']].filter(Boolean).join('; '),
    tls: Object.entries(row)
      .filter(([name]) => /SSL|TLS/.test(name))
      .map(([name, value]) => `${name}=${value ?? 'NULL'}`)
      .join(' '),
  }));
}

/** What the others hold and this one lacks, one text for each of them that holds such. */
export async function lackedBy(name: ServerName, servers: readonly SandboxServer[]): Promise<readonly string[]> {
  const histories = new Map(
    await Promise.all(servers.map(async (one) => [one.name, await transactionsOf(one)] as const)),
  );
  const others = servers.filter((one) => one.name !== name);
  const extra = await Promise.all(others.map(async (one) => [one.name, (await missingFrom(one, histories))[name] ?? ''] as const)); // prettier-ignore
  return extra.filter(([, text]) => text !== '').map(([other, text]) => `${other} holds ${text}`);
}

export async function isWritable(server: SandboxServer): Promise<boolean> {
  const [row] = await server.sql('SELECT @@global.read_only AS closed');
  return ['0', 'OFF'].includes(row?.['closed'] ?? '');
}

async function finalOf(
  server: SandboxServer,
  subject: Subject,
  histories: ReadonlyMap<ServerName, string>,
): Promise<FinalServer> {
  const writable = await isWritable(server);
  const [checksum] = await server.sql(`CHECKSUM TABLE ${subject.table}`);
  return {
    name: server.name,
    serverId: server.options.serverId,
    writable,
    rows: await rowsOf(server, subject.table),
    checksum: checksum?.['Checksum'] ?? '',
    transactions: { text: histories.get(server.name) ?? '', missingFrom: await missingFrom(server, histories) },
    channels: await channelsOf(server, subject.network),
    plaintextStreams: await plaintextStreams(server),
    held: await heldOn(server),
    changed: await subject.baseline.changed(server, writable),
  };
}

async function rowsOf(server: SandboxServer, table: string): Promise<readonly WrittenRow[]> {
  const at = 'CAST(UNIX_TIMESTAMP(at) * 1000000 AS UNSIGNED)';
  const rows = await server.sql(`SELECT writer, seq, server, ${at} AS at FROM ${table}`);
  return rows.map((row) => ({
    writer: Number(row['writer']),
    seq: Number(row['seq']),
    serverId: Number(row['server']),
    at: Number(row['at']),
  }));
}

async function transactionsOf(server: SandboxServer): Promise<string> {
  const asked = server.version.flavour === 'mysql' ? '@@global.gtid_executed' : '@@global.gtid_binlog_state';
  const [row] = await server.sql(`SELECT ${asked} AS text`);
  return (row?.['text'] ?? '').replaceAll('\n', '');
}

async function missingFrom(server: SandboxServer, histories: ReadonlyMap<ServerName, string>) {
  const own = histories.get(server.name) ?? '';
  const found = [...histories].map(async ([name, theirs]) => {
    if (server.version.flavour === 'mariadb') return [name, extraOf(own, theirs)] as const;
    const [row] = await server.sql(`SELECT GTID_SUBTRACT('${own}', '${theirs}') AS extra`);
    return [name, (row?.['extra'] ?? '').replaceAll('\n', '')] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

/** What of one state lies beyond the other's, per domain and server. */
function extraOf(own: string, theirs: string): string {
  const other = parseMariadbGtids(theirs);
  return [...parseMariadbGtids(own)]
    .flatMap(([domain, ids]) => [...ids].map(([id, sequence]) => ({ domain, id, sequence })))
    .filter(({ domain, id, sequence }) => sequence > (other.get(domain)?.get(id) ?? 0n))
    .map(({ domain, id, sequence }) => `${domain}-${id}-${sequence}`)
    .join(',');
}

async function plaintextStreams(server: SandboxServer): Promise<number | undefined> {
  if (!server.performanceSchema) return undefined;
  const rows = await server.sql(
    "SELECT CONNECTION_TYPE AS type FROM performance_schema.threads WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%'",
  );
  return rows.filter(({ type }) => type !== 'SSL/TLS').length;
}

/** Who is still there that ought to have gone, after the time that a goodbye takes. */
async function heldOn(server: SandboxServer): Promise<readonly string[]> {
  let left: readonly Row[] = [];
  const nobody = async () => {
    left = await server.sql(
      "SELECT USER AS user, COMMAND AS command, STATE AS state FROM information_schema.PROCESSLIST WHERE USER = 'lockstep_operate' OR STATE LIKE '%lock%'",
    );
    return left.length === 0;
  };
  await until('sessions to end', nobody, { within: 5000 }).catch(() => undefined);
  return left.map(({ user, command, state }) => `a session of ${user ?? ''}: ${command ?? ''} ${state ?? ''}`);
}
