import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import type { ConfigurationOptions } from '../../src/sandbox/configuration.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import type { Scrape } from './scrape.js';

/** As {@link watch}, with a fresh login, and all that is asked at that pace, several times a second. */
export function watchBriskly(sandbox: SandboxCluster, options: ConfigurationOptions = {}): Promise<WatchingLockstep> {
  const observe = { timeout: '5s', slow_interval: '300ms', freshness: '1ms' };
  return watch(sandbox, { ...options, whole: { observe, ...options.whole } });
}

/** Why a server is down; undefined while it is up. */
export function reasonDown(scrape: Scrape): string | undefined {
  return scrape.value('mysql_up') === 0 ? scrape.state('mysql_down', 'reason') : undefined;
}

/** Whether /metrics says that this server has this problem now. */
export function hasProblem(scrape: Scrape, problem: string, server = 'db1'): boolean {
  return scrape.all('mysql_cluster_problem', { problem, server }).some(({ value }) => value === 1);
}
