import { readFile } from 'node:fs/promises';
import { Scope } from '../../../src/base/scope.js';
import { Secret } from '../../../src/base/secret.js';
import { createAccount } from '../../../src/dialects/grant-statements.js';
import { stopReplica } from '../../../src/dialects/replication-statements.js';
import { quoteText } from '../../../src/dialects/quote.js';
import type { ServerName } from '../../../src/domain/snapshot.js';
import { obituary } from '../../../src/sandbox/child.js';
import { createCluster, type SandboxCluster } from '../../../src/sandbox/cluster.js';
import { certificatesKept, serverKeys } from '../../../src/sandbox/configuration.js';
import { swapServerCertificate } from '../../../src/sandbox/faults.js';
import { startHaproxy, type Haproxy } from '../../../src/sandbox/haproxy.js';
import { untilCaughtUp } from '../../../src/sandbox/replication.js';
import { semiSyncSettings, waitForReplicas } from '../../../src/sandbox/semi-sync.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';
import { versionNamed, type VersionName } from '../../../src/sandbox/versions.js';
import { LockstepProcess } from '../lockstep-process.js';
import { AnnouncerProgram } from './announcer.js';
import { fenceProgram } from './fence.js';
import { channelsOf, isWritable } from './final.js';
import { Network } from './network.js';
import { Baseline } from './settings.js';
import type { Client } from './writer.js';

export interface ChaosOptions {
  readonly version: VersionName;
  readonly mode: 'gtid' | 'position';
  /** Every commit waits for a replica, for good: a failover then loses nothing. Default false. */
  readonly semiSync?: boolean;
  /** Whether a failover stops the old primary's process first. Default true. */
  readonly fence?: boolean;
  /** Flush at every commit. Default false. */
  readonly durable?: boolean;
  /** Megabytes of a disk of its own for each server, which can be filled; needs root. Default: none. */
  readonly diskMegabytes?: number | undefined;
}

/** What the applications call their primary. */
export const primaryName = 'masterdb';
export const database = 'chaos';

/** Three servers, whoever comes to them over links of their own, and a Lockstep that may change the primary. */
export class ChaosCluster {
  private constructor(
    readonly scope: Scope,
    readonly options: ChaosOptions,
    readonly sandbox: SandboxCluster,
    readonly network: Network,
    readonly announcer: AnnouncerProgram,
    readonly haproxy: Haproxy,
    readonly lockstep: LockstepProcess,
    readonly baseline: Baseline,
    readonly channelTls: Readonly<Record<ServerName, string>>,
    readonly ca: string,
  ) {}

  readonly application = { user: 'application', password: new Secret('the-password-of-the-application') };
  readonly sampler = { user: 'sampler', password: new Secret('the-password-of-the-sampler') };

  static async open(options: ChaosOptions): Promise<ChaosCluster> {
    const scope = new Scope();
    try {
      return await laidOut(scope, options, (...parts) => new ChaosCluster(scope, options, ...parts));
    } catch (failure) {
      await scope.end();
      throw failure;
    }
  }

  get servers(): readonly SandboxServer[] {
    return this.sandbox.servers;
  }

  /** Who takes writes now, by the servers' own word; those that cannot be asked do not count. */
  async writable(): Promise<readonly ServerName[]> {
    const asked = await Promise.all(
      this.servers.map(
        async (server) => [server.name, server.running && (await isWritable(server).catch(() => false))] as const,
      ),
    );
    return asked.filter(([, open]) => open).map(([name]) => name);
  }

  /** @throws when not exactly one takes writes */
  async primary(): Promise<SandboxServer> {
    const [name, ...others] = await this.writable();
    if (name === undefined || others.length > 0) throw new Error(`writable: ${[name, ...others].join(', ')}`);
    return this.sandbox.server(name);
  }

  /** An application that goes from server to server until one takes its writes. */
  get direct(): Client {
    return { ...this.application, ca: this.ca, addresses: this.servers.map(({ name }) => this.network.to(name, 'clients').address) }; // prettier-ignore
  }

  /** One that HAProxy leads to the primary. */
  get proxied(): Client {
    return { ...this.application, ca: this.ca, serverName: primaryName, addresses: [this.haproxy.address] };
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { lockstep } = this;
    await lockstep.start({ ...this.network.environment(), ...env });
    if (env['LOCKSTEP_FAULT'] === undefined && !lockstep.child.alive)
      throw new Error(`Lockstep ${await obituary(await lockstep.child.ended, lockstep.log)}`);
  }

  /** Lockstep has seen every server since it was started, and knows how each replicates. */
  async seen(): Promise<void> {
    await this.lockstep.plan({ procedure: 'failover', parameters: { cluster: 'sandbox' } });
  }

  /** As a person rebuilds it, who has given up what it has: empty at first, then everything from the primary's first log on. */
  async rebuild(server: SandboxServer, primary: SandboxServer): Promise<void> {
    await this.sandbox.rebuild(server, primary, this.network.to(primary.name, 'replicas').address);
    await nameToo(this.sandbox, server);
    await closeFirmly(server);
  }

