import type { ServerName } from '../domain/snapshot.js';
import type { Plan } from './plan.js';
import { stepsOf } from './plan.js';
import type { Notes, Seen } from './procedure.js';

/**
 * Whether the commit point was passed, as the servers show it. `none`: the plan has none. `hidden`: a server that the
 * committing step changes could not be asked, so nobody can say.
 */
export type Commitment = 'none' | 'seen' | 'absent' | 'hidden';

export function commitmentOf(plan: Plan, seen: Seen): Commitment {
  const step = stepsOf(plan).find(({ commits }) => commits === true);
  if (step === undefined) return 'none';
  if (step.done(seen)) return 'seen';
  const touched = committingServers(plan);
  const hidden = seen.snapshot.servers.some(({ name, facts }) => touched.includes(name) && facts === undefined);
  return hidden ? 'hidden' : 'absent';
}

/** What the run knows once its commit is seen: from the plan, whoever sent it. */
export function notesOfCommit(plan: Plan, notes: Notes): Notes {
  const known = stepsOf(plan).find(({ commits }) => commits === true)?.notes ?? {};
  const values = Object.entries(known).map(([name, value]) => [name, typeof value === 'string' ? value : notes[value.note]] as const); // prettier-ignore
  return { ...notes, ...Object.fromEntries(values.filter((one): one is [string, string] => one[1] !== undefined)) };
}

/** The servers that the committing step changes. */
export function committingServers(plan: Plan): readonly ServerName[] {
  const step = stepsOf(plan).find(({ commits }) => commits === true);
  return [...new Set((step?.plan ?? []).flatMap((action) => ('on' in action ? [action.on] : [])))];
}
