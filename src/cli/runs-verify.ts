import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../config/load.js';
import type { Stamp } from '../journal/journal.js';
import { verifyJournal, type FileVerdict } from '../journal/verify.js';
import { terminalColours, type Colours } from './colours.js';
import { automationOf } from './connection.js';
import { exitCodes } from './exit.js';
import { configOption } from './options.js';

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'check that no entry of the journal was changed or taken out; reads its files, also while Lockstep runs',
    )
    .addOption(configOption())
    .option(
      '--expect <seq:hash>',
      'a head that was published, in a metric or a notification: finds an end that was cut off',
      stamp,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExits 0 when it is whole, 1 when it is not.\n\nExamples:\n  lockstep runs verify\n  lockstep runs verify --expect 4711:9f2c1b…\n',
    )
    .action(async (options: { config: string; expect?: Stamp; json?: true }) => {
      const { journal } = automationOf(await loadConfig(options.config));
      const verdict = await verifyJournal(journal.directory, options.expect);
      process.stdout.write(
        options.json === true ? `${JSON.stringify(verdict, null, 2)}\n` : `${textOf(verdict, terminalColours())}\n`,
      );
      process.exitCode = verdict.ok ? exitCodes.succeeded : exitCodes.failed;
    });
}

function textOf(verdict: FileVerdict, colours: Colours): string {
  if (!verdict.ok) return `${colours.red('✖')} ${verdict.file}, entry ${verdict.seq}: ${verdict.why}`;
  const { entries, anchor, head, torn } = verdict;
  const from = anchor.seq === 0 ? '' : `, from ${anchor.seq + 1} on (those before were dropped by retention)`;
  return [
    `${colours.green('✔')} ${entries} ${entries === 1 ? 'entry' : 'entries'}${from}, all whole`,
    `  head ${head.seq}:${head.hash}`,
    ...(torn === undefined ? [] : ['  the last write did not end, and is cut off at the next start']),
  ].join('\n');
}

/** `4711:` and 64 hex digits, as the metric and every notification give it. */
function stamp(given: string): Stamp {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(given) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash: hash.toLowerCase() };
  throw new InvalidArgumentError(`"${given}" is not a sequence number, ":" and 64 hex digits.`);
}
