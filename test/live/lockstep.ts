import { writeFile } from 'node:fs/promises';
import { createApp, type App } from '../../src/app.js';
import { silentLog } from '../../src/base/log.js';
import { loadConfig } from '../../src/config/load.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration, type ConfigurationOptions } from '../../src/sandbox/configuration.js';
import { until } from '../../src/sandbox/until.js';
import { Scrape } from './scrape.js';

/** A real Lockstep that watches a sandbox cluster, asked over HTTP as Prometheus does. */
export class WatchingLockstep {
  constructor(
    readonly app: App,
    readonly url: string,
    /** Its configuration file, to change and reload. */
    readonly file: string,
    readonly cluster: string,
  ) {}

  /** GET; the answer as it is. */
  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers, redirect: 'error' });
  }

  /** The page of one server. @param collect names for `collect[]`; default all */
  async probe(server: string, collect: readonly string[] = []): Promise<Scrape> {
    const query = [`target=${this.cluster}/${server}`, ...collect.map((name) => `collect[]=${name}`)].join('&');
    return scraped(await this.get(`/probe?${query}`));
  }

  /** Lockstep's own page, with the facts of clusters. */
  async metrics(): Promise<Scrape> {
    return scraped(await this.get('/metrics'));
  }

  /** Probes until the page is as wanted. @param wanted returns true, or throws with what is missing */
  probeUntil(server: string, what: string, wanted: (scrape: Scrape) => boolean): Promise<Scrape> {
    return awaited(what, () => this.probe(server), wanted);
  }

  metricsUntil(what: string, wanted: (scrape: Scrape) => boolean): Promise<Scrape> {
    return awaited(what, () => this.metrics(), wanted);
  }

  async rewrite(text: string): Promise<void> {
    await writeFile(this.file, text);
  }

  stop(): Promise<void> {
    return this.app.stop('the test is over');
  }
}

/**
 * Starts Lockstep on a sandbox cluster. Slow questions are asked and certificates looked at every second, and no look
 * is reused, so that what a test provokes shows at the next scrape or soon after.
 */
export async function watch(sandbox: SandboxCluster, options: ConfigurationOptions = {}): Promise<WatchingLockstep> {
  const observe = { timeout: '5s', slow_interval: '1s', freshness: '1ms' };
  const file = await writeConfiguration(sandbox, { ...options, whole: { observe, ...options.whole } });
  const app = createApp(await loadConfig(file), silentLog);
  return new WatchingLockstep(app, await app.start(), file, options.cluster ?? 'sandbox');
}

async function scraped(response: Response): Promise<Scrape> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the scrape answered ${response.status}: ${text}`);
  return new Scrape(text);
}

async function awaited(
  what: string,
  scrape: () => Promise<Scrape>,
  wanted: (scrape: Scrape) => boolean,
): Promise<Scrape> {
  let last: Scrape | undefined;
  await until(what, async () => {
    last = await scrape();
    return wanted(last);
  });
  if (last === undefined) throw new Error(`nothing was scraped while waiting until ${what}`);
  return last;
}
