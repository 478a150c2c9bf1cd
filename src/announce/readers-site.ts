import type { SiteReaders } from '../domain/readers.js';
import type { ServerName } from '../domain/snapshot.js';
import type { AnnouncedCluster } from './announcer.js';
import { apiWords } from './haproxy-api.js';
import type { AnnouncerSettings } from './open.js';

interface Stood {
  /** Whether the primary takes the reads while nobody else may. */
  readonly fallback: boolean;
}

/** Those that applications read from when nobody is withdrawn; undefined: every server of the cluster. */
export interface ReaderList extends Stood {
  readonly servers: readonly ServerName[] | undefined;
}

/** A name for each server that applications read from. */
export interface NamedReaders extends Stood {
  readonly names: Readonly<Record<ServerName, string>>;
}

/** A key that holds the list of them, or a key for each. */
export type PillarReaders =
  | (ReaderList & { readonly key: string; readonly keys?: undefined })
  | (Stood & { readonly keys: Readonly<Record<ServerName, string>>; readonly key?: undefined });

/** A backend of the same HAProxy. */
export interface BackendReaders extends ReaderList {
  readonly backend: string;
  /** Where its state is kept for HAProxy's next start. */
  readonly stateFile: string;
  /** How long those who read from a withdrawn server may take to go, seconds. */
  readonly drainSeconds: number;
}

/** As much of a read side as plans rest on; undefined: it has none, or none for this cluster. @param there `` or ` on a machine` */
export function readersOf(
  settings: AnnouncerSettings,
  cluster: AnnouncedCluster,
  there: string,
): SiteReaders | undefined {
  const servers = membersOf(settings, cluster);
  if (settings.readers === undefined || servers.length === 0) return undefined;
  const { fallback } = settings.readers;
  const common = { servers, fallback, readsBack: true, drainSeconds: 0 };
  switch (settings.kind) {
    case 'hosts-file': {
      const names = servers.map((name) => settings.readers?.names[name] ?? '');
      return { ...common, words: `${names.join(', ')} in ${settings.file}${there}` };
    }
    case 'salt-pillar': {
      const { key, keys = {} } = settings.readers;
      return { ...common, words: `${key ?? servers.map((name) => keys[name] ?? '').join(', ')} in ${settings.file}${there}` }; // prettier-ignore
    }
    case 'haproxy': {
      const { backend, drainSeconds } = settings.readers;
      return { ...common, drainSeconds, words: `the servers of the backend ${backend} of HAProxy at ${apiWords(settings.api)}` }; // prettier-ignore
    }
    case 'webhook':
      return { ...common, readsBack: settings.readUrl !== undefined, words: 'what the receiver of its POST does' };
    case 'command':
      return { ...common, readsBack: settings.reads, words: `what ${settings.argv.join(' ')} does${there}` };
  }
}

/** In the order of the cluster; `defaults` may name servers of other clusters. */
export function membersOf({ readers }: AnnouncerSettings, { servers }: AnnouncedCluster): readonly ServerName[] {
  const all = servers.map(({ name }) => name);
  if (readers === undefined) return [];
  const names = 'names' in readers ? readers.names : 'keys' in readers ? readers.keys : undefined;
  if (names !== undefined) return all.filter((name) => Object.hasOwn(names, name));
  const list = 'servers' in readers ? readers.servers : undefined;
  return list === undefined ? all : all.filter((name) => list.includes(name));
}
