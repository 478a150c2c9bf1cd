import { AnnouncerShelf, siteAnnouncersOf } from '../announcers.js';
import type { ClusterConfig, Config } from '../config/config.js';
import { comparedAnnouncements, comparedReaders } from '../domain/problems/announcements.js';
import type { Problem } from '../domain/problems.js';
import type { ClusterView } from '../observe/cluster.js';
import type { AtWork } from './at-work.js';

/**
 * With what announcers tell wrongly among the problems of each cluster, read back now, in two seconds at most.
 * @param withdrawals undefined: nobody tells, so from whom applications should read is not known
 */
export async function withAnnouncers<
  Status extends { readonly view: ClusterView; readonly problems: readonly Problem[] },
>(
  { clusters }: Config,
  statuses: readonly Status[],
  withdrawals: AtWork['withdrawals'] | undefined,
): Promise<readonly Status[]> {
  const shelf = new AnnouncerShelf();
  try {
    return await Promise.all(
      statuses.map(async (status) => {
        const cluster = clusters.find(({ name }) => name === status.view.snapshot.cluster);
        if (cluster === undefined || cluster.announcers.length === 0) return status;
        const found = await problemsOf(cluster, status.view, shelf, withdrawals);
        return { ...status, problems: [...status.problems, ...found] };
      }),
    );
  } finally {
    await shelf.close();
  }
}

async function problemsOf(
  cluster: ClusterConfig,
  { topology }: ClusterView,
  shelf: AnnouncerShelf,
  withdrawals: AtWork['withdrawals'] | undefined,
): Promise<readonly Problem[]> {
  const { signal } = new AbortController();
  const [announcements = [], readSides = []] = await Promise.all([
    shelf.readBack(cluster, signal),
    withdrawals === undefined ? [] : shelf.readReaders(cluster, signal),
  ]);
  const sight = {
    announcers: siteAnnouncersOf(cluster),
    announcements,
    readSides,
    withdrawn: (withdrawals ?? []).filter((one) => one.cluster === cluster.name).map(({ server }) => server),
    primary: topology.primary,
  };
  return [...comparedAnnouncements(sight), ...comparedReaders(sight)].flatMap(({ problem }) => problem ?? []);
}
