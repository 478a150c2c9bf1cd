import { startReplica, stopReplica } from '../dialects/replication-statements.js';
import type { Authority } from '../pki/authority.js';
import type { IssueRequest } from '../pki/issue.js';
import { Admin } from './admin.js';
import { issueReplicaClient, issueServer, type Validity } from './certificates.js';
import { channelStatus } from './replication.js';
import type { SandboxServer } from './server.js';
import { until } from './until.js';

/*
 * Ways to break a cluster on purpose. Killing and freezing are the server's own (`kill`, `freeze`, `thaw`), a bad
 * network is a link (proxy.ts), a full disk is disk.ts. `cluster.reset()` undoes all of them.
 */

export type Thread = 'io' | 'sql';

/** Stop one thread, or both, as an operator does: settles when it stands. */
export async function stopReplication(replica: SandboxServer, thread?: Thread, channel = ''): Promise<void> {
  await replica.sql(stopReplica(replica.column, channel, thread));
}

export async function startReplication(replica: SandboxServer, thread?: Thread, channel = ''): Promise<void> {
  await replica.sql(startReplica(replica.column, channel, thread));
}

/** Make the replica apply everything so many seconds late; 0 ends it. MariaDB takes it only while both threads stand. */
export async function delayReplica(replica: SandboxServer, seconds: number, channel = ''): Promise<void> {
  await replica.sql(stopReplica(replica.column, channel));
  await replica.sql(replica.words.delay(channel, seconds));
  await replica.sql(startReplica(replica.column, channel));
}

/**
 * Lock a table on a server from a session of its own: a replica's applier waits behind it and lags, threads running.
 * Gives the release.
 */
export async function lockTable(server: SandboxServer, table: string): Promise<() => Promise<void>> {
  const session = new Admin(server.socketPath);
  await session.query(`LOCK TABLES ${table} WRITE`);
  return () => session.close();
}

/** Write a transaction of its own on a replica, past read_only, as only an administrator can. */
export async function writeErrant(replica: SandboxServer, database = 'errant'): Promise<void> {
  await replica.sql(`CREATE DATABASE ${database}`);
}

/** Break the applier: the row that comes from the source next is already there. Settles when the SQL thread stands. */
export async function collide(
  source: SandboxServer,
  replica: SandboxServer,
  table = 'collision.rows_of',
  channel = '',
): Promise<void> {
  const [database = ''] = table.split('.');
  await source.sql(`CREATE DATABASE IF NOT EXISTS ${database}`);
  await source.sql(`CREATE TABLE IF NOT EXISTS ${table} (id INT PRIMARY KEY)`);
  const [row] = await source.sql(`SELECT COALESCE(MAX(id), 0) + 1 AS next FROM ${table}`);
  const next = Number(row?.['next'] ?? 1);
  const there = async () => (await replica.sql(`SELECT COUNT(*) AS n FROM ${table}`)).length > 0;
  await until(`"${replica.name}" to have ${table}`, there);
  await replica.run(['SET sql_log_bin = 0', `INSERT INTO ${table} VALUES (${next})`, 'SET sql_log_bin = 1']);
  await source.sql(`INSERT INTO ${table} VALUES (${next})`);
  await until(
    `the applier of "${replica.name}" to stop`,
    async () => (await channelStatus(replica, channel))?.sql === 'No',
  );
}

/** Break the connections of all replicas of a source at its end, so that they shake hands anew. */
export async function dropStreams(source: SandboxServer): Promise<void> {
  const rows = await source.sql(
    "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'",
  );
  for (const { id } of rows) await source.sql(`KILL ${Number(id)}`);
}

export interface Swap extends Validity, Pick<IssueRequest, 'keyType'> {
  /** Names in the certificate. Default: the server's address and name. */
  readonly names?: readonly string[];
  /** Default: read the new files at once. MySQL refuses to reload an expired one; a restart takes it. */
  readonly use?: 'reload' | 'restart' | 'leave';
}

/** Put another certificate where the server's own stands: other dates, other names, another authority. */
export async function swapServerCertificate(
  authority: Authority,
  server: SandboxServer,
  { use = 'reload', ...swap }: Swap,
): Promise<void> {
  await issueServer(authority, server, swap);
  if (use === 'reload') await server.sql(server.words.reloadTls);
  if (use === 'restart') await server.restart(1_500);
}

/** Put another certificate where the replica's client certificate stands; it is read at the next connect to the source. */
export async function swapReplicaCertificate(
  authority: Authority,
  replica: SandboxServer,
  validity: Validity,
): Promise<void> {
  await issueReplicaClient(authority, replica, validity);
}

/** Dates of a certificate whose time was over yesterday. */
export function expired(): Validity {
  return { notBefore: new Date(Date.now() - 30 * day), notAfter: new Date(Date.now() - day) };
}

/** Dates of a certificate whose time begins tomorrow. */
export function notYetValid(): Validity {
  return { notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 30 * day) };
}

const day = 86_400_000;
