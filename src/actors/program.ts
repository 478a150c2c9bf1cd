import { LockstepError } from '../base/errors.js';
import type { ProgramAction } from '../domain/action.js';
import type { Notes } from '../engine/procedure.js';
import type { RunResult } from '../hosts/host.js';
import type { Reach } from './sql-actor.js';

/** Runs words on one machine. @throws LockstepError of hosts: `not-allowed`, `host-unreachable`, `program-missing`, … */
export type ProgramRunner = (
  argv: readonly string[],
  signal: AbortSignal,
) => Promise<Pick<RunResult, 'code' | 'stdout' | 'stderr'>>;

/** @throws LockstepError `program-failed` when it ends with anything but 0 */
export async function runOn(action: ProgramAction, reach: Reach, notes: Notes, signal: AbortSignal): Promise<Notes> {
  const runner = reach.program?.(action.on);
  if (runner === undefined)
    throw new LockstepError('program-failed', `Lockstep does not reach the machine of ${action.on}`, 'Configure its hosts.'); // prettier-ignore
  const argv = action.argv.map((word) => {
    if (typeof word === 'string') return word;
    const value = notes[word.note];
    if (value === undefined) throw new LockstepError('program-failed', `the run has not learned ${word.note}`);
    return `${value}${word.ending ?? ''}`;
  });
  const { code, stdout, stderr } = await runner(argv, signal);
  if (code === 0) return { [action.noteAs]: '0' };
  const said = (stderr.trim() || stdout.trim()).slice(-300);
  throw new LockstepError(
    'program-failed',
    `${argv[0] ?? ''} on the machine of ${action.on} ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said}`}`,
    'Run it there by hand, and see what it says.',
  );
}
