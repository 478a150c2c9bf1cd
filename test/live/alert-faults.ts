import path from 'node:path';
import { grantsFor } from '../../src/dialects/grants.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication, writeErrant } from '../../src/sandbox/faults.js';
import { coordinatesOf, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { askOne } from './stage.js';

/** Runs statements on one server, and on no other: what they change is not written to the binary log. */
export async function locally(server: SandboxServer, ...statements: readonly string[]): Promise<void> {
  await server.run(['SET sql_log_bin = 0', ...statements, 'SET sql_log_bin = 1']);
}

/** What the account of the replicas must show to this source. */
export function requireOfReplicas(sandbox: SandboxCluster, requirement: 'X509' | 'NONE'): Promise<void> {
  const account = quoteAccount({ user: sandbox.accounts.replication.user, host: '%' });
  return locally(sandbox.primary, `ALTER USER ${account} REQUIRE ${requirement}`);
}

/** Takes from Lockstep what it counts accounts with, on one server. Gives the way back. */
export async function takeAccountsFrom(sandbox: SandboxCluster, server: SandboxServer): Promise<() => Promise<void>> {
  const grants = grantsFor(server.column, sandbox.accounts.monitor, server).filter((grant) => /\bmysql\b/.test(grant));
  const revokes = grants.map((grant) => grant.replace(/^GRANT/, 'REVOKE').replace(/ TO (?=\S+$)/, ' FROM '));
  await locally(server, ...revokes);
  return () => locally(server, ...grants);
}

/** Lockstep's own account on one server: whoever is in stays in, and nobody gets in. */
export function lockMonitor(sandbox: SandboxCluster, server: SandboxServer, lock: 'LOCK' | 'UNLOCK'): Promise<void> {
  const account = quoteAccount({ user: sandbox.accounts.monitor.user, host: '%' });
  return locally(server, `ALTER USER ${account} ACCOUNT ${lock}`);
}

/**
 * Every new session of an ordinary account is told a time that is over: the servers of the sandbox share the clock of
 * this machine, and a session's own can be set. 0 ends it.
 */
export async function clockBehind(server: SandboxServer, seconds: number): Promise<void> {
  const statement = seconds === 0 ? '' : `SET timestamp = UNIX_TIMESTAMP() - ${seconds}`;
  await server.sql(`SET GLOBAL init_connect = '${statement}'`);
}

/** Once: the source waits a tenth of a second for a replica that acknowledges; there is none until {@link acknowledge}. */
export async function waitForReplicas(source: SandboxServer, on: boolean): Promise<void> {
  const mysql = source.version.flavour === 'mysql';
  const word = mysql ? 'source' : 'master';
  if (on && mysql) await source.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
  await source.sql(`SET GLOBAL rpl_semi_sync_${word}_timeout = 100`);
  await source.sql(`SET GLOBAL rpl_semi_sync_${word}_enabled = ${on ? 1 : 0}`);
}

/** The replica acknowledges from now on what it receives. */
export async function acknowledge(replica: SandboxServer): Promise<void> {
  const mysql = replica.version.flavour === 'mysql';
  if (mysql) await replica.sql("INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
  await stopReplication(replica, 'io');
  await replica.sql(`SET GLOBAL rpl_semi_sync_${mysql ? 'replica' : 'slave'}_enabled = 1`);
  await startReplication(replica, 'io');
  await untilReplicating(replica);
}

/** Gives the way back: the replica forgets its own history and takes the primary's up again. */
export async function errant(replica: SandboxServer): Promise<() => Promise<void>> {
  const mysql = replica.version.flavour === 'mysql';
  const before = mysql ? await askOne(replica, '@@global.gtid_executed') : '';
  await writeErrant(replica);
  return async () => {
    await stopReplication(replica);
    await locally(replica, 'DROP DATABASE errant');
    await replica.sql(mysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER');
    if (mysql) await replica.sql(`SET GLOBAL gtid_purged = '${before.replace(/\s/g, '')}'`);
    await startReplication(replica);
    await untilReplicating(replica);
  };
}

/** Only the newest binary log is left. Whoever streams an older one holds it for a while. */
export async function purge(source: SandboxServer): Promise<void> {
  await source.sql('FLUSH LOCAL BINARY LOGS');
  const { file } = await coordinatesOf(source);
  await until('the binary logs to be purged', async () => {
    await source.sql(`PURGE BINARY LOGS TO '${file}'`);
    return (await source.sql('SHOW BINARY LOGS')).length === 1;
  });
}

/** As a rebuild ends: the replica begins where the source is now. */
export async function beginWhere(replica: SandboxServer, source: SandboxServer): Promise<void> {
  const mysql = replica.version.flavour === 'mysql';
  await stopReplication(replica);
  const now = await askOne(source, mysql ? '@@global.gtid_executed' : '@@global.gtid_binlog_pos');
  await replica.sql(mysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER');
  await replica.sql(`SET GLOBAL ${mysql ? 'gtid_purged' : 'gtid_slave_pos'} = '${now.replace(/\s/g, '')}'`);
  await startReplication(replica);
  await untilReplicating(replica);
}

/**
 * A table of heartbeats that no key keeps from telling of one server twice, one that nobody replicates from: Lockstep
 * then has two values for one series.
 */
export async function twoHeartbeats(sandbox: SandboxCluster): Promise<void> {
  const { primary, accounts } = sandbox;
  await primary.run([
    'CREATE DATABASE beats',
    'CREATE TABLE beats.twice (ts VARCHAR(26), server_id INT UNSIGNED)',
    "INSERT INTO beats.twice VALUES ('2026-01-01T00:00:00.000000', 99), ('2026-01-01T00:00:01.000000', 99)",
  ]);
  await locally(primary, `GRANT SELECT ON beats.twice TO ${quoteAccount({ user: accounts.monitor.user, host: '%' })}`);
}

export function tlsFiles(server: SandboxServer) {
  const file = (name: string) => path.join(server.tlsDirectory, name);
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}

/**
 * The replica has received a transaction of the primary's that the primary has not, as after a crash that cost it the end
 * of its log. Gives the way back, once the primary is open again.
 */
export async function getAhead(replica: SandboxServer, primary: SandboxServer): Promise<() => Promise<void>> {
  if (primary.version.flavour === 'mysql') {
    const far = `${await askOne(primary, '@@global.server_uuid')}:1000000`;
    const empty = [`SET GTID_NEXT = '${far}'`, 'BEGIN', 'COMMIT', "SET GTID_NEXT = 'AUTOMATIC'"];
    await replica.run(empty);
    return async () => {
      await primary.run(empty);
      // If its link was made anew meanwhile, the source has refused it (13114).
      await startReplication(replica);
      await untilReplicating(replica);
    };
  }
  const place = await askOne(replica, '@@global.gtid_slave_pos');
  const far = place.replace(/\d+$/, (number) => String(Number(number) + 1000));
  await stopReplication(replica);
  await replica.sql(`SET GLOBAL gtid_slave_pos = '${far}'`);
  return async () => {
    await replica.sql(`SET GLOBAL gtid_slave_pos = '${place}'`);
    await startReplication(replica);
    await untilReplicating(replica);
  };
}
