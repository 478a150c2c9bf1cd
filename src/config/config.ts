import type { Thresholds } from '../domain/problems.js';
import type { Address } from '../domain/snapshot.js';
import type { ReplicationTls, SiteFailover } from '../domain/scene.js';
import type { AnnouncerConfig } from './announce-config.js';
import type { AutomationConfig } from './automation.js';
import type { HostConfig } from './host-config.js';
import type { SecretRef } from './secrets.js';
import type { WebConfig } from './web-config.js';

/**
 * The configuration as the program uses it: plain data, defaults applied, every path absolute (relative ones are
 * taken from the folder of the file that names them). Durations are seconds. Secrets are references, read at each use.
 */
export interface Config {
  /** The main file, absolute. */
  readonly file: string;
  /** Every file that was read, the main one first, then included ones by name, then the web configuration. */
  readonly files: readonly string[];
  /** Default 127.0.0.1:10104. */
  readonly listen: Address;
  /** What `web_config_file` holds; undefined without one: plain HTTP and no user. */
  readonly web: WebConfig | undefined;
  /** Default none. */
  readonly tokens: readonly TokenConfig[];
  /** Roles of the web configuration's users and of client certificates. Who has none is a viewer. */
  readonly roles: readonly RoleAssignment[];
  /** Certificate authorities that Lockstep issues from. Default none. */
  readonly authorities: readonly AuthorityConfig[];
  /** In the order of the files. At least one. */
  readonly clusters: readonly ClusterConfig[];
  readonly metrics: {
    /** Whether /metrics serves the series of every server too (small fleets). Default false. */
    readonly servers: boolean;
  };
  /** Serve the families of another exporter as well. Default undefined: none. */
  readonly compatibility: 'mysqld_exporter' | undefined;
  readonly observe: ObserveConfig;
  readonly log: { readonly level: LogLevel };
  /** What may act. Default undefined: Lockstep only looks. */
  readonly automation: AutomationConfig | undefined;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** `alertmanager` may deliver alerts and nothing else; an operator may do all that a viewer may. */
export type RoleName = 'viewer' | 'operator' | 'alertmanager';

export interface TokenConfig {
  readonly name: string;
  readonly role: RoleName;
  readonly token: SecretRef;
}

export interface RoleAssignment {
  /** A user name, or `CN=` and the common name of a client certificate. */
  readonly subject: string;
  readonly role: RoleName;
}

/** A certificate authority on disk, as `lockstep pki init` makes it. */
export interface AuthorityConfig {
  readonly name: string;
  /** Absolute. Not looked at when the configuration is read. */
  readonly directory: string;
  /** What opens its key. Default undefined: the key is not encrypted. */
  readonly passphrase: SecretRef | undefined;
}

export interface ClusterConfig {
  readonly name: string;
  /** In the order of the file. At least one. */
  readonly servers: readonly ServerConfig[];
  /** What applications call the primary. Default none. */
  readonly names: readonly string[];
  readonly accounts: {
    readonly monitor: AccountConfig;
    /** For procedures; undefined when not given. */
    readonly operate: AccountConfig | undefined;
    readonly replication: ReplicationAccountConfig | undefined;
  };
  readonly tls: TlsConfig;
  /** The certificates that its servers serve. Default undefined: none of Lockstep's business. */
  readonly serverTls: ServerTlsConfig | undefined;
  readonly heartbeat: HeartbeatConfig;
  /**
   * Whether to ask servers which replicas have registered with them, which names an unknown one surely and finds two
   * of one id. Default false: it takes REPLICATION SLAVE on MySQL, REPLICATION MASTER ADMIN on MariaDB.
   */
  readonly registeredReplicas: boolean;
  readonly thresholds: Thresholds;
  /** Whether procedures may run on versions whose dialect is only documented. Default false. */
  readonly acceptUnproven: boolean;
  /** How applications are told which server is the primary. Default none. */
  readonly announcers: readonly AnnouncerConfig[];
  /** What counts as the death of a primary, and what is done about it. */
  readonly failover: SiteFailover;
}

export interface ServerConfig {
  readonly name: string;
  /** Port 3306 when none is named. */
  readonly address: Address;
  /** A Unix socket to connect through instead of TCP. Default undefined. */
  readonly socket: string | undefined;
  /** What it presents and trusts as a replica; paths on its own machine. Default the cluster's; undefined: only what its channels say. */
  readonly replicationTls: ReplicationTls | undefined;
  /** Defined exactly where the cluster's {@link ClusterConfig.serverTls} is. */
  readonly serverTls: OwnServerTls | undefined;
  /** How files and services on its machine are reached. Default undefined: not at all. */
  readonly host: HostConfig | undefined;
}

export interface AccountConfig {
  readonly user: string;
  readonly password: SecretRef;
}

export interface ReplicationAccountConfig extends AccountConfig {
  /** What the account demands of the replica's connection. Default `x509`. */
  readonly require: 'x509' | 'ssl' | 'none';
}

/** Lockstep's own connections to the servers. */
export interface TlsConfig {
  /** Default `required`. With `disabled` passwords and data cross the network as the server's plugins send them. */
  readonly mode: 'required' | 'disabled';
  /** `identity`: chain and name must be right; `ca`: the chain alone. Default `identity`. */
  readonly verify: 'identity' | 'ca';
  /** The authorities to trust. Default undefined: those that come with Node. */
  readonly caFile: string | undefined;
  /** The client certificate and its key: both or neither. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** The name to look for in the certificates instead of the address's host. Default undefined. */
  readonly serverName: string | undefined;
}

/** Where the certificates of a cluster's servers come from, and how long they hold. */
export interface ServerTlsConfig {
  /** The name of one of {@link Config.authorities}. */
  readonly authority: string;
  /** How long before its end a certificate is renewed. Default undefined: with a third of its life left. */
  readonly renewBeforeSeconds: number | undefined;
  /** How long a new certificate holds. Default 365 days. */
  readonly lifetimeSeconds: number;
  /** What else clients call every server of the cluster: a proxy, a virtual address. Default none. */
  readonly names: readonly string[];
  /** Where private keys are made. Default `lockstep`; `host`: on the server's machine, which they never leave. */
  readonly keys: 'lockstep' | 'host';
  /** The authority that gives way to {@link authority}, by its name. Default undefined: none does. */
  readonly replaces: string | undefined;
  /** Who connects besides servers and Lockstep, and is to trust a new authority before anything comes from it. Default none. */
  readonly applications: readonly ApplicationConfig[];
}

/** An application, and where on its machine its files stand. */
export interface ApplicationConfig {
  readonly name: string;
  /** Whom it trusts: absolute. Default undefined: nobody but a person sees it. */
  readonly caFile: string | undefined;
  /** What it presents: absolute. Default undefined: unknown. */
  readonly certFile: string | undefined;
  /** Default Lockstep's own machine. */
  readonly host: HostConfig;
}

/** What of {@link ServerTlsConfig} is one server's own. */
export interface OwnServerTls {
  /** Where its certificate, key and authority stand, on its own machine: absolute. The cluster's unless it has its own. */
  readonly directory: string;
  /** What else clients call this server alone. Default none. */
  readonly names: readonly string[];
  /** What turning TLS on takes. Default undefined: it is not turned on. */
  readonly optionFiles: OptionFilesConfig | undefined;
}

/** How a server is given settings of its own, without an edit of anybody's file. */
export interface OptionFilesConfig {
  /** A directory of option files that the server reads at its start, on its own machine: absolute. */
  readonly directory: string;
  /** The words that the server is started with, its program first: they are run with words that only ask it to check its configuration. */
  readonly command: readonly string[];
}

/** A table as pt-heartbeat writes it, read where it exists. */
export interface HeartbeatConfig {
  /** Default `heartbeat`. Letters, digits, `_` and `$` only. */
  readonly database: string;
  /** Default `heartbeat`. Letters, digits, `_` and `$` only. */
  readonly table: string;
  /** Whether it was written with `--utc`. Default false: in the server's own time zone. */
  readonly utc: boolean;
}

export interface ObserveConfig {
  /** How long one look at a server may take. Default 10. */
  readonly timeoutSeconds: number;
  /** How often the session is renewed and what seldom changes is asked again. Default 60. */
  readonly slowIntervalSeconds: number;
  /** How old the newest look may be before it no longer counts. Default 15. */
  readonly freshnessSeconds: number;
  /**
   * How long a writable server, or one that could not be asked, goes without a look before one is taken unasked; others
   * as long as `freshness`, if that is longer. Only where there is a journal. Default 5.
   */
  readonly intervalSeconds: number;
}
