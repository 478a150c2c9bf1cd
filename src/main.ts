#!/usr/bin/env node
import { CommanderError } from 'commander';
import { LockstepError, messageOf } from './base/errors.js';
import { exitCodes, exitOfError } from './cli/exit.js';
import { program } from './cli/program.js';

try {
  await (await program(process.argv[2])).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what was wrong; help and version end with 0.
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else {
    const remedy = error instanceof LockstepError ? error.remedy : undefined;
    process.stderr.write(`lockstep: ${messageOf(error)}${remedy === undefined ? '' : `\n${remedy}`}\n`);
    process.exitCode = error instanceof LockstepError ? exitOfError(error.code) : exitCodes.failed;
  }
}
