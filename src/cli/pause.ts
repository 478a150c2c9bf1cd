import { Command } from 'commander';
import type { Pause } from '../engine/automation.js';
import { connect, withConnection, type ConnectionOptions } from './connection.js';
import { clean } from './words.js';

type Options = ConnectionOptions & { readonly cluster?: string; readonly json?: true };
interface PauseState {
  readonly paused: boolean;
  readonly pauses: readonly Pause[];
}

export function pauseCommand(): Command {
  return shared('pause', 'let nothing start any more, whoever asks for it')
    .requiredOption('--reason <text>', 'why, for whoever reads it later')
    .addHelpText(
      'after',
      '\nRuns at work go on. What waits meanwhile starts after lockstep unpause, or expires.\n\nExamples:\n  lockstep pause --reason "storage is being moved"\n  lockstep pause --cluster production --reason "INC-1234"\n',
    )
    .action((options: Options & { reason: string }) => set(options, { paused: true, reason: options.reason }));
}

export function unpauseCommand(): Command {
  return shared('unpause', 'let things start again')
    .addHelpText('after', '\nExamples:\n  lockstep unpause\n  lockstep unpause --cluster production\n')
    .action((options: Options) => set(options, { paused: false }));
}

function shared(name: string, description: string): Command {
  return withConnection(new Command(name).description(description))
    .option('--cluster <name>', 'of this cluster only; default everything')
    .option('--json', 'print how it stands as JSON');
}

async function set(options: Options, wanted: { paused: boolean; reason?: string }): Promise<void> {
  const connection = await connect(options, 'record');
  try {
    const path = options.cluster === undefined ? '' : `/${encodeURIComponent(options.cluster)}`;
    const state = await connection.client.put<PauseState>(`/api/v1/pause${path}`, wanted);
    process.stdout.write(options.json === true ? `${JSON.stringify(state, null, 2)}\n` : `${pauseText(state)}\n`);
  } finally {
    await connection.release();
  }
}

function pauseText({ pauses }: PauseState): string {
  if (pauses.length === 0) return 'Nothing is paused.';
  return pauses.map(({ cluster, by, reason }) => clean(`${cluster ?? 'Everything'} is paused by ${by}: ${reason}`)).join('\n'); // prettier-ignore
}
