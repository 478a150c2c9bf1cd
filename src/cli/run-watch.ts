import type { RunView } from '../engine/run.js';
import { terminalColours } from './colours.js';
import type { Connection } from './connection.js';
import { exitOfRun } from './exit.js';
import { reporterFor, type RunReporter } from './run-reporter.js';
import { updatesOf } from './run-updates.js';
import { clean, stateWords, wrapped } from './words.js';

export interface WatchOptions {
  readonly json: boolean;
  /** Whether to stay while it waits for a guard that passes by itself. */
  readonly wait: boolean;
}

/**
 * Shows how a run goes on until it has ended, or needs a human, or whoever watches has had enough. Ctrl-C ends the
 * watching, never the run; where this process carries the run out itself, the second one lets it end at its next step
 * boundary.
 * @returns where the run then stood
 */
export async function watchRun(connection: Connection, first: RunView, options: WatchOptions): Promise<RunView> {
  const { client, held } = connection;
  const enough = new AbortController();
  const reporter = reporterFor(process.stdout, options.json, terminalColours());
  const release = onSignals(connection, reporter, enough);
  let run = first;
  try {
    for await (const update of updatesOf(client, first.id, enough.signal)) {
      reporter.update(update);
      if ('run' in update) run = update.run;
      if (run.state === 'ended' || run.state === 'needs-human') break;
      if (held !== undefined && !options.wait && run.state === 'waiting' && run.guard !== undefined) break;
    }
  } finally {
    reporter.pause();
    release();
  }
  return run;
}

/** Says what came of it, and sets the exit code. */
export function conclude(run: RunView, json: boolean): void {
  process.exitCode = exitOfRun(run);
  if (json) return;
  const colours = terminalColours();
  const columns = process.stdout.isTTY ? process.stdout.columns : undefined;
  process.stdout.write(`${wrapped(`${stateWords(run, colours)}: ${clean(run.why)}`, columns)}\n`);
  for (const line of run.report ?? []) process.stdout.write(`${wrapped(`  ${clean(line)}`, columns)}\n`);
  const next = nextWords(run);
  if (next !== undefined) process.stdout.write(`${colours.dim(wrapped(next, columns))}\n`);
}

function nextWords({ id, state, guard, outcome }: RunView): string | undefined {
  if (state === 'needs-human') return `lockstep runs show ${id} tells all of it; then lockstep runs resume ${id}, or abandon ${id} --reason …`; // prettier-ignore
  if (state === 'ended') return outcome === 'refused' ? guard?.remedy : undefined;
  const approve = guard?.guard === 'approval' ? `lockstep runs approve ${id} starts it, ` : '';
  return `The run goes on without this command: ${approve}lockstep runs show ${id} tells where it is, lockstep runs abort ${id} ends it.`;
}

function onSignals({ held }: Connection, reporter: RunReporter, enough: AbortController): () => void {
  let pressed = 0;
  const end = () => {
    if (held === undefined) enough.abort();
    else void held.stop().finally(() => enough.abort());
  };
  const interrupt = () => {
    pressed += 1;
    if (held === undefined || pressed === 2) end();
    if (held === undefined) return;
    reporter.say(
      pressed === 1
        ? 'No lockstep serve runs here, so this command carries the run out. Ctrl-C again lets it end at its next step boundary.'
        : 'It ends at its next step boundary.',
    );
  };
  process.on('SIGINT', interrupt);
  process.once('SIGTERM', end);
  return () => {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', end);
  };
}