  stop(): Promise<void> {
    return this.scope.end();
  }
}

type Parts = [SandboxCluster, Network, AnnouncerProgram, Haproxy, LockstepProcess, Baseline, Readonly<Record<ServerName, string>>, string]; // prettier-ignore

async function laidOut<T extends ChaosCluster>(
  scope: Scope,
  options: ChaosOptions,
  made: (...parts: Parts) => T,
): Promise<T> {
  const { version, mode, durable, diskMegabytes, semiSync = false, fence = true } = options;
  const names = ['db1', 'db2', 'db3'];
  const sandbox = await createCluster({
    version,
    mode,
    replicas: 2,
    durable,
    performanceSchema: true, // it tells which streams are TLS
    settings: { require_secure_transport: 'ON', ...(semiSync ? semiSyncSettings(versionNamed(version)) : {}) },
    servers: Object.fromEntries(names.map((name) => [name, { diskMegabytes }])),
  });
  scope.defer(() => sandbox.stop());
  for (const server of sandbox.servers) await nameToo(sandbox, server);
  const network = await Network.open(scope, sandbox.servers);
  for (const replica of sandbox.replicas) {
    await replica.sql(stopReplica(replica.column, ''));
    await sandbox.follow(replica, sandbox.primary, { through: network.to('db1', 'replicas').address });
  }
  const announcer = await AnnouncerProgram.lay(scope, network.to('db1', 'replicas').address);
  const haproxy = await startHaproxy(scope, {
    servers: names.map((name) => ({ name, address: network.to(name, 'clients').address, disabled: name !== 'db1' })),
  });
  if (semiSync) await waitForReplicas(sandbox);
  const program = fence ? await fenceProgram(scope, sandbox.servers) : undefined;
  const lockstep = await LockstepProcess.lay(
    sandbox,
    {},
    {
      ...clusterKeys(sandbox, network, announcer, haproxy),
      failover: { evidence: '2s', ...(program === undefined ? {} : { fence: program }) },
    },
  );
  const channels = await Promise.all(
    sandbox.servers.map(async (server) => [server, await channelsOf(server, network)] as const),
  );
  const [shape = ''] = channels.flatMap(([{ name }, found]) => found.map(({ tls }) => tls.replaceAll(pathOf(sandbox, name), '<tls>'))); // prettier-ignore
  const channelTls = Object.fromEntries(names.map((name) => [name, shape.replaceAll('<tls>', pathOf(sandbox, name))]));
  if (sandbox.primary.column.readOnly === 'super') await sandbox.primary.sql('SET PERSIST_ONLY super_read_only = ON');
  for (const replica of sandbox.replicas) await closeFirmly(replica);
  const baseline = await Baseline.of(sandbox.servers, 'db1');
  const ca = await readFile(sandbox.client.ca, 'utf8');
  const cluster = made(sandbox, network, announcer, haproxy, lockstep, baseline, channelTls, ca);
  await makeAccounts(cluster);
  return cluster;
}

/** Its certificate names what applications call the primary, as well. */
function nameToo({ authority }: SandboxCluster, server: SandboxServer): Promise<void> {
  return swapServerCertificate(authority, server, { names: [server.address.host, server.name, primaryName] });
}

/** A replica is read-only at the strongest level there is, and so it starts. */
async function closeFirmly(replica: SandboxServer): Promise<void> {
  if (replica.column.readOnly === 'super') await replica.sql('SET PERSIST super_read_only = ON');
}

function pathOf(sandbox: SandboxCluster, name: ServerName): string {
  return sandbox.server(name).tlsDirectory;
}

function clusterKeys(sandbox: SandboxCluster, network: Network, announcer: AnnouncerProgram, haproxy: Haproxy) {
  const server = (one: SandboxServer) => {
    const { host, port } = network.to(one.name, 'replicas').address;
    return [
      one.name,
      { ...serverKeys(sandbox, one), ...certificatesKept(sandbox).ofServer?.(one), address: `${host}:${port}` },
    ] as const;
  };
  return {
    servers: Object.fromEntries(sandbox.servers.map(server)),
    names: [primaryName],
    announce: [{ kind: 'haproxy', socket: haproxy.socket, backend: haproxy.backend, hold: '5s' }, announcer.entry],
  };
}

async function makeAccounts({ sandbox, application, sampler }: ChaosCluster): Promise<void> {
  const { primary } = sandbox;
  for (const text of [
    `CREATE DATABASE ${database}`,
    createAccount(application, 'ssl', quoteText(application.password.reveal())),
    `GRANT SELECT, INSERT ON ${database}.* TO ${application.user}@'%'`,
    // Over a socket, where nobody is in between.
    `CREATE USER ${sampler.user}@'localhost' IDENTIFIED BY ${quoteText(sampler.password.reveal())}`,
  ])
    await primary.sql(text);
  await Promise.all(sandbox.replicas.map((replica) => untilCaughtUp(replica, primary)));
}
