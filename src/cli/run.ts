import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import { LockstepError } from '../base/errors.js';
import { modes, type RunView } from '../engine/run.js';
import { connect, withConnection } from './connection.js';
import { addProcedures, type ProcedureOptions, type Wanted } from './procedure-commands.js';
import { confirmed } from './run-confirm.js';
import { conclude, watchRun } from './run-watch.js';

export function runCommand(): Command {
  const run = new Command('run')
    .description('have a procedure carried out, after showing its plan')
    .addHelpText('after', examples);
  return addProcedures(
    run,
    (command) =>
      withConnection(command)
        .addOption(
          new Option('--mode <mode>', 'plan: only record what it would do; approve: wait for an approval; auto: do it')
            .choices(modes)
            .default('auto'),
        )
        .option('--yes', 'do not ask before it is done')
        .option('--wait', 'stay until it has ended, and show how it goes on')
        .option('--json', 'print the run as JSON, with --wait a line for all that happens'),
    act,
  );
}

const examples = `
Exits 0 when it succeeded; 1 when it failed, was rolled back or cancelled; 3 when it was refused or expired; 4 when it
needs a human; 5 while it has not ended. Without a running lockstep serve, this command carries the run out itself.

Examples:
  lockstep run restart-replication --help
  lockstep run restart-replication --cluster production --server db2 --wait
  lockstep run restart-replication --cluster production --server db2 --wait --yes --json
`;

async function act(wanted: Wanted, options: ProcedureOptions): Promise<void> {
  const { mode = 'auto' } = options;
  const asks = mode === 'auto' && options.yes !== true;
  const json = options.json === true;
  if (asks && (json || !process.stdin.isTTY || !process.stdout.isTTY))
    throw new LockstepError(
      'usage',
      'there is nobody to ask whether to do it',
      'Give --yes to have it done without a question, or --mode plan or approve.',
    );
  const connection = await connect(options, 'act');
  const { client, held } = connection;
  try {
    const asked = await client.post<RunView>(
      '/api/v1/runs',
      // A plan that a person is to read first starts once that very plan was approved.
      { ...wanted, mode: asks ? 'approve' : mode },
      { 'Idempotency-Key': randomUUID() },
    );
    const run = asks ? await confirmed(connection, asked) : asked;
    const over = run.state === 'ended' || run.state === 'needs-human';
    const stays = options.wait === true || held !== undefined;
    if (stays && !over) {
      conclude(await watchRun(connection, run, { json, wait: options.wait === true }), json);
      return;
    }
    if (json) process.stdout.write(`${JSON.stringify(run)}\n`);
    conclude(run, json);
  } finally {
    await connection.release();
  }
}
