import { deadline } from '../base/deadline.js';
import { messageOf } from '../base/errors.js';
import type { Bench } from './execution.js';
import { undoBegins, undoEnds } from './faults.js';
import { defaultWithin } from './plan.js';
import type { Notes, Seen, Step, Undo } from './procedure.js';

export interface TakenBack {
  readonly undone: readonly Step[];
  /** Why something could not be taken back; undefined when all is as it was. */
  readonly left: string | undefined;
}

/** How often one step is tried to be taken back before a human is asked, with 1, 2, 4, … seconds in between. */
const tries = 4;
const settlePause = 200;

/**
 * Takes back every step that was begun and still shows, the last first. What never happened is seen to be as before, and
 * left alone. @param first the look of now
 */
export async function takeBack(
  bench: Bench,
  begun: readonly Step[],
  first: Seen,
  look: () => Promise<Seen>,
  notes: () => Notes,
  learn: (notes: Notes) => void,
): Promise<TakenBack> {
  const undone: Step[] = [];
  let seen: Seen | undefined = first;
  for (const step of [...begun].reverse()) {
    const { undo } = step;
    if (undo === undefined || undo.done((seen ??= await look()))) continue;
    seen = undefined;
    await bench.fault(undoBegins(step.id));
    const fault = await untilUndone(bench, step, undo, look, notes, learn);
    if (fault !== undefined) return { undone, left: `${step.title}: ${fault}` };
    undone.push(step);
    await bench.write.undone([step]);
    await bench.fault(undoEnds(step.id));
  }
  return { undone, left: undefined };
}

async function untilUndone(
  bench: Bench,
  step: Step,
  undo: Undo,
  look: () => Promise<Seen>,
  notes: () => Notes,
  learn: (notes: Notes) => void,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const limit = deadline((step.within ?? defaultWithin) * 1000, bench.signal);
    let fault: string;
    try {
      for (const action of undo.plan) learn(await bench.actor.send(action, notes(), limit.signal));
      if (await seenWithin(bench, undo, look, limit.signal)) return undefined;
      fault = 'it was not seen to be as before';
    } catch (cause) {
      if (bench.signal.aborted) throw cause;
      fault = messageOf(cause);
    } finally {
      limit.clear();
    }
    if (attempt >= tries) return fault;
    await bench.clock.sleep(1000 * 2 ** (attempt - 1), bench.signal);
    if (undo.done(await look())) return undefined;
  }
}

async function seenWithin(bench: Bench, undo: Undo, look: () => Promise<Seen>, limit: AbortSignal): Promise<boolean> {
  while (!limit.aborted) {
    if (undo.done(await look())) return true;
    await bench.clock.sleep(settlePause, bench.signal);
  }
  return false;
}
