import path from 'node:path';
import { tryCommand, type CommandResult } from '../../src/sandbox/command.js';

/** The compiled program, which `npm test` builds before. */
export const program = path.resolve(import.meta.dirname, '../../dist/main.js');

/** Runs `lockstep …` to its end, as a person or another program does; what it printed goes to neither terminal. */
export function lockstepCommand(...args: readonly string[]): Promise<CommandResult> {
  return tryCommand(process.execPath, [program, ...args]);
}
