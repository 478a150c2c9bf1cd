import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Scope } from '../src/base/scope.js';
import { command } from '../src/sandbox/command.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { until } from '../src/sandbox/until.js';
import { issueFleetTls, writeFleetConfiguration } from './fleet-configuration.js';
import { startLockstep, type LockstepProcess } from './lockstep-process.js';
import type { Recording } from './recording.js';
import { say } from './run.js';
import { SimulatedFleet } from './simulated-fleet.js';
import { Alerts, type Episode } from './storm-alerts.js';
import { storm, type Storm } from './storm.js';

/** A storm, and what Lockstep knows of it afterwards. */
export interface Weathered {
  readonly storm: Storm;
  readonly episodes: readonly Episode[];
  /** Runs by their key, after it was killed and started again. */
  readonly runs: readonly RunSeen[];
  /** Alerts by what Lockstep's own counters say of them, before it was killed. */
  readonly counted: Readonly<Record<string, number>>;
  /** What `lockstep runs verify` says. */
  readonly verified: string;
}

export interface RunSeen {
  readonly id: string;
  readonly procedure: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly state: string;
  readonly outcome: string | undefined;
  /** What refused it, if anything did. */
  readonly guard?: { readonly guard: string; readonly why: string };
}

export interface WebhookOptions {
  readonly program: string | undefined;
  readonly rate: number;
  readonly group: number;
  readonly seconds: number;
  readonly episodes: number;
  readonly signal: AbortSignal;
}

const token = 'a-token-of-the-benchmark';

/** Boots the servers and one Lockstep with a journal, sends the storm, kills Lockstep, and asks another what it knows. */
export async function runStorm(recording: Recording, options: WebhookOptions): Promise<Weathered> {
  const scope = new Scope();
  try {
    const { program, episodes, signal } = options;
    const tls = await issueFleetTls(scope);
    const fleet = await SimulatedFleet.start(scope, episodes * 2, recording, tls);
    const directory = await takeDirectory(scope);
    const tokenFile = path.join(directory, 'token');
    await writeFile(tokenFile, token, { mode: 0o600 });
    const keys = {
      journal: { directory: path.join(directory, 'journal') },
      tokens: [{ name: 'alertmanager', role: 'operator', token_file: tokenFile }],
    };
    const start = () =>
      startLockstep(scope, {
        program,
        configure: (listen) => writeFleetConfiguration(scope, listen, fleet.ports, tls.authority, keys),
      });
    const first = await start();
    await warmUp(first, episodes, signal);
    say(`${options.rate} alerts per second, ${options.group} in a request, for ${options.seconds} s`);
    const alerts = new Alerts(episodes, options.rate * options.seconds);
    const weather = await storm(alerts, { ...options, url: first.url, pid: first.pid, token });
    const counted = await countersOf(first);
    await until('every run to have ended', async () => (await runsOf(first)).every(({ state }) => state === 'ended'), { signal }); // prettier-ignore
    say('Lockstep is killed, and started again');
    await first.kill();
    const second = await start();
    const runs = await runsOf(second);
    const verified = await command(process.execPath, [path.resolve(program ?? 'dist/main.js'), 'runs', 'verify', '--config', second.configuration]); // prettier-ignore
    const { unknown } = await fleet.state();
    if (unknown.length > 0) throw new Error(`Lockstep asked what was never recorded: ${unknown.join('\n')}`);
    return { storm: weather, episodes: alerts.episodes, runs, counted, verified: verified.trim() };
  } finally {
    await scope.end();
  }
}

/** Every server has been looked at once, as by the scrapes that the alerts come from. */
async function warmUp({ url }: LockstepProcess, clusters: number, signal: AbortSignal): Promise<void> {
  say(`${clusters} clusters: opening sessions`);
  const page = await (await fetch(`${url}/metrics`, { signal })).text();
  const seen = page.match(/^mysql_cluster_topology\{/gm)?.length ?? 0;
  if (seen === 0) throw new Error(`no cluster is to be seen:\n${page.slice(0, 500)}`);
  await pause(2000, undefined, { signal });
}

async function countersOf({ url }: LockstepProcess): Promise<Record<string, number>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const lines = page.matchAll(/^lockstep_webhook_alerts_total\{result="([a-z]+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, result = '', count]) => [result, Number(count)]));
}

async function runsOf({ url }: LockstepProcess): Promise<readonly RunSeen[]> {
  const answer = await fetch(`${url}/api/v1/runs?limit=1000`, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`runs cannot be listed: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { readonly runs: readonly RunSeen[] }).runs;
}
