import type { PlanView } from '../../../src/engine/automation.js';
import type { RunView } from '../../../src/engine/run.js';
import type { ServerName } from '../../../src/domain/snapshot.js';
import type { ChaosCluster } from './cluster.js';
import type { DeclaredLoss } from './history.js';

/** Procedures whose commit point is that a server accepts writes. */
const opening = ['switchover', 'failover', 'open-primary'];

/** Who was promoted, as the journal has it: by runs that passed their commit point, in their order. */
export async function promotions(cluster: ChaosCluster, runs: readonly RunView[]): Promise<readonly ServerName[]> {
  const found: ServerName[] = [];
  for (const { id, parameters } of runs.filter((run) => run.committed && opening.includes(run.procedure))) {
    const plan = await planOf(cluster, id);
    const words = plan?.steps.find(({ commits }) => commits)?.actions.join(' ') ?? '';
    const name = parameters['to'] ?? /\bdb\d\b/.exec(words)?.[0];
    if (name !== undefined) found.push(name);
  }
  return found;
}

/** What the plans of failovers that were carried out said may be lost. */
export async function declaredLosses(
  cluster: ChaosCluster,
  runs: readonly RunView[],
): Promise<readonly DeclaredLoss[]> {
  const found: DeclaredLoss[] = [];
  for (const run of runs.filter(({ procedure, committed }) => procedure === 'failover' && committed)) {
    const { remarks = [] } = (await planOf(cluster, run.id)) ?? {};
    const declared = declaredIn(remarks.join('\n'));
    if (declared !== undefined) found.push({ ...declared, until: run.endedAt ?? Infinity });
  }
  return found;
}

/** @returns undefined where nothing may be lost */
export function declaredIn(remarks: string): Omit<DeclaredLoss, 'until'> | undefined {
  if (!remarks.includes('What may be lost: ')) return undefined;
  const [, transactions = '0'] = /At most (\d+) transactions/.exec(remarks) ?? [];
  const [, since] = /acknowledged since (\d{4}-\d\d-\d\dT[\d:.]+Z)/.exec(remarks) ?? [];
  // Where nobody knows since when, everything may be.
  return { transactions: Number(transactions), since: since === undefined ? -Infinity : Date.parse(since) };
}

async function planOf({ lockstep }: ChaosCluster, id: string): Promise<PlanView | undefined> {
  return ((await lockstep.shown(id)) as unknown as { readonly plan?: PlanView }).plan;
}
