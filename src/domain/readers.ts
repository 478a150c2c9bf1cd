import type { AnnouncerName, SiteAnnouncer } from './announcement.js';
import type { ServerName } from './snapshot.js';

/** The read side of an announcer's configuration: from whom applications read. */
export interface SiteReaders {
  /** What it changes, for people: `replicadb in /srv/app/hosts`. */
  readonly words: string;
  /** Those that applications read from when nobody is withdrawn, in the order of the configuration. Never empty. */
  readonly servers: readonly ServerName[];
  /** Whether the primary takes the reads while nobody else may; otherwise the last reader is not withdrawn. */
  readonly fallback: boolean;
  /** Whether it can be read back. */
  readonly readsBack: boolean;
  /** How long those who read already may take to go, seconds. */
  readonly drainSeconds: number;
}

/** From whom one announcer lets applications read, read back from where they learn it. */
export interface ReadersSeen {
  readonly announcer: AnnouncerName;
  /** Configured servers that are read from, in the order of the cluster; empty where nobody is, or it could not be read. */
  readonly readers: readonly ServerName[];
  /** As it stands there; undefined when nothing could be read. */
  readonly found: string | undefined;
  /** Why it could not be read back, one sentence; undefined when it could. */
  readonly failure: string | undefined;
  /** When it was read, milliseconds since the Unix epoch. */
  readonly at: number;
}

/** An announcer with a read side. */
export type ReadAnnouncer = SiteAnnouncer & { readonly readers: SiteReaders };

export function readAnnouncers(announcers: readonly SiteAnnouncer[] = []): readonly ReadAnnouncer[] {
  return announcers.flatMap((one) => (one.readers === undefined ? [] : [{ ...one, readers: one.readers }]));
}

/**
 * From whom applications should read: those of the configuration that are not withdrawn; where none is left, from the
 * primary, if it stands in. Empty: nobody can be named.
 */
export function wantedReaders(
  { servers, fallback }: SiteReaders,
  withdrawn: readonly ServerName[],
  primary: ServerName | undefined,
): readonly ServerName[] {
  const left = servers.filter((server) => !withdrawn.includes(server));
  if (left.length > 0) return left;
  return fallback && primary !== undefined ? [primary] : [];
}

/** Whether applications read from these and nobody else. One that cannot be read is not known to match, and nobody to read from is never right. */
export function readsFrom({ failure, readers }: ReadersSeen, wanted: readonly ServerName[]): boolean {
  return (
    failure === undefined &&
    readers.length > 0 &&
    readers.length === wanted.length &&
    readers.every((server) => wanted.includes(server))
  );
}
