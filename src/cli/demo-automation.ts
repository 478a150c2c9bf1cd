import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PlanView } from '../engine/automation.js';
import type { RunView } from '../engine/run.js';
import type { Scope } from '../base/scope.js';
import { controlSocket } from '../http/control-socket.js';
import { takeDirectory } from '../sandbox/directories.js';
import { stopReplication } from '../sandbox/faults.js';
import type { SandboxServer } from '../sandbox/server.js';
import { until } from '../sandbox/until.js';
import { Client } from './client.js';
import { firing, type Alerting } from './demo-alerts.js';
import type { Progress } from './progress.js';

/** What of lockstep.yml lets the demo act, and where Alertmanager finds its token. */
export interface DemoAutomation {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly journal: string;
  readonly alertmanagerToken: string;
}

/** Every procedure may start by itself, as an operator would write it who trusts it by now. */
export async function demoAutomation(scope: Scope): Promise<DemoAutomation> {
  const directory = await takeDirectory(scope);
  const alertmanagerToken = path.join(directory, 'alertmanager.token');
  await writeFile(alertmanagerToken, 'the-token-of-the-demo\n', { mode: 0o600 });
  const journal = path.join(directory, 'journal');
  return {
    journal,
    alertmanagerToken,
    keys: {
      journal: { directory: journal },
      tokens: [{ name: 'alertmanager', role: 'alertmanager', token_file: alertmanagerToken }],
      automation: { cooldown: '5s' },
      policies: [
        { match: ['procedure="restart-replication"'], run: 'restart-replication', mode: 'auto' },
        { match: ['procedure="fence-writable-replica"'], run: 'fence-writable-replica', mode: 'auto' },
        { match: ['procedure="secure-channel"'], run: 'secure-channel', mode: 'approve' },
        { match: ['procedure="failover"'], run: 'failover', mode: 'approve' },
        { match: ['procedure="rejoin"'], run: 'rejoin', mode: 'auto' },
      ],
    },
  };
}

/** What the story tells in the end. */
export interface Story {
  readonly plan: readonly string[];
  readonly history: readonly string[];
}

/**
 * Stops a replica's applier by hand. The alert reaches Alertmanager, its webhook Lockstep, which looks, plans, and asks:
 * somebody stopped it, and may have a reason. The plan is approved, the applier runs again, the alert resolves.
 */
export async function tellStory(
  alerting: Alerting,
  { journal }: DemoAutomation,
  replica: SandboxServer,
  progress: Progress,
  signal: AbortSignal,
): Promise<Story> {
  const patience = { within: 60_000, every: 200, signal };
  const lockstep = new Client({ kind: 'socket', path: controlSocket(journal) });
  const provoked = 'ReplicationStoppedByHand';
  progress.step(`stopping the SQL thread of ${replica.name}, until ${provoked} reaches Alertmanager`);
  await stopReplication(replica, 'sql');
  await until(`${provoked} to reach Alertmanager`, () => firing(alerting, provoked, replica), patience);
  progress.step('its webhook reaches Lockstep, which looks, plans and waits for an approval');
  const waiting = await runWhere(lockstep, ({ guard }) => guard?.guard === 'approval', patience);
  const { plan } = await lockstep.get<{ readonly plan: PlanView }>(`/api/v1/runs/${waiting.id}`);
  progress.step('approving the plan, until the replica runs and the alert has resolved');
  await lockstep.post(`/api/v1/runs/${waiting.id}/approve`, { digest: waiting.digest });
  const ended = await runWhere(lockstep, ({ id, state }) => id === waiting.id && state === 'ended', patience);
  if (ended.outcome !== 'succeeded') throw new Error(`run ${ended.id} ended as ${ended.outcome ?? ''}: ${ended.why}`);
  await until(`${provoked} to resolve`, async () => !(await firing(alerting, provoked, replica)), patience);
  progress.done();
  return { plan: plan.text, history: await historyOf(lockstep, ended.id) };
}

/** What happened in a run, a line each. */
export async function historyOf(lockstep: Client, id: string): Promise<readonly string[]> {
  const { history } = await lockstep.get<{ readonly history: readonly Line[] }>(`/api/v1/runs/${id}`);
  return history.map(({ at, sentence }) => `${new Date(at).toISOString().slice(11, 23)}  ${sentence}`);
}

interface Line {
  readonly at: number;
  readonly sentence: string;
}

export async function runWhere(
  lockstep: Client,
  wanted: (run: RunView) => boolean,
  patience: { readonly within: number; readonly every: number; readonly signal: AbortSignal },
): Promise<RunView> {
  let found: RunView | undefined;
  await until(
    'a run of Lockstep',
    async () => {
      const { runs } = await lockstep.get<{ readonly runs: readonly RunView[] }>('/api/v1/runs');
      found = runs.find(wanted);
      return found !== undefined;
    },
    patience,
  );
  if (found === undefined) throw new Error('no run was found');
  return found;
}
