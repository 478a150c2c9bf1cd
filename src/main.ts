#!/usr/bin/env node
import { CommanderError } from 'commander';
import { LockstepError, messageOf } from './base/errors.js';
import { program } from './cli/program.js';

/** Exit codes: 0 done; 1 failed, or something is wrong; 2 wrong usage or configuration. */
const wrongUsage = 2;
const usageCodes = new Set(['config-invalid', 'unknown-cluster', 'usage', 'file-unreadable', 'certificate-unreadable']);

try {
  await (await program(process.argv[2])).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what was wrong; help and version end with 0.
    process.exitCode = error.exitCode === 0 ? 0 : wrongUsage;
  } else {
    const remedy = error instanceof LockstepError ? error.remedy : undefined;
    process.stderr.write(`lockstep: ${messageOf(error)}${remedy === undefined ? '' : `\n${remedy}`}\n`);
    process.exitCode = error instanceof LockstepError && usageCodes.has(error.code) ? wrongUsage : 1;
  }
}
