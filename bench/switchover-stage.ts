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
import { semiSyncSettings, waitForReplicas } from '../src/sandbox/semi-sync.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { versionNamed, type VersionName } from '../src/sandbox/versions.js';
import { comers, Network } from '../test/live/chaos/network.js';
import { startLockstep, type LockstepProcess } from './lockstep-process.js';
import { say } from './run.js';
import { ServerEvents } from './server-events.js';

/** What is measured on a stage. */
export interface StageOptions {
  readonly version: VersionName;
  /** Lockstep's. Default dist/main.js. */
  readonly program: string | undefined;
  /** Between the two data centres, milliseconds; 0: there is one. */
  readonly roundTrip: number;
  /** Every commit waits for a replica, and a primary counts as dead after so many seconds. Default: neither. */
  readonly evidence?: number;
}

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
  /** What a run that is asked for came to, and what was heard of it. */
  run(procedure: string, parameters?: Readonly<Record<string, string>>): Promise<Ran>;
  /** A run that needs a human is given up. */
  abandon(id: string): Promise<void>;
  /** As a person does it: all that it has is thrown away, and it follows the primary. */
  rebuild(server: SandboxServer): Promise<void>;
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

export interface Ran {
  readonly id: string;
  readonly outcome: string;
  readonly why: string;
  /** When an event of a step came, milliseconds since the Unix epoch; NaN: never. */
  readonly at: (type: string, step: string) => number;
}

/** A primary and two replicas with durable settings, HAProxy in front of them, and one Lockstep. */
export async function openSwitchoverStage(scope: Scope, options: StageOptions): Promise<SwitchoverStage> {
  const { version, program, evidence } = options;
  const progress = (line: string) => say(line);
  // Appliers that commit in smaller groups than the primary's eight connections fall behind for good.
  const settings = {
    [version.startsWith('mariadb') ? 'slave_parallel_threads' : 'replica_parallel_workers']: 16,
    ...(evidence === undefined ? {} : semiSyncSettings(versionNamed(version))),
  };
  const cluster = await createCluster({ version, replicas: 2, durable: true, settings, progress });
  scope.defer(() => cluster.stop());
  const primaryName = 'masterdb';
  const nameToo = (server: SandboxServer) =>
    swapServerCertificate(cluster.authority, server, { names: [server.address.host, server.name, primaryName] });
  for (const server of cluster.servers) await nameToo(server);
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
  if (evidence !== undefined) await waitForReplicas(cluster);
  const lockstep = await startLockstep(scope, {
    program,
    env: network?.environment(),
    configure: (listen) => configured(scope, cluster, haproxy, listen, { primaryName, network, evidence }),
  });
  const events = await ServerEvents.open(`${lockstep.url}/api/v1/events`, token);
  scope.defer(() => events.close());
  const stage: SwitchoverStage = {
    ...{ cluster, haproxy, primaryName, application },
    async primary() {
      for (const server of cluster.servers.filter(({ running }) => running)) {
        const [row] = await server.sql('SELECT @@global.read_only AS closed');
        if (['0', 'OFF'].includes(row?.['closed'] ?? '')) return server;
      }
      throw new Error('no server accepts writes');
    },
    run: (procedure, parameters = {}) => run(lockstep, events, procedure, parameters),
    async abandon(id) {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      await fetch(`${lockstep.url}/api/v1/runs/${id}/abandon`, { method: 'POST', headers, body: JSON.stringify({ reason: 'it is built anew' }) }); // prettier-ignore
    },
    async rebuild(server) {
      await cluster.rebuild(server, await stage.primary());
      await nameToo(server);
    },
    switchTo: (to) => switchTo(lockstep, events, to),
  };
  return stage;
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

interface Behind {
  readonly primaryName: string;
  readonly network: Network | undefined;
  readonly evidence: number | undefined;
}

async function configured(
  scope: Scope,
  cluster: SandboxCluster,
  haproxy: Haproxy,
  listen: string,
  { primaryName, network, evidence }: Behind,
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
      ...(evidence === undefined ? {} : { failover: { evidence: `${evidence}s` } }),
      announce: [{ kind: 'haproxy', socket: haproxy.socket, backend: haproxy.backend, hold: '5s' }],
    },
  });
}

async function run(
  { url }: LockstepProcess,
  events: ServerEvents,
  procedure: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Ran> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  events.forget();
  const body = JSON.stringify({ procedure, parameters: { cluster: 'sandbox', ...parameters }, mode: 'auto' });
  const asked = await fetch(`${url}/api/v1/runs`, { method: 'POST', headers, body });
  if (!asked.ok) return { id: '', outcome: `${asked.status}`, why: await asked.text(), at: () => NaN };
  const { id } = (await asked.json()) as { readonly id: string };
  const ended = await events.until(
    (event) => event.run.id === id && (event.type === 'ended' || event.type === 'needs-human'),
    endsWithin,
  );
  const seen = [...events.seen];
  return {
    id,
    outcome: ended.run.outcome ?? ended.type,
    why: ended.run.why,
    at: (type, step) => seen.find((event) => event.run.id === id && event.type === type && event.step === step)?.at ?? NaN, // prettier-ignore
  };
}

async function switchTo(lockstep: LockstepProcess, events: ServerEvents, to: SandboxServer) {
  const began = performance.now();
  const { id, outcome, why, at } = await run(lockstep, events, 'switchover', { to: to.name });
  if (outcome !== 'succeeded') return `${id} ${outcome}: ${why}`;
  const start = at('step-began', freeze);
  const steps = between.map((step) => [step, at('step-ended', step) - at('step-began', step)] as const);
  return {
    record: at('step-began', 'close') - at('step-ended', 'catch-up'),
    steps: Object.fromEntries(steps),
    routed: at('step-ended', announce) - start,
    promoted: at('step-ended', promote) - start,
    run: performance.now() - began,
  };
}
