import { Scope } from '../src/base/scope.js';

/** Runs a benchmark that owns processes: whatever way it ends, by Ctrl-C too, all of them are stopped. */
export async function withScope(work: (scope: Scope, signal: AbortSignal) => Promise<void>): Promise<void> {
  const scope = new Scope();
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => ended.abort(new Error(`ended by ${signal}`)));
  try {
    await work(scope, ended.signal);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await scope.end();
  }
}

/** A count of the command line: whole, and `least` where it is less or no number. */
export function countOf(given: string, least = 1): number {
  return Math.max(least, Math.trunc(Number(given)) || 0);
}

/** Progress, apart from the results. */
export function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
