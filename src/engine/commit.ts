import type { Plan } from './plan.js';
import { stepsOf } from './plan.js';
import type { Seen } from './procedure.js';

/**
 * Whether the commit point was passed, as the servers show it. `none`: the plan has none. `hidden`: a server that the
 * committing step changes could not be asked, so nobody can say.
 */
export type Commitment = 'none' | 'seen' | 'absent' | 'hidden';

export function commitmentOf(plan: Plan, seen: Seen): Commitment {
  const step = stepsOf(plan).find(({ commits }) => commits === true);
  if (step === undefined) return 'none';
  if (step.done(seen)) return 'seen';
  const touched = new Set(step.plan.flatMap((action) => ('on' in action ? [action.on] : [])));
  const hidden = seen.snapshot.servers.some(({ name, facts }) => touched.has(name) && facts === undefined);
  return hidden ? 'hidden' : 'absent';
}
