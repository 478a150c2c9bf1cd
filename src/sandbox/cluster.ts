import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import { Scope } from '../base/scope.js';
import { Secret } from '../base/secret.js';
import { changeSource, startReplica, type ChannelTls } from '../dialects/replication-statements.js';
import { written } from '../dialects/written.js';
import type { Authority } from '../pki/authority.js';
import type { Address } from '../domain/snapshot.js';
import type { Requirement } from '../dialects/grant-statements.js';
import type { Target } from '../mysql/target.js';
import { accountStatements, makeAccounts, type Account, type Accounts } from './accounts.js';
import { keepFiles, replicaRequest, serverRequest } from './certificates.js';
import { takeDirectory } from './directories.js';
import { unpack, type UnpackOptions } from './packages.js';
import { Papers } from './papers.js';
import { coordinatesOf, untilCaughtUp, untilReplicating } from './replication.js';
import { layOutServer, type SandboxServer, type ServerOptions } from './server.js';
import type { Settings, TlsFiles } from './settings.js';
import { heartbeatPeriodSeconds, type Coordinates } from './statements.js';
import { versionNamed, type VersionName, type VersionRecipe } from './versions.js';

export interface ClusterOptions extends UnpackOptions {
  readonly version: VersionName;
  /** Default 2. */
  readonly replicas?: number | undefined;
  /** Default `gtid`. */
  readonly mode?: 'gtid' | 'position' | undefined;
  /** What the replication account must show. Default `x509`. */
  readonly requirement?: Requirement | undefined;
  /** For every server. */
  readonly durable?: boolean | undefined;
  readonly performanceSchema?: boolean | undefined;
  readonly settings?: Settings | undefined;
  /** For one server, over those for all: of another version for instance. */
  readonly servers?: Readonly<Record<string, Partial<Omit<ServerOptions, 'name'>>>> | undefined;
}

export interface FollowOptions {
  /** Default: the default channel, whose name is empty. */
  readonly channel?: string;
  /** Where the source is reached, a proxy for instance. Default: its own address. */
  readonly through?: Address;
  /** Default: by GTID, or in position mode where the source's log ends now. */
  readonly from?: 'gtid' | Coordinates;
  /** Default: TLS with verification on and the replica's own certificate. `off`: no TLS. */
  readonly tls?: ChannelTls | 'off';
  /** Start it and wait until both threads run. Default true. */
  readonly start?: boolean;
}

/**
 * A primary `db1` and its replicas `db2`, `db3`, …, over TLS with client certificates and verification on; the
 * primary is open for writes, replication runs. `stop` ends all of it and removes every file.
 */
export async function createCluster(options: ClusterOptions): Promise<SandboxCluster> {
  const scope = new Scope();
  try {
    return await boot(scope, options);
  } catch (failure) {
    await scope.end();
    throw failure;
  }
}

export class SandboxCluster {
  readonly servers: SandboxServer[] = [];

  constructor(
    readonly scope: Scope,
    readonly options: ClusterOptions,
    readonly version: VersionRecipe,
    readonly papers: Papers,
    readonly authority: Authority,
    /** What Lockstep itself presents, and whom it trusts. */
    readonly client: TlsFiles,
    readonly accounts: Accounts,
  ) {}

  get mode(): 'gtid' | 'position' {
    return this.options.mode ?? 'gtid';
  }

  /** `db1`. */
  get primary(): SandboxServer {
    return this.server('db1');
  }

  /** `db2` and up. */
  get replicas(): readonly SandboxServer[] {
    return this.servers.filter((server) => baseName.test(server.name) && server.name !== 'db1');
  }

  /** @throws LockstepError `sandbox-server` for a name that it does not have. */
  server(name: string): SandboxServer {
    const found = this.servers.find((server) => server.name === name);
    if (found !== undefined) return found;
    const names = this.servers.map((server) => server.name).join(', ');
    throw new LockstepError('sandbox-server', `no server is called "${name}"`, `There are ${names}.`);
  }

  /** How an account logs in at a server, with Lockstep's own certificate as it lies there now, and verification on. */
  async login({ address }: Pick<SandboxServer, 'address'>, { user, password }: Account): Promise<Target> {
    const files = [this.client.ca, this.client.cert, this.client.key].map((file) => readFile(file, 'utf8'));
    const [ca = '', cert = '', key = ''] = await Promise.all(files);
    const tls = { verify: 'identity', ca, cert, key: new Secret(key) } as const;
    return { address, user, password: () => Promise.resolve(password), tls };
  }

