import type { ActivityFacts } from './activity.js';
import type { BoundAccount } from './bound-account.js';
import type { Handshake, SeenCertificate } from './certificate.js';

/**
 * What was observed, in one normal shape whatever the flavour and version. Plain data.
 *
 * Everywhere: `undefined` means unknown, and never stands for "no". Times called `at` are milliseconds since the
 * Unix epoch; other times and durations are seconds. A section that is undefined was not asked for, or its
 * collector failed: {@link ServerSnapshot.collectors} says which.
 */
export type ServerName = string;
export type ClusterName = string;
export type Flavour = 'mysql' | 'mariadb';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ClusterSnapshot {
  readonly cluster: ClusterName;
  readonly at: number;
  /** Every configured server, in the order of the configuration, reachable or not. */
  readonly servers: readonly ServerSnapshot[];
}

export interface ServerSnapshot {
  readonly cluster: ClusterName;
  readonly name: ServerName;
  readonly address: Address;
  /** When the look began. */
  readonly at: number;
  readonly durationSeconds: number;
  /** The newest login, successful or not; undefined before the first one ended. */
  readonly login: Login | undefined;
  /** Undefined when the server could not be asked in this look; then `failure` says why. */
  readonly facts: ServerFacts | undefined;
  /** Why there are no facts: no login, or one that no longer answers. Undefined when there are. */
  readonly failure: Failure | undefined;
  readonly collectors: readonly CollectorOutcome[];
  /** Certificates from the newest handshake, status and files. They outlive a server that is down or unverified. */
  readonly certificates: readonly SeenCertificate[];
  /** Whether the served leaf certificate is the one in the file that the server names; undefined where the file cannot be read. */
  readonly servedEqualsFile: boolean | undefined;
}

/** Closed reasons for a login, or a whole look, that failed: used as a metric label. */
export const failureReasons = [
  'unknown-host',
  'refused',
  'unreachable',
  'timeout',
  'not-mysql',
  'host-blocked',
  'too-many-connections',
  'tls-not-offered',
  'tls-failed',
  'tls-unverified',
  'access-denied',
  'auth-plugin-unsupported',
  'secret-unreadable',
  'connection-lost',
  'stuck',
  'other',
] as const;
export type FailureReason = (typeof failureReasons)[number];

export interface Failure {
  readonly reason: FailureReason;
  /** One plain sentence with what to do next; never holds a secret. */
  readonly message: string;
}

export interface Login {
  readonly at: number;
  readonly failure: Failure | undefined;
  readonly handshake: Handshake | undefined;
}

/** The units that can be asked for with `collect[]`; each has its own success, duration and privileges. */
export const collectorNames = [
  'server',
  'replication',
  'gtid',
  'tls',
  'accounts',
  'semi_sync',
  'binlog',
  'streams',
  'heartbeat',
  'certificates',
] as const;
/** Asked beside them in thorough looks alone. */
export const thoroughCollectorNames = ['activity'] as const;
export type CollectorName = (typeof collectorNames)[number] | (typeof thoroughCollectorNames)[number];

export interface CollectorOutcome {
  readonly collector: CollectorName;
  readonly success: boolean;
  readonly durationSeconds: number;
  /** Closed reasons: `privilege` (see `remedy`), `timeout`, `down` (no session), `other`; undefined on success. */
  readonly reason: 'privilege' | 'timeout' | 'down' | 'other' | undefined;
  readonly message: string | undefined;
  /** The GRANT statements that give what is missing, with `; ` between them. */
  readonly remedy: string | undefined;
}

export interface ServerFacts {
  readonly identity: Identity;
  readonly state: ServerState | undefined;
  /** One entry per channel, `[]` for a server that replicates from nobody. */
  readonly channels: readonly Channel[] | undefined;
  readonly gtid: GtidFacts | undefined;
  readonly tls: TlsFacts | undefined;
  readonly accounts: AccountFacts | undefined;
  /** undefined where the server tells nothing of it. */
  readonly plaintext: PlaintextFacts | undefined;
  readonly semiSync: SemiSyncFacts | undefined;
  readonly binlog: BinlogFacts | undefined;
  /** Who streams the binary log from this server. */
  readonly streams: StreamFacts | undefined;
  /** Rows of the heartbeat table; undefined when there is no such table. */
  readonly heartbeats: readonly Heartbeat[] | undefined;
  /** What runs there; asked for in thorough looks alone. */
  readonly activity?: ActivityFacts | undefined;
}

export interface Identity {
  readonly flavour: Flavour;
  /** As the server says it, such as `10.11.19-MariaDB-0+deb12u1` or `9.7.4`. */
  readonly version: string;
  readonly release: readonly [major: number, minor: number, patch: number];
  readonly comment: string;
  /** The column of the dialect table that this server took, such as `mariadb-10.11`. */
  readonly column: string;
  readonly proof: 'live' | 'documented';
  /** True when the server is newer than the newest column of its flavour. */
  readonly newerThanKnown: boolean;
  readonly serverId: number;
  /** MySQL's server_uuid; MariaDB has none. */
  readonly uuid: string | undefined;
  readonly hostname: string;
  readonly managed: 'rds' | 'aurora' | 'cloud-sql' | 'azure' | undefined;
  readonly grouping: 'galera' | 'group-replication' | undefined;
}

