import { setTimeout as pause } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import pc from 'picocolors';
import { createApp } from '../app.js';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { Scope } from '../base/scope.js';
import { loadConfig } from '../config/load.js';
import { createCluster, type SandboxCluster } from '../sandbox/cluster.js';
import { verifyJournal } from '../journal/verify.js';
import { writeConfiguration } from '../sandbox/configuration.js';
import { startPrometheus, type Program } from '../sandbox/programs.js';
import { scraping } from '../sandbox/scraping.js';
import { semiSyncSettings, waitForReplicas } from '../sandbox/semi-sync.js';
import { until } from '../sandbox/until.js';
import { versionNamed, versionNames, type VersionName } from '../sandbox/versions.js';
import { Writer } from '../sandbox/writer.js';
import { observerOf } from '../watched.js';
import { speed, startAlerting, type Alerting } from './demo-alerts.js';
import { demoAutomation, tellStory, type DemoAutomation, type Story } from './demo-automation.js';
import { tellFailover, type Failover } from './demo-failover.js';
import { Progress } from './progress.js';
import { repaint, statusOf, statusText } from './status.js';

interface DemoOptions {
  readonly once?: true;
  readonly server: VersionName;
  readonly replicas: number;
}

/** What runs, and where to look at it. */
interface Running {
  readonly sandbox: SandboxCluster;
  readonly lockstep: string;
  readonly prometheus: Program;
  readonly alerting: Alerting;
  readonly automation: DemoAutomation;
  readonly configuration: string;
}

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'boot a real primary with replicas over TLS, Lockstep, a Prometheus that scrapes it and an Alertmanager, on this machine',
    )
    .addOption(new Option('--server <version>', 'which servers').choices(versionNames).default('mariadb-10.11'))
    .option('--replicas <count>', 'how many replicas', replicas, 2)
    .option(
      '--once',
      'wait until Prometheus has seen every replica run, stop one, approve what Lockstep plans when the alert arrives, wait until the alert has resolved; then kill the primary, approve the failover, let it rejoin; tell the story, print the table, and exit',
    )
    .addHelpText('after', '\nCtrl-C ends it and leaves nothing behind.\n')
    .action(async (options: DemoOptions) => {
      const scope = new Scope();
      const ended = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        process.once(signal, () => ended.abort(new Error(signal)));
      const progress = new Progress(process.stderr);
      try {
        const running = await boot(scope, options, progress, ended.signal);
        progress.step('waiting until Prometheus has seen every replica run');
        await seenByPrometheus(running, ended.signal);
        progress.done();
        const [replica] = running.sandbox.replicas;
        if (options.once === true && replica !== undefined) {
          const writer = scope.own(await Writer.start(running.sandbox), (one) => one.stop());
          const story = await tellStory(running.alerting, running.automation, replica, progress, ended.signal);
          await showOnce(running, story, await tellFailover(running, writer, progress, ended.signal));
        } else await show(running, ended.signal);
      } catch (error) {
        if (!ended.signal.aborted) throw error;
        process.exitCode = options.once === true ? 1 : 0;
      } finally {
        progress.step('stopping everything');
        await scope.end();
        progress.done();
      }
    });
}

async function boot(scope: Scope, options: DemoOptions, progress: Progress, signal: AbortSignal): Promise<Running> {
  const told = { progress: (line: string) => progress.step(line), signal };
  const sandbox = scope.own(
    await createCluster({
      version: options.server,
      replicas: options.replicas,
      durable: true,
      settings: { ...careful, ...semiSyncSettings(versionNamed(options.server)) },
      ...told,
    }),
    (cluster) => cluster.stop(),
  );
  await waitForReplicas(sandbox);
  progress.step('starting Lockstep');
  const automation = await demoAutomation(scope);
  const configuration = await writeConfiguration(sandbox, {
    cluster: 'demo',
    keys: { failover: { evidence: '2s' } },
    whole: { observe: { slow_interval: '10s', timeout: '2s', interval: '1s' }, ...automation.keys },
  });
  const app = scope.own(createApp(await loadConfig(configuration), silentLog), (running) =>
    running.stop('the demo is over'),
  );
  const lockstep = await app.start();
  const alerting = await startAlerting(scope, lockstep, automation.alertmanagerToken, told);
  const config = await scraping({
    locksteps: [lockstep],
    interval: '2s',
    rules: alerting.ruleFiles,
    alertmanager: alerting.alertmanager.url,
  });
  const prometheus = await startPrometheus(scope, { config, ...told });
  return { sandbox, lockstep, prometheus, alerting, automation, configuration };
}

