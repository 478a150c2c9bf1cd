import { announcersOf } from '../announcers.js';
import { deadline } from '../base/deadline.js';
import { adviceOf } from '../base/errors.js';
import type { ClusterConfig, Config } from '../config/config.js';
import type { ClusterView } from '../observe/cluster.js';
import type { Colours } from './colours.js';
import type { ClusterStatus } from './status.js';

/** How long the announcers of a cluster may take, milliseconds. */
const within = 20_000;

/** What one announcer would do, and what stands in its way. */
export interface CheckedAnnouncer {
  readonly name: string;
  /** What it changes. */
  readonly words: string;
  /** What it tells applications now; undefined where that cannot be known. */
  readonly found: string | undefined;
  /** From whom it lets applications read now; undefined where it leads no readers, or that cannot be known. */
  readonly readers: string | undefined;
  readonly faults: readonly string[];
}

/** By cluster. */
export type CheckedAnnouncers = ReadonlyMap<string, readonly CheckedAnnouncer[]>;

/** Prepares every announcer for the primary of now, which changes nothing, and reads it back. */
export async function checkedAnnouncers(
  { clusters }: Config,
  statuses: readonly ClusterStatus[],
): Promise<CheckedAnnouncers> {
  const checked = await Promise.all(
    clusters.map(async (cluster) => {
      const status = statuses.find(({ view }) => view.snapshot.cluster === cluster.name);
      return [cluster.name, status === undefined ? [] : await checkedOf(cluster, status.view)] as const;
    }),
  );
  return new Map(checked);
}

export function announcerReport(announcers: readonly CheckedAnnouncer[], colours: Colours): readonly string[] {
  return announcers.flatMap(({ name, words, found, readers, faults }) => [
    `  ${faults.length === 0 ? colours.green('✔') : colours.red('✖')} announces by ${name}  ${colours.dim(words)}  ${found ?? ''}${readers === undefined ? '' : colours.dim('  readers: ') + readers}`,
    ...faults.map((fault) => `      ${colours.red(fault)}`),
  ]);
}

async function checkedOf(cluster: ClusterConfig, { topology }: ClusterView): Promise<readonly CheckedAnnouncer[]> {
  if (cluster.announcers.length === 0) return [];
  const announcers = announcersOf(cluster);
  const limit = deadline(within);
  try {
    const primary = cluster.servers.find(({ name }) => name === topology.primary);
    const names = announcers.site.map(({ name }) => name);
    const [unprepared, untried, told, readSides] = await Promise.all([
      primary === undefined ? undefined : announcers.each(names, 'prepare', primary, limit.signal),
      announcers.tryReaders(limit.signal, primary?.name),
      announcers.readBack(limit.signal),
      announcers.readReaders(limit.signal),
    ]);
    return announcers.site.map(({ name, words }) => {
      const readSide = readSides.find(({ announcer }) => announcer === name);
      const announcement = told.find(({ announcer }) => announcer === name);
      const differs = announcement?.failure === undefined && announcement?.says !== primary?.name;
      return {
        name,
        words,
        found: announcement?.found,
        readers: readSide?.found,
        faults: [
          ...(unprepared?.has(name) === true ? [adviceOf(unprepared.get(name))] : []),
          ...(announcement?.failure === undefined ? [] : [`read back: ${announcement.failure}`]),
          ...(primary !== undefined && announcement !== undefined && differs
            ? [`tells applications ${announcement.found ?? 'nothing'}, and the primary is ${primary.name}`]
            : []),
          ...(untried.has(name) ? [`readers: ${adviceOf(untried.get(name))}`] : []),
          ...(readSide?.failure === undefined ? [] : [`readers, read back: ${readSide.failure}`]),
          ...(readSide?.failure === undefined && readSide?.readers.length === 0
            ? [`lets applications read from nobody of the cluster (${readSide.found ?? 'nothing'})`]
            : []),
        ],
      };
    });
  } finally {
    limit.clear();
    await announcers.close();
  }
}