export interface ServerState {
  readonly uptimeSeconds: number;
  /** The server's clock minus ours, seconds, at the middle of the round trip; the error is at most half the round trip. */
  readonly clockOffsetSeconds: number | undefined;
  readonly readOnly: boolean;
  /** undefined where the flavour has no such level (MariaDB before 12 and its NO_LOCK_NO_ADMIN). */
  readonly superReadOnly: boolean | undefined;
  /** Whether the settings on disk would start the server read-only; undefined where the server does not tell. */
  readonly bootReadOnly: boolean | undefined;
  /** Settings that a restart would change, read_only and what follows from the role apart; undefined where the server does not tell. */
  readonly restartChanges?: RestartChanges | undefined;
  readonly syncBinlog: number;
  readonly flushAtCommit: number | undefined;
  /** Whether applied events are written to this server's own binary log. */
  readonly logsReplicaUpdates: boolean;
}

/** Names of global settings. */
export interface RestartChanges {
  /** Another value is persisted for the next start than is in force. */
  readonly surely: readonly string[];
  /** Set since the start, and nothing tells what the next one takes. */
  readonly perhaps: readonly string[];
}

export type IoState = 'running' | 'connecting' | 'stopped';

export interface Channel {
  /** '' is the default channel. */
  readonly name: string;
  readonly source: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly serverId: number | undefined;
    readonly uuid: string | undefined;
  };
  readonly io: IoState;
  readonly sql: 'running' | 'stopped';
  readonly ioError: ChannelError | undefined;
  readonly sqlError: ChannelError | undefined;
  /** Seconds_Behind; undefined when the server says NULL. */
  readonly lagSeconds: number | undefined;
  /** The configured delay, 0 when none. */
  readonly delaySeconds: number;
  /** 0: the source sends none. */
  readonly heartbeatPeriodSeconds: number | undefined;
  /** Heartbeats received so far, a counter of the server. */
  readonly heartbeatsReceived: number | undefined;
  /**
   * When an event or a heartbeat last arrived, milliseconds on our clock. MySQL says it; on MariaDB the observer saw the counters move.
   * Undefined while nothing was seen to arrive.
   */
  readonly receivedAt: number | undefined;
  /**
   * No event or heartbeat for longer than two heartbeat periods although the channel says it runs: the source may be
   * frozen, and the lag that the server gives is not to be believed. undefined where the period is unknown.
   */
  readonly silent: boolean | undefined;
  readonly relayLogBytes: number | undefined;
  readonly read: LogPosition;
  readonly executed: LogPosition;
  readonly gtid: {
    /** `off`: file and position. MariaDB: slave_pos or current_pos; MySQL: auto. */
    readonly mode: 'off' | 'slave_pos' | 'current_pos' | 'auto';
    /** MySQL: the set received on this channel; MariaDB: Gtid_IO_Pos. */
    readonly received: string | undefined;
  };
  /** Whether it leaves out anything of what its source has: databases, tables, domains or servers; undefined where it is not known. */
  readonly filtered?: boolean | undefined;
  readonly tls: {
    readonly enabled: boolean;
    readonly verify: boolean;
    readonly caFile: string | undefined;
    readonly certFile: string | undefined;
    readonly keyFile: string | undefined;
    /** A directory of authorities. */
    readonly caPath: string | undefined;
    /** Revoked certificates: a file, and a directory of such. */
    readonly crlFile: string | undefined;
    readonly crlPath: string | undefined;
    /** Cipher suites up to TLS 1.2; undefined: all. */
    readonly cipher: string | undefined;
    /** Protocol versions, `TLSv1.2,TLSv1.3`; undefined: all (and on MariaDB, which has no such option). */
    readonly versions: string | undefined;
  };
}

export interface ChannelError {
  readonly errno: number;
  readonly message: string;
  /** Seconds since the Unix epoch; undefined on MariaDB, which does not say. */
  readonly time: number | undefined;
}

export interface LogPosition {
  readonly file: string;
  readonly position: number;
}

export type GtidFacts =
  | {
      readonly kind: 'mariadb';
      readonly binlogPos: string;
      /** Every (domain, server id) ever seen in the binary log; '' when it is off. */
      readonly binlogState: string;
      readonly slavePos: string;
      readonly currentPos: string;
      readonly domainId: number;
      readonly strict: boolean;
    }
  | {
      readonly kind: 'mysql';
      readonly mode: 'OFF' | 'OFF_PERMISSIVE' | 'ON_PERMISSIVE' | 'ON';
      readonly executed: string;
      readonly purged: string;
    };

