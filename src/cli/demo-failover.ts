import type { PlanView } from '../engine/automation.js';
import { controlSocket } from '../http/control-socket.js';
import type { SandboxCluster } from '../sandbox/cluster.js';
import type { SandboxServer } from '../sandbox/server.js';
import { until } from '../sandbox/until.js';
import type { Writer } from '../sandbox/writer.js';
import { Client } from './client.js';
import { firing, type Alerting } from './demo-alerts.js';
import { historyOf, runWhere, type DemoAutomation } from './demo-automation.js';
import type { Progress } from './progress.js';

/** What the last chapter tells in the end. */
export interface Failover {
  readonly plan: readonly string[];
  readonly history: readonly string[];
  readonly applications: string;
}

/**
 * Kills the primary under an application that writes. The alert reaches Lockstep, which sees for itself that it is dead,
 * shows the plan and, once that is approved, makes a replica the primary; when the dead one is started again it rejoins
 * by itself. In the end every row that was acknowledged is on every server.
 */
export async function tellFailover(
  { sandbox, alerting, automation: { journal } }: { sandbox: SandboxCluster; alerting: Alerting; automation: DemoAutomation }, // prettier-ignore
  writer: Writer,
  progress: Progress,
  signal: AbortSignal,
): Promise<Failover> {
  const patience = { within: 90_000, every: 200, signal };
  const lockstep = new Client({ kind: 'socket', path: controlSocket(journal) });
  const { primary } = sandbox;
  progress.step(`killing ${primary.name} under an application that writes, until PrimaryDown reaches Alertmanager`);
  await primary.kill();
  await until('PrimaryDown to reach Alertmanager', () => firing(alerting, 'PrimaryDown', primary), patience);
  progress.step(`Lockstep sees for itself that ${primary.name} is dead, plans a failover and waits for an approval`);
  const waiting = await runWhere(
    lockstep,
    ({ procedure, guard }) => procedure === 'failover' && guard?.guard === 'approval',
    patience,
  );
  const { plan } = await lockstep.get<{ readonly plan: PlanView }>(`/api/v1/runs/${waiting.id}`);
  progress.step('approving the plan, until a replica is the primary and the others follow it');
  await lockstep.post(`/api/v1/runs/${waiting.id}/approve`, { digest: waiting.digest });
  const ended = await runWhere(lockstep, ({ id, state }) => id === waiting.id && rests(state), patience);
  if (ended.outcome !== 'succeeded')
    throw new Error(`run ${ended.id} is ${ended.outcome ?? ended.state}: ${ended.why}`);
  progress.step(`starting ${primary.name} again, until it has rejoined as a replica`);
  await primary.start(signal);
  const back = await runWhere(lockstep, ({ procedure, state }) => procedure === 'rejoin' && rests(state), patience);
  if (back.outcome !== 'succeeded') throw new Error(`run ${back.id} is ${back.outcome ?? back.state}: ${back.why}`);
  progress.step('comparing what was acknowledged with what every server has');
  await writer.stop();
  const rows = writer.acknowledged.length;
  const missing = await Promise.all(sandbox.servers.map((server) => settledMissing(writer, server, patience)));
  progress.done();
  return {
    plan: plan.text,
    history: [...(await historyOf(lockstep, ended.id)), ...(await historyOf(lockstep, back.id))],
    applications: `${rows - Math.max(...missing)} of ${rows} acknowledged rows are on every server; the application waited ${(writer.longestGap / 1000).toFixed(1)} s at most, most of it for the approval.`,
  };
}

/** How many acknowledged rows a server does not have, once it has had time to apply what it received. */
async function settledMissing(
  writer: Writer,
  server: SandboxServer,
  patience: { readonly within: number; readonly every: number; readonly signal: AbortSignal },
): Promise<number> {
  let missing = Infinity;
  const none = async () => {
    missing = (await writer.missingOn(server)).length;
    return missing === 0;
  };
  await until(`every acknowledged row on ${server.name}`, none, patience).catch(() => undefined);
  return missing;
}

function rests(state: string): boolean {
  return state === 'ended' || state === 'needs-human';
}
