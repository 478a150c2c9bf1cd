import type { AnnouncerName } from '../domain/announcement.js';
import type { ServerName } from '../domain/snapshot.js';
import type { HostConfig } from './host-config.js';

/** One way of telling applications which server is the primary. docs/announcing.md says what each does. */
export type AnnouncerConfig = HostsFileConfig | CommandAnnouncerConfig;

interface Named {
  /** Default: its kind, with its number from the second of that kind on. Unique in its cluster. */
  readonly name: AnnouncerName;
}

interface Placed extends Named {
  /** The machine of its file or program. Default undefined: Lockstep's own. */
  readonly host: HostConfig | undefined;
}

export interface HostsFileConfig extends Placed {
  readonly kind: 'hosts-file';
  readonly file: string;
  /** The names whose line it is. Default undefined: those of the cluster. */
  readonly names: readonly string[] | undefined;
  /** IP addresses of servers whose configured address is a name. Default none. */
  readonly addresses: Readonly<Record<ServerName, string>>;
}

export interface CommandAnnouncerConfig extends Placed {
  readonly kind: 'command';
  readonly argv: readonly string[];
  /** Whether it can be asked what it announces. Default true. */
  readonly reads: boolean;
  /** How long it keeps clients waiting at most. Default undefined: it cannot. */
  readonly holdSeconds: number | undefined;
}