export interface TlsFacts {
  /**
   * `have_ssl`, or what replaced it put into the same words: tls_channel_status Enabled=Yes is YES, No is DISABLED.
   * `status`: neither tells (MySQL 8.4 and later with performance_schema off), but the status has a certificate or has none.
   */
  readonly haveSsl: 'YES' | 'DISABLED' | 'NO';
  readonly haveSslSource: 'have_ssl' | 'tls_channel_status' | 'status';
  /** require_secure_transport; undefined where the version lacks it. */
  readonly required: boolean | undefined;
  /** What SET PERSIST laid down for the next starts of the server; undefined: nothing, and where there is no such thing. */
  readonly requiredPersisted: boolean | undefined;
  /** Protocol versions that the server accepts. */
  readonly versions: readonly string[];
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile?: string | undefined;
  /** Lockstep's own session. */
  readonly session: { readonly version: string; readonly cipher: string } | undefined;
  /** Sessions of the server by protocol version and cipher ('' for plaintext); undefined where it does not tell. */
  readonly sessions:
    readonly { readonly version: string; readonly cipher: string; readonly count: number }[] | undefined;
  /** Ssl_server_not_before / _not_after, seconds since the Unix epoch. */
  readonly statusNotBefore: number | undefined;
  readonly statusNotAfter: number | undefined;
}

export interface AccountFacts {
  /** Accounts that may log in over the network (host other than localhost) with no TLS requirement. */
  readonly withoutTls: number;
  /** Accounts that now stream the binary log, with what they require. */
  readonly streaming: readonly Account[];
  /** Accounts of every host, those without a requirement first; the first thousand of them. Roles are not among them. */
  readonly listed: readonly Account[] | undefined;
  /** Accounts that are bound to a certain subject or issuer; the first thousand of them. Left out: unknown. */
  readonly bound?: readonly BoundAccount[];
}

export interface Account {
  readonly user: string;
  /** A pattern: `%`, `10.0.%`, `localhost`. */
  readonly host: string;
  readonly requires: 'nothing' | 'ssl' | 'x509' | 'specified';
}

/** Who is connected without TLS. */
export interface PlaintextFacts {
  /** Sessions now; undefined where the server does not tell them apart (MariaDB with performance_schema off). */
  readonly sessions: readonly PlaintextSession[] | undefined;
  /**
   * Logins without TLS since the counting began, by user, those over a socket among them; undefined unless the server
   * counts them (MariaDB with userstat).
   */
  readonly logins: readonly { readonly user: string; readonly count: number }[] | undefined;
}

export interface PlaintextSession {
  readonly user: string;
  /** As the server calls it, without the port. */
  readonly client: string;
  /** Over a socket or the like, which no network sees. */
  readonly local: boolean;
}

export interface SemiSyncFacts {
  /** undefined where the plugin is not loaded. */
  readonly source:
    | {
        readonly prefix?: string; // of its variables, `rpl_semi_sync_source`; left out: unknown
        readonly enabled: boolean;
        /** Status ON: commits wait for replicas now. Enabled but not active is degraded. */
        readonly active: boolean;
        readonly waitPoint: 'after-sync' | 'after-commit' | undefined;
        readonly timeoutSeconds: number | undefined;
        /** Replicas that each commit waits for; MariaDB: always 1. */
        readonly waitsFor?: number | undefined;
        /**
         * Whether commits wait, up to the timeout, while fewer replicas than that are connected: only then does a primary
         * that all replicas have left acknowledge nothing. undefined where the server does not tell.
         */
        readonly waitsWithout?: boolean | undefined;
        readonly clients: number;
        /** Counters since the server's start. */
        readonly protectedTransactions: number;
        readonly unprotectedTransactions: number;
        /** How often the source fell back to asynchronous. */
        readonly degradations: number;
      }
    | undefined;
  readonly replica: { readonly prefix?: string; readonly enabled: boolean; readonly active: boolean } | undefined;
}

export interface BinlogFacts {
  readonly enabled: boolean;
  /** What the server writes now; undefined when the binary log is off. */
  readonly current: LogPosition | undefined;
  /** 0 keeps them for ever. */
  readonly retentionSeconds: number;
  /** Oldest first; undefined when not listed in this look. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[] | undefined;
}

export interface StreamFacts {
  readonly threads: readonly Stream[];
  /** SHOW REPLICAS / SHOW SLAVE HOSTS; undefined when the privilege is missing. */
  readonly registered:
    | readonly {
        readonly serverId: number;
        readonly host: string;
        readonly port: number;
        readonly uuid: string | undefined;
      }[]
    | undefined;
}

export interface Stream {
  readonly threadId: number;
  readonly user: string;
  readonly host: string;
  /** The replica's server_uuid, where the server tells (MySQL). */
  readonly uuid: string | undefined;
  /** undefined where the server does not tell (MariaDB with performance_schema off). */
  readonly encrypted: boolean | undefined;
  readonly version: string | undefined;
  readonly cipher: string | undefined;
}

export interface Heartbeat {
  readonly serverId: number;
  /** Seconds since the Unix epoch. */
  readonly writtenAt: number;
  /** The asked server's clock when it was read, same scale. */
  readonly nowAt: number;
}
