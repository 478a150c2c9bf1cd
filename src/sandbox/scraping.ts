import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';

export interface Scraping {
  /** The Locksteps to scrape, by their addresses. */
  readonly locksteps: readonly string[];
  /** How often they are scraped, such as `1s`; it is also how long a scrape may take. */
  readonly interval: string;
  /** How often rules are evaluated. Default: as often. */
  readonly evaluation?: string;
  /** How often Locksteps are asked for their targets. Default 5s. */
  readonly refresh?: string;
  /** Where rules lie, a pattern. */
  readonly rules?: string;
  readonly alertmanager?: string;
  /** More pages to scrape than those of Locksteps. */
  readonly pages?: readonly string[];
  /** A server that is left out. */
  readonly unprobed?: string | undefined;
}

/** The configuration of Prometheus that deploy/ ships, for Locksteps on this machine and at another pace. */
export async function scraping(options: Scraping): Promise<string> {
  const { locksteps, interval, evaluation = interval, refresh = '5s', rules, alertmanager } = options;
  const { pages = [], unprobed } = options;
  const shipped = await shippedAs('prometheus.yml');
  const [metrics, probe] = shipped.scrape_configs;
  const drop = { source_labels: ['__meta_lockstep_server'], regex: unprobed, action: 'drop' };
  return stringify({
    ...shipped,
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: evaluation },
    rule_files: rules === undefined ? [] : [rules],
    alerting: {
      alertmanagers: alertmanager === undefined ? [] : [{ static_configs: [{ targets: [hostOf(alertmanager)] }] }],
    },
    scrape_configs: [
      { ...metrics, static_configs: [{ targets: [...locksteps, ...pages].map(hostOf) }] },
      {
        ...probe,
        http_sd_configs: locksteps.map((url) => ({ url: `${url}/sd`, refresh_interval: refresh })),
        ...(unprobed === undefined ? {} : { relabel_configs: [drop] }),
      },
    ],
  });
}

/** The job of the shipped configuration that lists servers, for these servers and this Lockstep. @param servers as `cluster/server` */
export async function staticProbe(lockstep: string, servers: readonly string[]): Promise<object> {
  const { scrape_configs } = await shippedAs('prometheus-static.yml', hostOf(lockstep));
  return { ...scrape_configs[1], static_configs: [{ targets: servers }] };
}

interface Shipped {
  readonly scrape_configs: readonly [metrics: object, probe: object];
}

async function shippedAs(file: string, lockstep = '127.0.0.1:10104'): Promise<Shipped> {
  const text = await readFile(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
  return parse(text.replaceAll('127.0.0.1:10104', lockstep)) as Shipped;
}

function hostOf(url: string): string {
  return new URL(url).host;
}
