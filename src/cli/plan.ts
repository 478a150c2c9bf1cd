import { Command } from 'commander';
import type { PlanView } from '../engine/automation.js';
import { terminalColours, type Colours } from './colours.js';
import { connect, withConnection } from './connection.js';
import { exitOfPlan } from './exit.js';
import { addProcedures, type Wanted } from './procedure-commands.js';
import { clean, wrapped } from './words.js';

export function planCommand(): Command {
  const plan = new Command('plan')
    .description('look, and say what a procedure would do now; changes nothing')
    .addHelpText('after', examples);
  return addProcedures(
    plan,
    (command) => withConnection(command).option('--json', 'print the plan as JSON'),
    async (wanted, options) => {
      const connection = await connect(options, 'read');
      try {
        const view = await connection.client.post<PlanView>('/api/v1/plans', wanted satisfies Wanted);
        process.stdout.write(options.json === true ? `${JSON.stringify(view, null, 2)}\n` : `${planText(view)}\n`);
        process.exitCode = exitOfPlan(view);
      } finally {
        await connection.release();
      }
    },
  );
}

const examples = `
Exits 0 when it could be started, at once or later, and 3 when it would be refused.

Examples:
  lockstep plan restart-replication --help
  lockstep plan restart-replication --cluster production --server db2
`;

/** A plan as an operator reads it aloud: on a terminal, lines that are too long go on below where they began. */
export function planText(
  { text }: Pick<PlanView, 'text'>,
  colours: Colours = terminalColours(),
  columns = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  return text
    .map((line) => clean(line))
    .map((line) => coloured(wrapped(line, columns), colours))
    .join('\n');
}

function coloured(line: string, colours: Colours): string {
  if (line.startsWith('Seen: ')) return colours.bold(line);
  if (line.startsWith('Note: ')) return colours.yellow(line);
  if (line.startsWith('Waits (')) return colours.yellow(line);
  if (line.startsWith('Refused (')) return colours.red(line);
  if (/^\d+\. /.test(line)) return colours.bold(line);
  if (line.startsWith('digest ') || line.startsWith('   to take it back:')) return colours.dim(line);
  return line;
}
