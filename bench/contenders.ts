import { gunzipSync } from 'node:zlib';
import type { Scope } from '../src/base/scope.js';
import type { SandboxCluster } from '../src/sandbox/cluster.js';
import { writeConfiguration } from '../src/sandbox/configuration.js';
import { startMysqldExporter } from '../src/sandbox/programs.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { startLockstep } from './lockstep-process.js';

/** What is scraped: everything that operators compare, or the state of replication alone. */
export const pairings = ['everything', 'replication'] as const;
export type Pairing = (typeof pairings)[number];

/** A program that is measured. */
export interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly urls: Readonly<Record<Pairing, string>>;
  /** A series that each page must hold, so that nobody is quick by leaving out what was asked. */
  readonly proof: Readonly<Record<Pairing, RegExp>>;
}

export interface LockstepOptions {
  readonly program?: string | undefined;
  readonly node?: readonly string[] | undefined;
}

/** The newest release, and the one that Debian 12 installs. */
const releases = ['0.14', '0.19'] as const;

const heartbeat = { database: 'heartbeat', table: 'heartbeat' };

/** A row as pt-heartbeat writes it, on the primary, from where it replicates. */
export async function writeHeartbeat(primary: SandboxServer): Promise<void> {
  const { database, table } = heartbeat;
  await primary.run([
    `CREATE DATABASE ${database}`,
    `CREATE TABLE ${database}.${table} (ts VARCHAR(26) NOT NULL, server_id INT UNSIGNED NOT NULL PRIMARY KEY, file VARCHAR(255), position BIGINT UNSIGNED)`,
    `INSERT INTO ${database}.${table} (ts, server_id) VALUES (DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%f'), 1)`,
  ]);
}

/** Everyone against the same replica, each over TLS with the server's certificate verified. */
export async function startContenders(
  scope: Scope,
  cluster: SandboxCluster,
  replica: SandboxServer,
  options: LockstepOptions,
): Promise<readonly [lockstep: Contender, ...peers: Contender[]]> {
  // Whose privileges these are makes no difference to the cost; the peers get an account that may do everything.
  await grantHeartbeat(cluster, replica);
  return [
    await lockstep(scope, cluster, replica, options),
    ...(await Promise.all(releases.map((release) => peer(scope, cluster, replica, release)))),
  ];
}

/** Whether the page holds what was asked for. */
export function proves({ proof }: Contender, pairing: Pairing, body: Buffer): boolean {
  const text = body[0] === 0x1f ? gunzipSync(body).toString() : body.toString();
  return proof[pairing].test(text);
}

async function grantHeartbeat({ accounts }: SandboxCluster, replica: SandboxServer): Promise<void> {
  const { database, table } = heartbeat;
  await replica.run([
    'SET sql_log_bin = 0',
    `GRANT SELECT ON ${database}.${table} TO '${accounts.monitor.user}'@'%'`,
    'SET sql_log_bin = 1',
  ]);
}

async function lockstep(
  scope: Scope,
  cluster: SandboxCluster,
  replica: SandboxServer,
  options: LockstepOptions,
): Promise<Contender> {
  const { database, table } = heartbeat;
  const { url, pid } = await startLockstep(scope, {
    ...options,
    configure: (listen) =>
      writeConfiguration(cluster, {
        cluster: 'bench',
        keys: { heartbeat: { table: `${database}.${table}`, utc: true } },
        whole: { listen },
      }),
  });
  const probe = `${url}/probe?target=bench/${replica.name}`;
  return {
    name: 'Lockstep',
    pid,
    urls: { everything: probe, replication: `${probe}&collect[]=replication` },
    proof: {
      everything: /^mysql_replica_io_running\{[^]*^lockstep_collector_success\{[^}]*"heartbeat"\} 1$/m,
      replication: /^mysql_replica_io_running\{/m,
    },
  };
}

async function peer(
  scope: Scope,
  { accounts, client }: SandboxCluster,
  replica: SandboxServer,
  release: (typeof releases)[number],
): Promise<Contender> {
  const { database, table } = heartbeat;
  const { url, pid } = await startMysqldExporter(scope, {
    ...accounts.operate,
    release,
    server: replica.address,
    ca: client.ca,
    args: [
      '--collect.heartbeat',
      `--collect.heartbeat.database=${database}`,
      `--collect.heartbeat.table=${table}`,
      '--collect.heartbeat.utc',
    ],
  });
  const collectors = ['slave_status', 'global_status', 'global_variables', 'heartbeat'];
  const replication = '^mysql_slave_status_(?:slave|replica)_io_running';
  return {
    name: `mysqld_exporter ${release}`,
    pid,
    urls: {
      everything: `${url}/metrics?${collectors.map((name) => `collect[]=${name}`).join('&')}`,
      replication: `${url}/metrics?collect[]=slave_status`,
    },
    proof: { everything: new RegExp(replication, 'm'), replication: new RegExp(replication, 'm') },
  };
}