/** What a careful operator sets, so that the table has nothing to complain of. */
const careful = { require_secure_transport: 'ON' };

/** Prometheus itself answers that every replica's IO thread runs. */
async function seenByPrometheus({ prometheus, sandbox }: Running, signal: AbortSignal): Promise<void> {
  const query = `${prometheus.url}/api/v1/query?query=${encodeURIComponent('mysql_replica_io_running == 1')}`;
  await until(
    'Prometheus to answer mysql_replica_io_running == 1 for every replica',
    async () => {
      const answer = (await (await fetch(query)).json()) as { data?: { result?: readonly unknown[] } };
      return answer.data?.result?.length === sandbox.replicas.length;
    },
    { within: 60_000, every: 200, signal },
  );
}

async function showOnce(running: Running, mended: Story, failover: Failover): Promise<void> {
  const verdict = await verifyJournal(running.automation.journal);
  const chain = verdict.ok ? 'the journal verifies' : `the journal is damaged: ${verdict.why}`;
  const chapter = ({ plan, history }: Story) => [pc.bold('What was planned'), ...plan, '', pc.bold('What was done'), ...history, '']; // prettier-ignore
  const told = [...chapter(mended), ...chapter(failover), failover.applications, chain];
  await withStatus(running, async (status) => {
    process.stdout.write(`${told.join('\n')}\n\n${await status()}\n\n${places(running)}\n`);
  });
}

/** The live table until interrupted. */
async function show(running: Running, signal: AbortSignal): Promise<void> {
  await withStatus(running, async (status) => {
    if (process.stdout.isTTY) process.stdout.write('\u001b[2J');
    while (!signal.aborted) {
      repaint(
        `${await status()}\n\n${places(running)}\n\n${pc.dim('Ctrl-C ends the demo and leaves nothing behind.')}`,
      );
      await pause(2000, undefined, { signal }).catch(() => undefined);
    }
  });
}

async function withStatus(
  { configuration }: Running,
  work: (status: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const config = await loadConfig(configuration);
  const observer = observerOf(config, { clock: systemClock, log: silentLog });
  try {
    await work(async () => statusText(await statusOf(config, observer)));
  } finally {
    await observer.close();
  }
}

function places({ lockstep, prometheus, alerting, sandbox, configuration }: Running): string {
  const query = `${prometheus.url}/graph?g0.expr=mysql_replica_lag_seconds&g0.tab=0&g0.range_input=5m`;
  const socket = sandbox.primary.socketPath;
  return [
    ['Lockstep', lockstep],
    ['metrics', `${lockstep}/metrics`],
    ['one server', `${lockstep}/probe?target=demo/db2`],
    ['Prometheus', query],
    ['alerts', `${prometheus.url}/alerts (they wait 1/${speed} of the time that is shipped)`],
    ['Alertmanager', alerting.alertmanager.url],
    ['configuration', configuration],
    ['socket of db1', `${socket} (user root)`],
  ]
    .map(([what = '', where = '']) => `  ${pc.dim(what.padEnd(14))} ${where}`)
    .join('\n');
}

function replicas(given: string): number {
  const count = Number(given);
  if (!Number.isInteger(count) || count < 1 || count > 8)
    throw new InvalidArgumentError(`"${given}" is not a number from 1 to 8.`);
  return count;
}
