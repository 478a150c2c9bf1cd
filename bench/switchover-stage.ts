import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../src/base/scope.js';
import { Secret } from '../src/base/secret.js';
import { createAccount } from '../src/dialects/grant-statements.js';
import { quoteText } from '../src/dialects/quote.js';
import { createCluster, type SandboxCluster } from '../src/sandbox/cluster.js';
import { writeConfiguration } from '../src/sandbox/configuration.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { swapServerCertificate } from '../src/sandbox/faults.js';
import { startHaproxy, type Haproxy } from '../src/sandbox/haproxy.js';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { startLockstep, type LockstepProcess } from './lockstep-process.js';
import { say } from './run.js';
import { ServerEvents } from './server-events.js';
import type { SwitchoverOptions } from './switchover-run.js';

/** Steps whose ends are the moments that count. */
const [freeze, promote, announce] = ['freeze', 'promote', 'announce'];
const token = 'a-token-of-the-benchmark';
/** A run ends within this time, milliseconds. */
const endsWithin = 60_000;

export interface SwitchoverStage {
  readonly cluster: SandboxCluster;
  readonly haproxy: Haproxy;
  readonly primaryName: string;
  readonly application: { readonly user: string; readonly password: Secret };
  primary(): Promise<SandboxServer>;
  /** Milliseconds, or why it did not succeed. */
  switchTo(
    to: SandboxServer,
  ): Promise<{ readonly routed: number; readonly promoted: number; readonly run: number } | string>;
}

/** A primary and two replicas with durable settings, HAProxy in front of them, and one Lockstep. */
export async function openSwitchoverStage(scope: Scope, options: SwitchoverOptions): Promise<SwitchoverStage> {
  const { version, program } = options;
  const progress = (line: string) => say(line);
  const cluster = await createCluster({ version, replicas: 2, durable: true, progress });
  scope.defer(() => cluster.stop());
  const primaryName = 'masterdb';
  for (const server of cluster.servers)
    await swapServerCertificate(cluster.authority, server, { names: [server.address.host, server.name, primaryName] });
  const haproxy = await startHaproxy(scope, {
    servers: cluster.servers.map(({ name, address }) => ({ name, address, disabled: name !== 'db1' })),
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
    configure: (listen) => configured(scope, cluster, haproxy, listen, primaryName),
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

async function configured(
  scope: Scope,
  cluster: SandboxCluster,
  haproxy: Haproxy,
  listen: string,
  primaryName: string,
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
  const { outcome, why } = ended.run;
  if (outcome !== 'succeeded') return `${ended.type} ${outcome ?? ''}: ${why}`;
  const at = (type: string, step: string | undefined) =>
    events.seen.find((event) => event.type === type && event.step === step)?.at ?? NaN;
  const start = at('step-began', freeze);
  return {
    routed: at('step-ended', announce) - start,
    promoted: at('step-ended', promote) - start,
    run: performance.now() - began,
  };
}
