import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { ruleFiles } from '../../src/alerts/files.js';
import { paced, valuesWith } from '../../src/alerts/settings.js';
import type { Scope } from '../../src/base/scope.js';
import { freePort } from '../../src/sandbox/addresses.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { startAlertmanager, startPrometheus, type Program } from '../../src/sandbox/programs.js';
import { until } from '../../src/sandbox/until.js';

export const alertmanagersToken = 'alertmanagers-token';

interface Shipped {
  readonly route: Route;
  readonly receivers: readonly { readonly name: string; readonly webhook_configs?: readonly object[] }[];
  readonly inhibit_rules: unknown;
}

interface Route {
  readonly group_wait?: string;
  readonly routes?: readonly Route[];
}

/**
 * The whole way of an alert: a real Prometheus that scrapes this Lockstep with the shipped rules at `pace` of their
 * waits, and two real Alertmanagers, peers of each other, with the shipped routes and inhibition, that deliver to its
 * webhook.
 */
export class AlertLoop {
  private constructor(readonly alertmanagers: readonly Program[]) {}

  static async start(scope: Scope, lockstep: string, pace: number): Promise<AlertLoop> {
    const config = await alertmanagerConfig(scope, lockstep);
    const ports = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
    const alertmanagers = await Promise.all(
      ports.map((port) =>
        startAlertmanager(scope, { config, gossip: { port, peers: ports.filter((one) => one !== port) } }),
      ),
    );
    const rules = path.join(await takeDirectory(scope), 'rules');
    await mkdir(rules);
    for (const { name, text } of ruleFiles(paced(valuesWith(undefined), pace)))
      await writeFile(path.join(rules, name), text);
    await startPrometheus(scope, { config: prometheusConfig(lockstep, rules, alertmanagers) });
    return new AlertLoop(alertmanagers);
  }

  /** Whether every Alertmanager holds an alert of this name as firing. */
  async fires(alertname: string): Promise<boolean> {
    const answers = await Promise.all(this.alertmanagers.map((one) => alertsOf(one, alertname)));
    return answers.every((count) => count > 0);
  }

  async resolved(alertname: string): Promise<void> {
    const none = async () =>
      (await Promise.all(this.alertmanagers.map((one) => alertsOf(one, alertname)))).every((count) => count === 0);
    await until(`${alertname} to be resolved at both Alertmanagers`, none, { within: 60_000, every: 200 });
  }
}

async function alertsOf({ url }: Program, alertname: string): Promise<number> {
  const answer = await fetch(`${url}/api/v2/alerts?filter=${encodeURIComponent(`alertname="${alertname}"`)}`);
  return ((await answer.json()) as readonly unknown[]).length;
}

/** As deploy/alertmanager.yml has it, without its waits. */
async function alertmanagerConfig(scope: Scope, lockstep: string): Promise<string> {
  const file = path.join(import.meta.dirname, '../../deploy/alertmanager.yml');
  const shipped = parse(await readFile(file, 'utf8')) as Shipped;
  const token = path.join(await takeDirectory(scope), 'alertmanager.token');
  await writeFile(token, alertmanagersToken, { mode: 0o600 });
  const receivers = shipped.receivers.map((receiver) =>
    receiver.webhook_configs === undefined
      ? receiver
      : {
          ...receiver,
          webhook_configs: receiver.webhook_configs.map((hook) => ({
            ...hook,
            url: `${lockstep}/api/v1/alerts`,
            http_config: { follow_redirects: false, authorization: { type: 'Bearer', credentials_file: token } },
          })),
        },
  );
  return stringify({ ...shipped, route: hurried(shipped.route), receivers });
}

function hurried(route: Route): Route {
  const waits = { group_wait: '0s', group_interval: '1s', repeat_interval: '3s' };
  return { ...route, ...waits, ...(route.routes === undefined ? {} : { routes: route.routes.map(hurried) }) };
}

function prometheusConfig(lockstep: string, rules: string, alertmanagers: readonly Program[]): string {
  return stringify({
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '500ms' },
    rule_files: [path.join(rules, '*.rules.yml')],
    alerting: { alertmanagers: [{ static_configs: [{ targets: alertmanagers.map(({ url }) => new URL(url).host) }] }] },
    scrape_configs: [
      { job_name: 'lockstep', static_configs: [{ targets: [new URL(lockstep).host] }] },
      {
        job_name: 'lockstep-probe',
        metrics_path: '/probe',
        http_sd_configs: [{ url: `${lockstep}/sd`, refresh_interval: '5s' }],
      },
    ],
  });
}