  /** One more server, with certificates and accounts, read-only, following nobody: a second source for instance. */
  async add(name: string, options: Partial<Omit<ServerOptions, 'name'>> = {}): Promise<SandboxServer> {
    const { version, mode, authority } = this;
    const { durable, performanceSchema, settings, servers } = this.options;
    const serverId = this.#nextId();
    const own = { ...servers?.[name], ...options };
    const all = { ...settings, ...own.settings };
    const server = await layOutServer(
      this.scope,
      { version, mode, durable, performanceSchema, serverId, ...own, name, settings: all },
      this.options,
    );
    const files = await this.papers.certificate(
      authority,
      `${name}-${server.address.host}`,
      serverRequest(server),
      server.tlsDirectory,
    );
    await this.papers.certificate(authority, `${name}-replication`, replicaRequest(server), server.tlsDirectory);
    this.#fresh.set(server, { tls: files, putBack: await keepFiles(server) });
    await this.#begin(server);
    this.servers.push(server);
    this.servers.sort((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
    return server;
  }

  /** Let it accept writes, which makes it a primary. */
  async open(server: SandboxServer): Promise<void> {
    await server.sql('SET GLOBAL read_only = 0'); // on MySQL this also ends super_read_only
  }

  async close(server: SandboxServer): Promise<void> {
    await server.sql(`SET GLOBAL ${this.version.flavour === 'mysql' ? 'super_read_only' : 'read_only'} = 1`);
  }

  /** Make `replica` follow `source` on a channel; what the channel was before is forgotten. */
  async follow(replica: SandboxServer, source: SandboxServer, options: FollowOptions = {}): Promise<void> {
    const { channel = '', through = source.address, start = true } = options;
    const from = options.from ?? (this.mode === 'gtid' ? 'gtid' : await coordinatesOf(source));
    const tls = 'tls' in options ? (options.tls === 'off' ? undefined : options.tls) : this.channelTls(replica);
    const { user, password } = this.accounts.replication;
    const change = changeSource(replica.column, channel, {
      ...through,
      login: { user, password: { secret: 'replication' } },
      from,
      tls,
      connectRetrySeconds: 1,
      heartbeatPeriodSeconds,
    });
    await replica.sql(written(change, { secrets: { replication: password }, notes: {} }).reveal());
    const patience = replica.words.patience(channel);
    if (patience !== undefined) await replica.sql(patience);
    if (!start) return;
    await replica.sql(startReplica(replica.column, channel));
    await untilReplicating(replica, channel);
  }

  /** What a replica's channel is configured with unless a test wants otherwise. */
  channelTls(replica: SandboxServer): ChannelTls {
    const file = (name: string) => path.join(replica.tlsDirectory, name);
    return { verify: true, caFile: file('ca.pem'), certFile: file('client-cert.pem'), keyFile: file('client-key.pem') };
  }

  /** Ends every process and removes every file; harmless twice. */
  stop(): Promise<void> {
    return this.scope.end();
  }

  /**
   * Back to how it began, in about the time of a boot: data, certificates, settings, roles and channels. Addresses and
   * passwords stay; servers that were added go.
   */
  async reset(): Promise<void> {
    for (const extra of this.servers.filter((server) => !baseName.test(server.name))) await extra.stop(0);
    this.servers.splice(0, this.servers.length, ...this.servers.filter((server) => baseName.test(server.name)));
    await all(this.servers, (server) => this.renew(server));
    await this.replicate();
  }

  /** One server as it was before it had a role: without data, read-only, following nobody. */
  async renew(server: SandboxServer): Promise<void> {
    await server.wipe();
    await this.#fresh.get(server)?.putBack();
    await this.#begin(server);
  }

  /** Open `db1` and let every other `db…` follow it. */
  async replicate(): Promise<void> {
    await this.open(this.primary);
    await all(this.replicas, (replica) => this.follow(replica, this.primary));
  }

  /**
   * As a person rebuilds a server who has given up what it has: empty at first, then everything that the source's logs
   * hold, which must be all from the first on. @param through where the source is reached; default its own address
   */
  async rebuild(server: SandboxServer, source: SandboxServer, through = source.address): Promise<void> {
    await this.renew(server);
    // As somebody else, for what it had written itself it would leave out.
    server.configure({ server_id: 1000 + server.options.serverId });
    await server.restart();
    const from = this.mode === 'gtid' ? 'gtid' : { file: 'bin.000001', position: 4 };
    await this.follow(server, source, { from, through });
    // Some twenty thousand transactions, one after the other, on a machine that has other work.
    await untilCaughtUp(server, source, { seconds: 300 });
    server.configure({ server_id: server.options.serverId });
    await server.restart();
    await untilReplicating(server);
  }

  readonly #fresh = new Map<SandboxServer, { readonly tls: TlsFiles; readonly putBack: () => Promise<void> }>();
  #ids = 0;

  async #begin(server: SandboxServer): Promise<void> {
    server.setTls(this.#fresh.get(server)?.tls ?? 'default');
    await server.own(server.tlsDirectory);
    await server.start(this.options.signal);
    await server.run(accountStatements(server, this.accounts, this.options.requirement ?? 'x509'));
  }

  #nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }
}

async function boot(scope: Scope, options: ClusterOptions): Promise<SandboxCluster> {
  const version = versionNamed(options.version);
  const { replicas = 2, progress } = options;
  await unpack(version, options);
  const papers = new Papers(options.cache);
  const [authority, directory] = await Promise.all([papers.authority(scope), takeDirectory(scope)]);
  const own = { commonName: 'lockstep', use: 'client', names: [] } as const;
  const client = await papers.certificate(authority, 'lockstep', own, directory);
  const cluster = new SandboxCluster(scope, options, version, papers, authority, client, makeAccounts());
  progress?.(`booting ${version.title}: a primary and ${replicas} replicas`);
  const names = Array.from({ length: replicas + 1 }, (_, index) => `db${index + 1}`);
  await all(names, (name) => cluster.add(name));
  await cluster.replicate();
  return cluster;
}

const baseName = /^db\d+$/;

/** For all at once. Waits for every one even when one fails, so that nothing is still under way when the failure is seen. */
async function all<T>(things: readonly T[], work: (thing: T) => Promise<unknown>): Promise<void> {
  for (const one of await Promise.allSettled(things.map(work))) if (one.status === 'rejected') throw one.reason;
}
