import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../../src/base/errors.js';
import { faultPointsOf } from '../../../src/engine/faults.js';
import type { PlanView } from '../../../src/engine/automation.js';
import type { RunView } from '../../../src/engine/run.js';
import type { Asked } from '../lockstep-process.js';
import type { ChaosCluster } from './cluster.js';
import type { Counts } from './counts.js';
import type { Dice } from '../dice.js';
import { chosen, nemeses, type Fault, type Nemesis, type Scene } from './nemesis.js';

/** What happens to Lockstep itself: killed or frozen, at a fault point of the plan or at some moment. */
interface Deed {
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly point?: string;
  /** Milliseconds after the request. */
  readonly after: number;
  /** How long it stays dead, or frozen, milliseconds. */
  readonly lasts: number;
}

export interface Stage {
  readonly cluster: ChaosCluster;
  readonly dice: Dice;
  readonly counts: Counts;
  /** Whether anything bad happens. */
  readonly faults: boolean;
  /** What happened, a line each, for whoever reads of a violation. */
  readonly tell: (line: string) => void;
}

/** What an operation does otherwise than a change of the primary on purpose. */
export interface Circumstances {
  /** What comes first of all, once Lockstep is as it is to be. */
  readonly first?: () => Promise<void>;
  /** What else may happen. Default everything. */
  readonly nemeses?: readonly Nemesis[];
  /** A run that still waits for something so long after the faults is told to end, milliseconds. Default 8000. */
  readonly waitsAtMost?: number;
}

/** A run rests within this time after its faults have ended, milliseconds. */
const restsWithin = 120_000;

/** One request to Lockstep, and everything bad that happens meanwhile. All of that is over when it resolves with the runs that came of it, oldest first. */
export async function operate(
  stage: Stage,
  scene: Scene,
  asked: Asked,
  circumstances: Circumstances = {},
): Promise<readonly RunView[]> {
  const { cluster, dice, tell, counts } = stage;
  const { lockstep } = cluster;
  const before = (await lockstep.runs()).length;
  const deed = await deedOf(stage, asked);
  if (deed?.point !== undefined) {
    await lockstep.stop();
    await cluster.start({ LOCKSTEP_FAULT: `${deed.point}=${deed.signal === 'SIGKILL' ? 'kill' : 'stop'}` });
    await cluster.seen();
  }
  const armed = deed?.point === undefined ? undefined : lockstep.child;
  const nemesis = stage.faults && dice.chance(0.65) ? chosen(scene, circumstances.nemeses ?? nemeses) : undefined;
  const [early, delay, lasts] = [dice.chance(0.4), dice.between(0, 900), dice.between(200, nemesis?.lasts ?? 200)];
  const strike = async (): Promise<Fault | undefined> => {
    if (nemesis === undefined) return undefined;
    try {
      const fault = await nemesis.strike(scene);
      tell(fault.words);
      counts.add('faults', nemesis.name);
      return fault;
    } catch (cause) {
      tell(`${nemesis.name} was not possible: ${messageOf(cause)}`);
      return undefined;
    }
  };
  await circumstances.first?.();
  let fault = early ? strike() : undefined;
  if (early) await fault;
  tell(`asked: ${asked.procedure} ${Object.values(asked.parameters).join(' ')}${deed === undefined ? '' : `, and Lockstep gets ${deed.signal} ${deed.point ?? `after ${deed.after} ms`}`}`); // prettier-ignore
  lockstep.run(asked).catch((cause: unknown) => tell(`the request: ${messageOf(cause).slice(0, 200)}`));
  const byTime = deed !== undefined && deed.point === undefined ? struck(stage, deed) : undefined;
  if (!early) {
    await pause(delay);
    fault = strike();
  }
  const ended = (async () => {
    const under = await fault;
    await pause(lasts);
    await under?.end();
    if (under !== undefined) tell(`over: ${under.words}`);
  })();
  const over = Promise.all([ended, byTime]);
  let settled = false;
  void over.then(() => (settled = true), () => (settled = true)); // prettier-ignore
  await rests(stage, deed, { before, waitsAtMost: circumstances.waitsAtMost ?? 8000, faultsOver: () => settled });
  await over;
  // A fault whose point this run did not come to would wait for one that does.
  if (lockstep.child === armed) {
    await lockstep.stop();
    await cluster.start();
  }
  const all = await lockstep.runs();
  const runs = all.slice(0, all.length - before).reverse();
  for (const { procedure, outcome, state, why } of runs) tell(`${procedure}: ${outcome ?? state}: ${why}`);
  return runs;
}

