import { expect } from 'vitest';
import type { Scope } from '../../src/base/scope.js';
import { createCluster, type ClusterOptions, type SandboxCluster } from '../../src/sandbox/cluster.js';
import type { ConfigurationOptions } from '../../src/sandbox/configuration.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import type { Scrape } from './scrape.js';

/** A sandbox cluster and a Lockstep that watches it. */
export class Stage {
  constructor(
    readonly sandbox: SandboxCluster,
    readonly lockstep: WatchingLockstep,
  ) {}

  get mysql(): boolean {
    return this.sandbox.version.flavour === 'mysql';
  }

  server(name: string): SandboxServer {
    return this.sandbox.server(name);
  }

  /** Settles when /metrics names no problem but these: what a test broke is whole again, and Lockstep sees it. */
  async untilAllIsWell(except: readonly string[] = ['durability-relaxed']): Promise<Scrape> {
    let left: readonly string[] = [];
    try {
      return await this.lockstep.metricsUntil('all to be well again', (page) => {
        left = problemsOf(page).filter((problem) => !except.some((name) => problem.startsWith(name)));
        return left.length === 0;
      });
    } catch (cause) {
      throw new Error(`these problems stay: ${left.join('; ')}`, { cause });
    }
  }
}

/** Both go with the scope, whatever fails. */
export async function openStage(
  scope: Scope,
  options: ClusterOptions,
  configuration: ConfigurationOptions = {},
): Promise<Stage> {
  const sandbox = await createCluster(options);
  scope.defer(() => sandbox.stop());
  const lockstep = await watch(sandbox, configuration);
  scope.defer(() => lockstep.stop());
  return new Stage(sandbox, lockstep);
}

/** The problems that a page names, each as `name server channel`. */
export function problemsOf(page: Scrape): readonly string[] {
  return page
    .all('mysql_cluster_problem')
    .map(({ labels }) => [labels['problem'], labels['server'], labels['channel']].filter(Boolean).join(' '))
    .sort();
}

/** The value is the time of something that happened in this test, seconds since the Unix epoch. */
export function expectRecent(value: number | undefined, within = 120): void {
  expect(value).toBeGreaterThan(Date.now() / 1000 - within);
  expect(value).toBeLessThan(Date.now() / 1000 + 5);
}

/** The only value of the only row. */
export async function askOne(server: SandboxServer, expression: string): Promise<string> {
  const [row] = await server.sql(`SELECT ${expression} AS value`);
  return row?.['value'] ?? '';
}
