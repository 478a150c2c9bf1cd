import type { SiteReaders } from './readers.js';
import type { Address, ServerName } from './snapshot.js';

/** As the configuration names it, or its kind and number: `haproxy`, `hosts-file-2`. Unique in its cluster. */
export type AnnouncerName = string;

/** The closed list of ways to tell applications which server is the primary. */
export const announcerKinds = ['salt-pillar', 'hosts-file', 'haproxy', 'webhook', 'command'] as const;
export type AnnouncerKind = (typeof announcerKinds)[number];

/** What one announcer tells the applications now, read back from where they read it. */
export interface Announcement {
  readonly announcer: AnnouncerName;
  /** The configured server that it names as the primary; undefined when it names none, or somebody else. */
  readonly says: ServerName | undefined;
  /** What it names, as it stands there: an address or a name; undefined when nothing could be read. */
  readonly found: string | undefined;
  /** Whether it keeps clients waiting now. */
  readonly holding: boolean;
  /** Why it could not be read back, one sentence; undefined when it could. An announcer that cannot be read back says so here. */
  readonly failure: string | undefined;
  /** When it was read, milliseconds since the Unix epoch. */
  readonly at: number;
}

/** As much of an announcer's configuration as plans rest on. */
export interface SiteAnnouncer {
  readonly name: AnnouncerName;
  readonly kind: AnnouncerKind;
  /** What it changes, for people: `infra:hosts_entries:masterdb in /srv/pillar/infra/production.sls`. */
  readonly words: string;
  /** Whether it can keep clients waiting. */
  readonly holds: boolean;
  /** Whether it can be read back. */
  readonly readsBack: boolean;
  /** From whom applications read; left out: it tells of the primary alone. */
  readonly readers?: SiteReaders;
}

/** A server as announcers name it. */
export interface AnnouncedServer {
  readonly name: ServerName;
  readonly address: Address;
}
