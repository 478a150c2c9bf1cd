import path from 'node:path';
import { defaultThresholds, type Thresholds } from '../domain/problems.js';
import type { ReplicationTls, SiteFailover } from '../domain/scene.js';
import type { AnnouncerConfig } from './announce-config.js';
import { announcersOf } from './announce-resolve.js';
import { automationOf } from './automation-resolve.js';
import type {
  AccountConfig,
  ClusterConfig,
  Config,
  HeartbeatConfig,
  ReplicationAccountConfig,
  TlsConfig,
} from './config.js';
import { failoverOf, withPrograms } from './failover.js';
import { hostOf, type Hosts } from './host-resolve.js';
import { defaultListenPort, type ClusterEntry, type MainFile, type SharedEntries } from './schema.js';
import { secretOf } from './secret-ref.js';
import { authorityOf, ownServerTlsOf, serverTlsOf } from './server-tls-resolve.js';
import type { ServerTlsEntry } from './server-tls-schema.js';
import type { WebConfig } from './web-config.js';

/** The clusters of one file, with the folder that its relative paths start from. */
export interface ClusterFile {
  readonly folder: string;
  readonly clusters: Readonly<Record<string, ClusterEntry>>;
}

/** Applies defaults and makes paths absolute. What comes in has passed every check. */
export function resolve(
  main: MainFile,
  file: string,
  files: readonly string[],
  clusterFiles: readonly ClusterFile[],
  web: WebConfig | undefined,
): Config {
  const folder = path.dirname(file);
  const defaults = sharedOf(main.defaults ?? {}, folder);
  return {
    file,
    files,
    listen: main.listen ?? { host: '127.0.0.1', port: defaultListenPort },
    web,
    tokens: (main.tokens ?? []).map((token) => ({
      name: token.name,
      role: token.role,
      token: secretOf(token.token_file, token.token_env, folder),
    })),
    roles: Object.entries(main.roles ?? {}).map(([subject, role]) => ({ subject, role })),
    authorities: Object.entries(main.authorities ?? {}).map(([name, entry]) => authorityOf(name, entry, folder)),
    clusters: clusterFiles.flatMap((each) =>
      Object.entries(each.clusters).map(([name, entry]) => clusterOf(name, entry, each.folder, defaults)),
    ),
    metrics: { servers: main.metrics?.servers ?? false },
    compatibility: main.compatibility,
    observe: {
      timeoutSeconds: main.observe?.timeout ?? 10,
      slowIntervalSeconds: main.observe?.slow_interval ?? 60,
      freshnessSeconds: main.observe?.freshness ?? 15,
      intervalSeconds: main.observe?.interval ?? 5,
    },
    log: { level: main.log?.level ?? 'info' },
    automation: automationOf(main, folder),
  };
}

/** What `defaults` or a cluster says, absent keys left out, so that one can be laid over the other. */
interface Shared {
  readonly monitor?: AccountConfig;
  readonly operate?: AccountConfig;
  readonly replication?: ReplicationAccountConfig;
  readonly tls: Partial<TlsConfig>;
  readonly heartbeat: Partial<HeartbeatConfig>;
  readonly replicationTls?: ReplicationTls;
  readonly serverTls?: { readonly entry: ServerTlsEntry; readonly folder: string };
  readonly acceptUnproven?: boolean;
  readonly hosts?: Hosts;
  readonly announcers?: readonly AnnouncerConfig[];
  readonly failover?: SiteFailover;
  readonly thresholds: Partial<Thresholds>;
}

function clusterOf(name: string, entry: ClusterEntry, folder: string, defaults: Shared): ClusterConfig {
  const own = sharedOf(entry, folder);
  const { monitor, operate, replication, hosts, replicationTls, acceptUnproven = false } = { ...defaults, ...own };
  const { serverTls, announcers = [], failover = failoverOf() } = { ...defaults, ...own };
  if (monitor === undefined) throw new Error(`cluster ${name} passed the checks without a monitor account`);
  return {
    name,
    servers: Object.entries(entry.servers).map(([server, given]) => ({
      name: server,
      address: given.address,
      socket: given.socket,
      replicationTls: given.replication_tls === undefined ? replicationTls : replicationTlsOf(given.replication_tls),
      serverTls: serverTls && ownServerTlsOf(serverTls.entry, given.server_tls),
      host: hosts === undefined ? undefined : withPrograms(hostOf(hosts, { ...given, name: server }), failover),
    })),
    names: entry.names ?? [],
    accounts: { monitor, operate, replication },
    tls: {
      mode: 'required',
      verify: 'identity',
      caFile: undefined,
      certFile: undefined,
      keyFile: undefined,
      serverName: undefined,
      ...defaults.tls,
      ...own.tls,
    },
    serverTls: serverTls && serverTlsOf(serverTls.entry, serverTls.folder),
    heartbeat: { database: 'heartbeat', table: 'heartbeat', utc: false, ...defaults.heartbeat, ...own.heartbeat },
    acceptUnproven,
    announcers,
    failover,
    registeredReplicas: entry.registered_replicas ?? false,
    thresholds: { ...defaultThresholds, ...defaults.thresholds, ...own.thresholds },
  };
}

function sharedOf(entry: SharedEntries, folder: string): Shared {
  const { accounts, tls, heartbeat, thresholds } = entry;
  const [database, table] = heartbeat?.table?.split('.') ?? [];
  const file = (given: string | undefined) => (given === undefined ? undefined : path.resolve(folder, given));
  const account = (given: NonNullable<NonNullable<typeof accounts>['monitor']>): AccountConfig => ({
    user: given.user,
    password: secretOf(given.password_file, given.password_env, folder),
  });
  return {
    ...present({
      monitor: accounts?.monitor && account(accounts.monitor),
      operate: accounts?.operate && account(accounts.operate),
      replication: accounts?.replication && {
        ...account(accounts.replication),
        require: accounts.replication.require ?? ('x509' as const),
      },
      replicationTls: entry.replication_tls && replicationTlsOf(entry.replication_tls),
      serverTls: entry.server_tls && { entry: entry.server_tls, folder },
      acceptUnproven: entry.accept_unproven,
      hosts: entry.hosts && { entry: entry.hosts, folder },
      announcers: entry.announce && announcersOf(entry.announce, folder),
      failover: entry.failover && failoverOf(entry.failover),
    }),
    tls: present({
      mode: tls?.mode,
      verify: tls?.verify,
      caFile: file(tls?.ca_file),
      certFile: file(tls?.cert_file),
      keyFile: file(tls?.key_file),
      serverName: tls?.server_name,
    }),
    heartbeat: present({ database, table, utc: heartbeat?.utc }),
    thresholds: present({
      lag: thresholds?.lag,
      certificate: thresholds?.certificate,
      authority: thresholds?.authority,
      clockOffset: thresholds?.clock_offset,
      retentionHeadroom: thresholds?.retention_headroom,
    }),
  };
}

function replicationTlsOf(given: NonNullable<SharedEntries['replication_tls']>): ReplicationTls {
  return {
    caFile: given.ca_file,
    certFile: given.cert_file,
    keyFile: given.key_file,
    verify: (given.verify ?? 'identity') === 'identity',
  };
}

/** The entries that have a value. */
function present<T extends object>(entries: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
