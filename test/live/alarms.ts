import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { ruleFiles } from '../../src/alerts/files.js';
import type { AlertName } from '../../src/alerts/list.js';
import { paced, valuesWith, type Values } from '../../src/alerts/settings.js';
import type { Scope } from '../../src/base/scope.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { startAlertmanager, startPrometheus, type Program } from '../../src/sandbox/programs.js';
import { scraping } from '../../src/sandbox/scraping.js';
import { until } from '../../src/sandbox/until.js';

/** One alert as it arrived. */
export interface Arrived {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What to wait for: a name, and some of the labels. */
export type Wanted = readonly [name: AlertName, server?: string | undefined, labels?: Readonly<Record<string, string>>];

export interface AlarmOptions {
  /** Of the waits of the rules, how much is left. */
  readonly pace: number;
  readonly limits?: Partial<Values>;
}

/**
 * A real Prometheus that scrapes these Locksteps each second, with Lockstep's rules at `pace` of their waits; a real
 * Alertmanager with the inhibition that we ship; and a receiver of its webhooks.
 */
export class Alarms {
  readonly #now = new Map<string, Arrived>();
  /** Every alert that ever fired, by name and labels. */
  readonly fired = new Map<string, Arrived>();

  private constructor(
    readonly prometheus: Program,
    readonly alertmanager: Program,
    /** Where the rules lie. */
    readonly rules: string,
  ) {}

  static async watch(scope: Scope, locksteps: readonly string[], { pace, limits }: AlarmOptions): Promise<Alarms> {
    const arrived: (readonly Arrived[])[] = [];
    let take = (alerts: readonly Arrived[]): void => {
      arrived.push(alerts);
    };
    const hook = await receive(scope, (alerts) => take(alerts));
    const alertmanager = await startAlertmanager(scope, { config: await alertmanagerConfig(hook) });
    const rules = path.join(await takeDirectory(scope), 'rules');
    await mkdir(rules);
    for (const { name, text } of ruleFiles(paced(valuesWith(limits), pace)))
      await writeFile(path.join(rules, name), text);
    const config = await scraping({ locksteps, ...paceOf(rules, alertmanager) });
    const alarms = new Alarms(await startPrometheus(scope, { config }), alertmanager, rules);
    take = (alerts) => alarms.#take(alerts);
    arrived.forEach(take);
    return alarms;
  }

  /**
   * From now on Prometheus scrapes these Locksteps.
   * @param unprobed a server that its configuration leaves out
   */
  async scrape(locksteps: readonly string[], unprobed?: string): Promise<void> {
    const { prometheus, alertmanager, rules } = this;
    const config = await scraping({ locksteps, unprobed, ...paceOf(rules, alertmanager) });
    await writeFile(prometheus.configFile ?? '', config);
    const answer = await fetch(`${prometheus.url}/-/reload`, { method: 'POST' });
    if (!answer.ok) throw new Error(`Prometheus did not take its configuration: ${await answer.text()}`);
  }

  /** Settles when all of these fire, as the receiver was told. */
  async firing(...wanted: readonly Wanted[]): Promise<readonly Arrived[]> {
    return this.#waitFor('fire', wanted, (one) => {
      const found = this.#matching(one);
      return found.length > 0 ? found : undefined;
    });
  }

  /** Settles when none of these fires any more, as the receiver was told. */
  async resolved(...wanted: readonly Wanted[]): Promise<void> {
    await this.#waitFor('resolve', wanted, (one) => (this.#matching(one).length === 0 ? [] : undefined));
  }

  /** Settles when nothing fires but the Watchdog and these. */
  async quiet(...except: readonly AlertName[]): Promise<void> {
    let left: readonly string[] = [];
    const calm = () => {
      left = [...this.#now.values()]
        .map(titleOf)
        .filter((title) => !['Watchdog', ...except].includes(title.split(' ')[0] ?? ''));
      return left.length === 0;
    };
    await until('silence', calm, { within: 60_000, every: 100 }).catch((cause: unknown) => {
      throw new Error(`these still fire: ${left.join('; ')}`, { cause });
    });
  }

  /** What Alertmanager holds back because of another alert. */
  async inhibited(): Promise<readonly string[]> {
    const answer = await fetch(`${this.alertmanager.url}/api/v2/alerts?active=false&inhibited=true&silenced=false`);
    const alerts = (await answer.json()) as readonly {
      readonly labels: Arrived['labels'];
      readonly status: { readonly state: string };
    }[];
    return alerts.filter(({ status }) => status.state === 'suppressed').map(titleOf);
  }

  async #waitFor(
    what: string,
    wanted: readonly Wanted[],
    done: (one: Wanted) => readonly Arrived[] | undefined,
  ): Promise<readonly Arrived[]> {
    const missing = () => wanted.filter((one) => done(one) === undefined);
    await until(`alerts to ${what}`, () => missing().length === 0, { within: 45_000, every: 50 }).catch(
      (cause: unknown) => {
        const names = missing().map(
          ([name, server = '', labels = {}]) => `${name} ${server} ${JSON.stringify(labels)}`,
        );
        throw new Error(
          `waited in vain for these to ${what}: ${names.join('; ')}; there fire: ${[...this.#now.values()].map(titleOf).join('; ')}`,
          { cause },
        );
      },
    );
    return wanted.flatMap((one) => done(one) ?? []);
  }

  #matching([name, server, labels = {}]: Wanted): readonly Arrived[] {
    const all = { alertname: name, ...(server === undefined ? {} : { server }), ...labels };
    return [...this.#now.values()].filter((one) =>
      Object.entries(all).every(([label, value]) => (one.labels[label] ?? '') === value),
    );
  }

  #take(alerts: readonly Arrived[]): void {
    for (const alert of alerts) {
      const key = JSON.stringify(Object.entries(alert.labels).sort());
      if (alert.status === 'resolved') this.#now.delete(key);
      else {
        this.#now.set(key, alert);
        this.fired.set(key, alert);
      }
    }
  }
}

/** `ReplicationStopped db2 SQL`: short, for messages and lists. */
export function titleOf({ labels }: Pick<Arrived, 'labels'>): string {
  const words = ['alertname', 'server', 'channel', 'thread', 'role', 'version', 'collector', 'instance', 'lockstep'];
  return words.flatMap((label) => labels[label] ?? []).join(' ');
}

async function receive(scope: Scope, take: (alerts: readonly Arrived[]) => void): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      take((JSON.parse(Buffer.concat(chunks).toString('utf8')) as { alerts: readonly Arrived[] }).alerts);
      response.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  scope.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function paceOf(rules: string, alertmanager: Program) {
  return {
    interval: '1s',
    evaluation: '500ms',
    rules: path.join(rules, '*.rules.yml'),
    alertmanager: alertmanager.url,
  };
}

/** Each alert by itself and at once; held back by the rules that deploy/ ships. */
async function alertmanagerConfig(hook: string): Promise<string> {
  const file = path.join(import.meta.dirname, '../../deploy/alertmanager.yml');
  const shipped = parse(await readFile(file, 'utf8')) as { readonly inhibit_rules: unknown };
  return stringify({
    route: { receiver: 'test', group_by: ['...'], group_wait: '0s', group_interval: '500ms', repeat_interval: '1h' },
    receivers: [{ name: 'test', webhook_configs: [{ url: hook, send_resolved: true }] }],
    inhibit_rules: shipped.inhibit_rules,
  });
}
