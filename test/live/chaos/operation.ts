import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../../src/base/errors.js';
import { faultPointsOf } from '../../../src/engine/faults.js';
import type { PlanView } from '../../../src/engine/automation.js';
import type { RunView } from '../../../src/engine/run.js';
import type { Asked } from '../lockstep-process.js';
import type { ChaosCluster } from './cluster.js';
import type { Counts } from './counts.js';
import type { Dice } from './dice.js';
import { chosen, type Fault, type Scene } from './nemesis.js';

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

/** A run rests within this time after its faults have ended, milliseconds. */
const restsWithin = 120_000;
/** A run that still waits for something so long after the faults is told to end, milliseconds. */
const waitsAtMost = 8_000;

/** One request to Lockstep, and everything bad that happens meanwhile. All faults are over when it resolves. */
export async function operate(stage: Stage, scene: Scene, asked: Asked): Promise<void> {
  const { cluster, dice, tell, counts } = stage;
  const { lockstep } = cluster;
  const before = (await lockstep.runs()).length;
  const deed = await deedOf(stage, asked);
  if (deed?.point !== undefined) {
    await lockstep.stop();
    await cluster.start({ LOCKSTEP_FAULT: `${deed.point}=${deed.signal === 'SIGKILL' ? 'kill' : 'stop'}` });
  }
  const nemesis = stage.faults && dice.chance(0.65) ? chosen(scene) : undefined;
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
  await rests(stage, deed, before, () => settled);
  await over;
  const runs = await lockstep.runs();
  for (const { procedure, outcome, state, why } of runs.slice(0, runs.length - before).reverse())
    tell(`${procedure}: ${outcome ?? state}: ${why}`);
}

async function deedOf({ cluster, dice, counts, faults }: Stage, asked: Asked): Promise<Deed | undefined> {
  if (!faults || !dice.chance(0.5)) return undefined;
  const signal = dice.chance(0.6) ? 'SIGKILL' : 'SIGSTOP';
  const timing = { signal, after: dice.between(0, 1200), lasts: dice.between(50, signal === 'SIGKILL' ? 3000 : 18_000) } as const; // prettier-ignore
  counts.add('faults', signal === 'SIGKILL' ? 'Lockstep killed' : 'Lockstep frozen');
  if (dice.chance(0.3)) return timing;
  const plan = await cluster.lockstep.plan(asked).catch((): PlanView | undefined => undefined);
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
async function rests(stage: Stage, deed: Deed | undefined, before: number, faultsOver: () => boolean) {
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
    for (const run of open ?? []) await pushed(stage, run, overSince);
    if (overSince !== undefined && performance.now() - overSince > restsWithin)
      throw new Error(`a run does not rest: ${JSON.stringify(open)}`);
    await pause(100);
  }
}

/** What a person does with a run that waits. */
async function pushed({ cluster, tell }: Stage, run: RunView, overSince: number | undefined) {
  if (run.state !== 'waiting') return;
  const waited = overSince !== undefined && performance.now() - overSince > waitsAtMost;
  const act = run.guard?.guard === 'approval' ? 'approve' : waited ? 'abort' : undefined;
  if (act === undefined) return;
  tell(`${act}: ${run.guard?.why ?? ''}`);
  await cluster.lockstep.api('POST', `/runs/${run.id}/${act}`).catch((cause: unknown) => tell(messageOf(cause)));
}
