import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../src/base/scope.js';
import { Secret } from '../src/base/secret.js';
import { createAccount } from '../src/dialects/grant-statements.js';
import { stopReplica } from '../src/dialects/replication-statements.js';
import { quoteText } from '../src/dialects/quote.js';
import { createCluster, type SandboxCluster } from '../src/sandbox/cluster.js';
import { serverKeys, writeConfiguration } from '../src/sandbox/configuration.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { swapServerCertificate } from '../src/sandbox/faults.js';
import { startHaproxy, type Haproxy } from '../src/sandbox/haproxy.js';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { comers, Network } from '../test/live/chaos/network.js';
import { startLockstep, type LockstepProcess } from './lockstep-process.js';
import { say } from './run.js';
import { ServerEvents } from './server-events.js';
import type { SwitchoverOptions } from './switchover-run.js';

/** Steps whose ends are the moments that count. */
const [freeze, promote, announce] = ['freeze', 'promote', 'announce'];
const between = [freeze, 'catch-up', 'close', promote, announce];
const token = 'a-token-of-the-benchmark';
/** A run ends within this time, milliseconds. */
const endsWithin = 60_000;

/** How long each took, milliseconds, in their order. */
export type Steps = Readonly<Record<string, number>>;

export interface SwitchoverStage {
  readonly cluster: SandboxCluster;
  readonly haproxy: Haproxy;
  readonly primaryName: string;
  readonly application: { readonly user: string; readonly password: Secret };
  primary(): Promise<SandboxServer>;
  /** Milliseconds, or why it did not succeed. */
  switchTo(to: SandboxServer): Promise<
    | {
        readonly routed: number;
        readonly promoted: number;
        readonly run: number;
        readonly record: number;
        readonly steps: Steps;
      }
    | string
  >;
}

/** A primary and two replicas with durable settings, HAProxy in front of them, and one Lockstep. */
export async function openSwitchoverStage(scope: Scope, options: SwitchoverOptions): Promise<SwitchoverStage> {
  const { version, program } = options;
  const progress = (line: string) => say(line);
  // Appliers that commit in smaller groups than the primary's eight connections fall behind for good.
  const settings = { [version.startsWith('mariadb') ? 'slave_parallel_threads' : 'replica_parallel_workers']: 16 };
  const cluster = await createCluster({ version, replicas: 2, durable: true, settings, progress });
  scope.defer(() => cluster.stop());
  const primaryName = 'masterdb';
  for (const server of cluster.servers)
    await swapServerCertificate(cluster.authority, server, { names: [server.address.host, server.name, primaryName] });
  const network = options.roundTrip > 0 ? await twoCentres(scope, cluster, options.roundTrip) : undefined;
  const haproxy = await startHaproxy(scope, {
    servers: cluster.servers.map(({ name, address }) => ({
      name,
      address: network?.to(name, 'clients').address ?? address,
      disabled: name !== 'db1',
    })),
  });
  const application = { user: 'application', password: new Secret('the-password-of-the-application') };
  for (const text of [
    'CREATE DATABASE bench',
    'CREATE TABLE bench.writes (writer INT, seq INT, server INT, at DATETIME(6), PRIMARY KEY (writer, seq), KEY (at))',
    'CREATE TABLE bench.probes (id INT PRIMARY KEY)',
    createAccount(application, 'ssl', quoteText(application.password.reveal())),
    "GRANT SELECT, INSERT ON bench.* TO application@'%'",
  ])
    await cluster.primary.sql(text);
  await Promise.all(cluster.replicas.map((replica) => untilCaughtUp(replica, cluster.primary)));
  const lockstep = await startLockstep(scope, {
    program,
    env: network?.environment(),
    configure: (listen) => configured(scope, cluster, haproxy, listen, { primaryName, network }),
  });
  const events = await ServerEvents.open(`${lockstep.url}/api/v1/events`, token);
  scope.defer(() => events.close());
  return {
    ...{ cluster, haproxy, primaryName, application },
    async primary() {
      for (const server of cluster.servers) {
        const [row] = await server.sql('SELECT @@global.read_only AS closed');
        if (['0', 'OFF'].includes(row?.['closed'] ?? '')) return server;
      }
      throw new Error('no server accepts writes');
    },
    switchTo: (to) => switchTo(lockstep, events, to),
  };
}

/** Lockstep, HAProxy, db1 and db3 stand in one data centre, db2 in another: half of the round trip each way. */
async function twoCentres(scope: Scope, cluster: SandboxCluster, roundTrip: number): Promise<Network> {
  const network = await Network.open(scope, cluster.servers);
  for (const replica of cluster.replicas) {
    await replica.sql(stopReplica(replica.column, ''));
    await cluster.follow(replica, cluster.primary, { through: network.to('db1', 'replicas').address });
  }
  for (const comer of comers) network.to('db2', comer).delay(roundTrip / 2);
  network.to('db1', 'replicas').delay(roundTrip / 2); // db3, which is near, comes this way too
  return network;
}

function serversBehind(network: Network, cluster: SandboxCluster) {
  return Object.fromEntries(
    cluster.servers.map((server) => {
      const { host, port } = network.to(server.name, 'replicas').address;
      return [server.name, { ...serverKeys(cluster, server), address: `${host}:${port}` }] as const;
    }),
  );
}

async function configured(
  scope: Scope,
  cluster: SandboxCluster,
  haproxy: Haproxy,
  listen: string,
  { primaryName, network }: { readonly primaryName: string; readonly network: Network | undefined },
): Promise<string> {
  const directory = await takeDirectory(scope);
  const tokenFile = path.join(directory, 'token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  return writeConfiguration(cluster, {
    whole: {
      listen,
      journal: { directory: path.join(directory, 'journal') },
      tokens: [{ name: 'bench', role: 'operator', token_file: tokenFile }],
    },
    keys: {
      ...(network === undefined ? {} : { servers: serversBehind(network, cluster) }),
      names: [primaryName],
      announce: [{ kind: 'haproxy', socket: haproxy.socket, backend: haproxy.backend, hold: '5s' }],
    },
  });
}

async function switchTo({ url }: LockstepProcess, events: ServerEvents, to: SandboxServer) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const began = performance.now();
  events.forget();
  const body = JSON.stringify({ procedure: 'switchover', parameters: { cluster: 'sandbox', to: to.name } });
  const asked = await fetch(`${url}/api/v1/runs`, { method: 'POST', headers, body });
  if (!asked.ok) return `${asked.status} ${await asked.text()}`;
  const ended = await events.until(
    ({ type }) => type === 'ended' || type === 'needs-human' || type === 'waiting',
    endsWithin,
  );
  const { id, outcome, why } = ended.run;
  if (outcome !== 'succeeded') return `${id} ${outcome ?? ended.type}: ${why}`;
  const at = (type: string, step: string | undefined) =>
    events.seen.find((event) => event.type === type && event.step === step)?.at ?? NaN;
  const start = at('step-began', freeze);
  const steps = events.seen.flatMap(({ type, step = '' }) =>
    type === 'step-ended' ? [[step, at('step-ended', step) - at('step-began', step)] as const] : [],
  );
  return {
    record: at('step-began', 'close') - at('step-ended', 'catch-up'),
    steps: Object.fromEntries(steps.filter(([step]) => between.includes(step))),
    routed: at('step-ended', announce) - start,
    promoted: at('step-ended', promote) - start,
    run: performance.now() - began,
  };
}
