import { Command, InvalidArgumentError } from 'commander';
import type { HistoryLine, PlanView } from '../engine/automation.js';
import type { RunView } from '../engine/run.js';
import type { Client } from './client.js';
import { terminalColours } from './colours.js';
import { connect, withConnection, type Alone, type ConnectionOptions } from './connection.js';
import { planText } from './plan.js';
import { runDetailText, runTable } from './run-text.js';
import { conclude, watchRun } from './run-watch.js';
import { verifyCommand } from './runs-verify.js';

type Options = ConnectionOptions & { readonly json?: true };

/** A run as the API tells all of it. */
type RunDetail = RunView & { readonly plan?: PlanView; readonly history: readonly HistoryLine[] };

export function runsCommand(): Command {
  return new Command('runs')
    .description('see what was run, and decide what goes on')
    .addHelpText('after', examples)
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(showCommand())
    .addCommand(watchCommand())
    .addCommand(approveCommand())
    .addCommand(
      deciding('abort', 'cancel a waiting run; end a running one at its next step boundary, taken back', 'record'),
    )
    .addCommand(deciding('resume', 'look again at a run that needs a human, and go on or take it back', 'act'))
    .addCommand(abandonCommand())
    .addCommand(acknowledgeCommand())
    .addCommand(verifyCommand());
}

const examples = `
Examples:
  lockstep runs                                         the newest first
  lockstep runs show 20261128T152233Z-3f9a1c            one run, its plan, all that happened
  lockstep runs approve 20261128T152233Z-3f9a1c --digest 1f0c9ab2d3e4
  lockstep runs verify --expect 4711:9f2c…              whether the journal is whole
`;

function listCommand(): Command {
  return shared('list', 'runs, the newest first')
    .option('--cluster <name>', 'of this cluster only')
    .option('--open', 'only those that have not ended')
    .option('--limit <count>', 'how many at most (default 20)', count, 20)
    .action(async (options: Options & { cluster?: string; open?: true; limit: number }) => {
      await talk(options, 'read', async (client) => {
        const query = new URLSearchParams({
          limit: String(options.limit),
          ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
          ...(options.open === true ? { open: 'true' } : {}),
        });
        const { runs } = await client.get<{ runs: readonly RunView[] }>(`/api/v1/runs?${query.toString()}`);
        print(options, runs, () => runTable(runs, Date.now(), process.stdout, terminalColours()));
      });
    });
}

function showCommand(): Command {
  return shared('show', 'one run: where it stands, its plan, and all that the journal holds of it')
    .argument('<run>', 'its id')
    .action(async (id: string, options: Options) => {
      await talk(options, 'read', async (client) => {
        const run = await client.get<RunDetail>(place(id));
        const plan = run.plan === undefined ? undefined : planText(run.plan);
        print(options, run, () => runDetailText(run, run.history, plan, Date.now(), process.stdout, terminalColours()));
      });
    });
}

function watchCommand(): Command {
  return shared('watch', 'show how a run goes on, until it has ended')
    .argument('<run>', 'its id')
    .action(async (id: string, options: Options) => {
      const connection = await connect(options, 'refuse');
      try {
        const json = options.json === true;
        const run = await connection.client.get<RunView>(place(id));
        conclude(await watchRun(connection, run, { json, wait: true }), json);
      } finally {
        await connection.release();
      }
    });
}

function approveCommand(): Command {
  return shared('approve', 'approve the plan of a waiting run, which then starts')
    .argument('<run>', 'its id')
    .option('--digest <digits>', 'only if its plan is this one: at least the first 12 digits')
    .action(async (id: string, options: Options & { digest?: string }) => {
      await talk(options, 'record', async (client) => {
        const body = options.digest === undefined ? {} : { digest: options.digest.toLowerCase() };
        told(options, await client.post<RunView>(`${place(id)}/approve`, body), 'approved');
      });
    });
}

function abandonCommand(): Command {
  return shared('abandon', 'end a run that a person has seen to, and free its cluster')
    .argument('<run>', 'its id')
    .requiredOption('--reason <text>', 'what was done about it')
    .action(async (id: string, options: Options & { reason: string }) => {
      await talk(options, 'record', async (client) => {
        told(options, await client.post<RunView>(`${place(id)}/abandon`, { reason: options.reason }), 'abandoned');
      });
    });
}

function acknowledgeCommand(): Command {
  return shared('acknowledge', 'lift the cooldown that a failed run of a cluster left behind')
    .argument('<cluster>', 'its name')
    .action(async (cluster: string, options: Options) => {
      await talk(options, 'record', async (client) => {
        const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/acknowledge`;
        const answer = await client.post<{ cluster: string; by: string }>(path);
        print(options, answer, () => `the failures of ${answer.cluster} are acknowledged by ${answer.by}`);
      });
    });
}

function deciding(what: 'abort' | 'resume', description: string, alone: Alone): Command {
  return shared(what, description)
    .argument('<run>', 'its id')
    .action(async (id: string, options: Options) => {
      const connection = await connect(options, alone);
      try {
        const run = await connection.client.post<RunView>(`${place(id)}/${what}`);
        // Nobody else would carry it on.
        if (connection.held !== undefined && run.state !== 'ended') {
          const json = options.json === true;
          conclude(await watchRun(connection, run, { json, wait: true }), json);
        } else told(options, run, what === 'abort' ? 'told to end' : 'told to go on');
      } finally {
        await connection.release();
      }
    });
}

function shared(name: string, description: string): Command {
  return withConnection(new Command(name).description(description)).option('--json', 'print JSON');
}

async function talk(options: Options, alone: Alone, work: (client: Client) => Promise<void>): Promise<void> {
  const connection = await connect(options, alone);
  try {
    await work(connection.client);
  } finally {
    await connection.release();
  }
}

function print(options: Options, json: unknown, text: () => string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(json, null, 2)}\n` : `${text()}\n`);
}

function told(options: Options, run: RunView, what: string): void {
  print(options, run, () => `${run.id} is ${what}; lockstep runs watch ${run.id} shows how it goes on`);
}

function place(id: string): string {
  return `/api/v1/runs/${encodeURIComponent(id)}`;
}

function count(given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1 && value <= 1000) return value;
  throw new InvalidArgumentError(`"${given}" is not a whole number from 1 to 1000.`);
}
