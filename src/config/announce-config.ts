import type { AnnouncerName } from '../domain/announcement.js';
import type { Address, ServerName } from '../domain/snapshot.js';
import type { HostConfig } from './host-config.js';
import type { SecretRef } from './secrets.js';

/** One way of telling applications which server is the primary. docs/announcing.md says what each does. */
export type AnnouncerConfig =
  SaltPillarConfig | HostsFileConfig | HaproxyConfig | WebhookAnnouncerConfig | CommandAnnouncerConfig;

/** From whom applications read. */
interface Readers {
  /** Whether the primary takes the reads while nobody else may. Default true; otherwise the last reader is not withdrawn. */
  readonly fallback: boolean;
}

/** Default `servers` undefined: every server of the cluster. */
export interface ReaderListConfig extends Readers {
  readonly servers: readonly ServerName[] | undefined;
}

/** A name for each server that is read from. */
export interface NamedReadersConfig extends Readers {
  readonly names: Readonly<Record<ServerName, string>>;
}

/** A key that holds their list, or a key for each. */
export type PillarReadersConfig =
  | (ReaderListConfig & { readonly key: string; readonly keys?: undefined })
  | (Readers & { readonly keys: Readonly<Record<ServerName, string>>; readonly key?: undefined });

export interface BackendReadersConfig extends ReaderListConfig {
  readonly backend: string;
  /** Its `server-state-file-name`, on `host`: who was withdrawn stays out when HAProxy starts again. */
  readonly stateFile: string;
  /** How long those who read from a withdrawn server may take to go. Default 10 s. */
  readonly drainSeconds: number;
}

interface Named {
  /** Default: its kind, with its number from the second of that kind on. Unique in its cluster. */
  readonly name: AnnouncerName;
}

interface Placed extends Named {
  /** The machine of its file or program. Default undefined: Lockstep's own. */
  readonly host: HostConfig | undefined;
}

export interface SaltPillarConfig extends Placed {
  readonly kind: 'salt-pillar';
  readonly file: string;
  /** As Salt writes it: `infra:hosts_entries:masterdb`. */
  readonly key: string;
  /** What stands there for servers that are not called by the host of their address. Default none. */
  readonly addresses: Readonly<Record<ServerName, string>>;
  /** What brings the pillar to the minions. Default undefined: nothing, they fetch it in their own time. */
  readonly apply: SaltApiConfig | { readonly kind: 'command'; readonly argv: readonly string[] } | undefined;
  /** Default undefined: it leads no readers. */
  readonly readers: PillarReadersConfig | undefined;
}

export interface SaltApiConfig {
  readonly kind: 'salt-api';
  /** Without a slash at its end. */
  readonly url: string;
  readonly user: string;
  readonly password: SecretRef;
  /** Default `pam`. */
  readonly eauth: string;
  readonly target: string;
  /** Default `glob`. */
  readonly targetType: string;
  /** Default `state.apply`. */
  readonly run: string;
  /** Default none. */
  readonly arguments: readonly string[];
  /** So many minions must answer. Default 1. */
  readonly atLeast: number;
  /** The authorities to trust. Default undefined: those that come with Node. */
  readonly caFile: string | undefined;
}

export interface HostsFileConfig extends Placed {
  readonly kind: 'hosts-file';
  readonly file: string;
  /** The names whose line it is. Default undefined: those of the cluster. */
  readonly names: readonly string[] | undefined;
  /** IP addresses of servers whose configured address is a name. Default none. */
  readonly addresses: Readonly<Record<ServerName, string>>;
  /** Default undefined: it leads no readers. */
  readonly readers: NamedReadersConfig | undefined;
}

export interface HaproxyConfig extends Placed {
  readonly kind: 'haproxy';
  /** Where its runtime API listens, with `level admin`. */
  readonly api: { readonly path: string } | Address;
  readonly backend: string;
  /** Names of server lines for servers whose line is called otherwise. Default none. */
  readonly servers: Readonly<Record<ServerName, string>>;
  /** How long clients are kept waiting at most; it takes deploy/haproxy/lockstep.lua. Default undefined: not at all. */
  readonly holdSeconds: number | undefined;
  /** Whether connections to the other servers are ended when one is announced. Default true. */
  readonly cut: boolean;
  /** The backend's `server-state-file-name`, on `host`. Default undefined: a reload of HAProxy forgets what was announced. */
  readonly stateFile: string | undefined;
  /** Default undefined: it leads no readers. */
  readonly readers: BackendReadersConfig | undefined;
}

export interface WebhookAnnouncerConfig extends Named {
  readonly kind: 'webhook';
  readonly url: SecretRef;
  /** Where it is asked what it announces. Default undefined: nowhere. */
  readonly readUrl: SecretRef | undefined;
  /** Default undefined: not signed. */
  readonly signingKey: SecretRef | undefined;
  /** How long it keeps clients waiting at most. Default undefined: it cannot. */
  readonly holdSeconds: number | undefined;
  /** The authorities to trust. Default undefined: those that come with Node. */
  readonly caFile: string | undefined;
  /** Default undefined: it leads no readers. */
  readonly readers: ReaderListConfig | undefined;
}

export interface CommandAnnouncerConfig extends Placed {
  readonly kind: 'command';
  readonly argv: readonly string[];
  /** Whether it can be asked what it announces. Default true. */
  readonly reads: boolean;
  /** How long it keeps clients waiting at most. Default undefined: it cannot. */
  readonly holdSeconds: number | undefined;
  /** Default undefined: it leads no readers. */
  readonly readers: ReaderListConfig | undefined;
}
