import { expiryOf, type BookedRun } from './book.js';
import { askedBy, consider, type Considered } from './consider.js';
import { runPlanned, runRequested } from './faults.js';
import { passes } from './guards.js';
import { stepsOf, type Plan } from './plan.js';
import type { GuardVerdict, Outcome, RunId } from './run.js';
import type { Shop } from './shop.js';

/** How often a waiting run looks again by itself, and one that is urgent while it waits to see, milliseconds. */
const lookAgain = 5000;
const lookAgainAtOnce = 500;

/**
 * A run until it may start: it looks, plans, asks the guards, and waits for those that pass by themselves.
 * @returns the plan to carry out, claimed; undefined when it has ended, or needs a human, or the process stops
 */
export async function untilItMayStart(shop: Shop, id: RunId, alarm: Alarm): Promise<Plan | undefined> {
  await shop.ports.fault(runRequested);
  for (;;) {
    const run = shop.book.run(id);
    if (stops(shop) || run.state !== 'waiting') return undefined;
    if (run.aborting !== undefined) return end(shop, run, 'cancelled', `cancelled by ${run.aborting} before it began`);
    const considered = await shop.considering(() =>
      consider(shop, shop.procedure(run.procedure), askedBy(run), shop.stopping),
    );
    if (stops(shop)) return undefined;
    const plan = await decide(shop, run, considered);
    if (plan !== undefined || shop.book.run(id).state !== 'waiting') return plan;
    const left = expiryOf(run) - shop.ports.clock.now();
    if (left <= 0) return end(shop, run, 'expired', expiredWords(run.why), run.guard);
    const hurries = shop.procedure(run.procedure).urgent === true && run.guard?.guard === 'not-visible';
    await alarm.wait(Math.min(left, hurries ? lookAgainAtOnce : lookAgain), shop);
  }
}

/** Wakes a waiting run before its time: an approval, a resolved alert, another run that ended. */
export class Alarm {
  #wake: (() => void) | undefined;
  #rung = false;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async wait(milliseconds: number, { ports, stopping }: Shop): Promise<void> {
    if (!this.#rung) {
      const over = new AbortController();
      const rung = new Promise<void>((resolve) => (this.#wake = resolve));
      const slept = ports.clock.sleep(milliseconds, AbortSignal.any([over.signal, stopping])).catch(() => undefined);
      await Promise.race([rung, slept]);
      over.abort(new Error('woken'));
    }
    this.#rung = false;
    this.#wake = undefined;
  }
}

function stops({ stopping }: Shop): boolean {
  return stopping.aborted;
}

async function decide(shop: Shop, run: BookedRun, considered: Considered): Promise<Plan | undefined> {
  const { plan, verdicts } = considered;
  if (plan !== undefined && plan.digest !== run.digest && run.approval === undefined)
    await writePlanned(shop, run, plan, considered);
  const [first] = verdicts;
  if (first !== undefined && !passes(first)) return refuse(shop, run, first);
  if (run.mode === 'plan' && first?.guard !== 'not-visible') return end(shop, run, 'planned', plannedWords(verdicts));
  if (first !== undefined) {
    if (verdicts.every(({ guard }) => guard === 'another-run')) await endOthers(shop, run);
    if (run.guard?.guard !== first.guard || run.guard.why !== first.why) await writeWaiting(shop, run, first);
    return undefined;
  }
  // Others may be let go beside it: under its locks it is asked once more, and counts those that came before it.
  shop.claims.set(run.id, run);
  return plan;
}

/** Runs that stand in the way of one that is urgent end at their next step boundary, and are taken back; not beyond their commit point. */
async function endOthers(shop: Shop, run: BookedRun): Promise<void> {
  if (shop.procedure(run.procedure).urgent !== true) return;
  const inTheWay = shop.book
    .open()
    .filter((other) => other.id !== run.id && other.state === 'running' && !other.committed)
    .filter((other) => other.parameters.cluster === run.parameters.cluster && other.aborting === undefined)
    .filter((other) => shop.procedure(other.procedure).urgent !== true);
  for (const other of inTheWay)
    await shop.write({ v: 1, run: other.id, type: 'aborting', by: `${run.procedure} (run ${run.id})` });
}

async function writePlanned(
  shop: Shop,
  { id: run }: BookedRun,
  plan: Plan,
  { scene, need }: Considered,
): Promise<void> {
  const { digest } = plan;
  const steps = plan.sections.flatMap(({ name: section, steps }) =>
    steps.map(({ id, title }) => ({ id, title, section })),
  );
  await shop.write({ v: 1, run, type: 'planned', digest, scene, observed: need.why, steps });
  await shop.ports.fault(runPlanned);
}

async function writeWaiting(shop: Shop, run: BookedRun, guard: GuardVerdict): Promise<void> {
  // Only another guard is worth a line; the words of one may hold the time.
  if (run.guard?.guard === guard.guard) run.guard = guard;
  else await shop.write({ v: 1, run: run.id, type: 'waiting', guard });
}

async function refuse(shop: Shop, run: BookedRun, verdict: GuardVerdict): Promise<undefined> {
  if (verdict.human === true && run.trigger.kind !== 'person' && run.mode !== 'plan') {
    await shop.write({ v: 1, run: run.id, type: 'needs-human', why: verdict.why });
    return undefined;
  }
  const gone = verdict.guard === 'not-observed';
  // It was there when it was planned, and went away by itself.
  if (gone && run.observed !== '') await end(shop, run, 'cancelled', `there is nothing left to mend: ${verdict.why}`);
  else await end(shop, run, 'refused', verdict.why, verdict);
  if (gone) await shop.write({ v: 1, run: run.id, type: 'episode-over' });
  return undefined;
}

async function end(
  shop: Shop,
  run: BookedRun,
  outcome: Outcome,
  why: string,
  guard?: GuardVerdict,
): Promise<undefined> {
  await shop.write({ v: 1, run: run.id, type: 'ended', outcome, why, ...(guard === undefined ? {} : { guard }) });
  return undefined;
}

function plannedWords(verdicts: readonly GuardVerdict[]): string {
  const [first] = verdicts;
  const would = first === undefined ? 'it would start at once' : `it would wait: ${first.why}`;
  return `the policy is to plan only, so nothing was done; ${would}`;
}

/** @param why what it waited for last */
export function expiredWords(why: string): string {
  return `it waited as long as it might: ${why}`;
}

/** What a run may have to write beside its scene, bytes; undo included. */
export function spaceFor(run: BookedRun, plan: Plan): number {
  const step = 4096;
  return JSON.stringify(run.scene ?? {}).length + 16_384 + step * stepsOf(plan).length;
}