async function deedOf({ cluster, dice, counts, faults }: Stage, asked: Asked): Promise<Deed | undefined> {
  if (!faults || !dice.chance(0.5)) return undefined;
  const signal = dice.chance(0.6) ? 'SIGKILL' : 'SIGSTOP';
  const timing = { signal, after: dice.between(0, 1200), lasts: dice.between(50, signal === 'SIGKILL' ? 3000 : 18_000) } as const; // prettier-ignore
  counts.add('faults', signal === 'SIGKILL' ? 'Lockstep killed' : 'Lockstep frozen');
  if (dice.chance(0.3)) return timing;
  const { procedure, parameters } = asked;
  const plan = await cluster.lockstep.plan({ procedure, parameters }).catch((): PlanView | undefined => undefined);
  if (plan === undefined || plan.steps.length === 0) return timing;
  const names = [...new Set(plan.steps.map(({ section }) => section))];
  const sections = names.map((name) => ({ name, steps: plan.steps.filter(({ section }) => section === name) }));
  return { ...timing, point: dice.pick(faultPointsOf({ sections })) };
}

/** At its moment, and put right after its time. */
async function struck({ cluster, tell }: Stage, deed: Deed): Promise<void> {
  await pause(deed.after);
  if (!cluster.lockstep.child.alive) return;
  tell(`Lockstep gets ${deed.signal}`);
  cluster.lockstep.child.kill(deed.signal);
}

/** Lockstep is brought back whenever it is dead or frozen, and approves what asks; settles when all runs rest. */
async function rests(
  stage: Stage,
  deed: Deed | undefined,
  {
    before,
    waitsAtMost,
    faultsOver,
  }: { readonly before: number; readonly waitsAtMost: number; readonly faultsOver: () => boolean },
): Promise<void> {
  const { cluster, tell } = stage;
  const { lockstep } = cluster;
  const began = performance.now();
  let overSince: number | undefined;
  for (;;) {
    if (faultsOver()) overSince ??= performance.now();
    if (!lockstep.child.alive) {
      await pause(deed?.lasts ?? 0);
      await cluster.start();
      tell('Lockstep was started again');
    } else if (await lockstep.frozen()) {
      await pause(deed?.lasts ?? 0);
      lockstep.child.kill('SIGCONT');
      tell('Lockstep goes on');
    }
    const runs = await lockstep.runs(2000).catch(() => undefined);
    const open = runs?.filter(({ state }) => state !== 'ended' && state !== 'needs-human');
    const answered = runs !== undefined && (runs.length > before || performance.now() - began > 3000);
    if (answered && open?.length === 0 && overSince !== undefined) return;
    const waited = overSince !== undefined && performance.now() - overSince > waitsAtMost;
    for (const run of open ?? []) await pushed(stage, run, waited);
    if (overSince !== undefined && performance.now() - overSince > restsWithin)
      throw new Error(`a run does not rest: ${JSON.stringify(open)}`);
    await pause(100);
  }
}

/** What a person does with a run that waits, and has waited for long. */
async function pushed({ cluster, tell, counts }: Stage, run: RunView, waited: boolean): Promise<void> {
  if (run.state !== 'waiting') return;
  const act = run.guard?.guard === 'approval' ? 'approve' : waited ? 'abort' : undefined;
  if (act === undefined) return;
  tell(`${act}: ${run.guard?.why ?? ''}`);
  if (act === 'approve') counts.add(run.procedure, 'approved');
  await cluster.lockstep.api('POST', `/runs/${run.id}/${act}`).catch((cause: unknown) => tell(messageOf(cause)));
}
