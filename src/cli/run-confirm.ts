import { createInterface } from 'node:readline/promises';
import { LockstepError } from '../base/errors.js';
import type { PlanView } from '../engine/automation.js';
import type { RunView } from '../engine/run.js';
import type { Client } from './client.js';
import type { Connection } from './connection.js';
import { planText } from './plan.js';
import { Progress } from './progress.js';
import { updatesOf } from './run-updates.js';
import { clean, placeWords } from './words.js';

/**
 * Shows the plan of a run that was asked for in mode `approve`, and approves that very plan or aborts the run, as the
 * person at the terminal says.
 * @returns where the run then stands
 */
export async function confirmed({ client }: Connection, asked: RunView): Promise<RunView> {
  for (;;) {
    const run = await planned(client, asked);
    if (run.state !== 'waiting') return run;
    const { plan } = await client.get<{ plan?: PlanView }>(`/api/v1/runs/${run.id}`);
    process.stdout.write(`${planText(withoutApproval(plan))}\n\n`);
    const agreed = await yes('Do this?');
    process.stdout.write('\n');
    if (!agreed) return client.post<RunView>(`/api/v1/runs/${run.id}/abort`);
    try {
      return await client.post<RunView>(`/api/v1/runs/${run.id}/approve`, { digest: run.digest });
    } catch (error) {
      const code = error instanceof LockstepError ? error.code : '';
      if (code === 'plan-changed') {
        process.stdout.write('The plan has changed meanwhile. It is now:\n\n');
        continue;
      }
      // Another person has to, or it has ended by itself: where it stands says so.
      if (code !== 'second-person-needed' && code !== 'not-waiting-for-approval') throw error;
      return client.get<RunView>(`/api/v1/runs/${run.id}`);
    }
  }
}

/** The run once it waits with a plan, or has ended. Ctrl-C meanwhile aborts it. */
async function planned(client: Client, asked: RunView): Promise<RunView> {
  const progress = new Progress(process.stderr);
  progress.step(`looking at ${placeWords(asked.parameters)}`);
  const enough = new AbortController();
  const interrupt = () => enough.abort();
  process.once('SIGINT', interrupt);
  try {
    for await (const update of updatesOf(client, asked.id, enough.signal)) {
      if (!('run' in update)) continue;
      const { state, digest, guard } = update.run;
      if (state !== 'waiting' || (digest !== undefined && guard !== undefined)) return update.run;
      if (guard !== undefined) progress.step(`waiting: ${clean(guard.why)}`);
    }
    return await client.post<RunView>(`/api/v1/runs/${asked.id}/abort`);
  } finally {
    progress.done();
    process.off('SIGINT', interrupt);
  }
}

/** The question that follows is the approval. */
function withoutApproval(plan: PlanView | undefined): PlanView {
  if (plan === undefined) throw new LockstepError('answer-unreadable', 'the run has a digest and no plan');
  return { ...plan, text: plan.text.filter((line) => !line.startsWith('Waits (approval)')) };
}

/** Anything but a yes, Ctrl-C and the end of the input included, is a no. */
async function yes(question: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<string>((resolve) => {
    asking.once('SIGINT', () => resolve(''));
    asking.once('close', () => resolve(''));
  });
  try {
    return /^y(es)?$/i.test((await Promise.race([asking.question(`${question} [y/N] `), closed])).trim());
  } finally {
    asking.close();
  }
}
