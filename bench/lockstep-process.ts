import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Scope } from '../src/base/scope.js';
import { freePort } from '../src/sandbox/addresses.js';
import { obituary, startChild } from '../src/sandbox/child.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { until } from '../src/sandbox/until.js';

/** Lockstep as operators run it: a process of its own. */
export interface LockstepProcess {
  readonly url: string;
  readonly pid: number;
  readonly configuration: string;
  /** What it wrote to stderr so far. */
  log(): string;
  /** Ends it with no time for anything, as a crash does. */
  kill(): Promise<void>;
}

export interface LockstepProcessOptions {
  /** Its program. Default dist/main.js of the directory in which the benchmark runs. */
  readonly program?: string | undefined;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Further arguments for Node, such as --cpu-prof. */
  readonly node?: readonly string[] | undefined;
  /** Writes the configuration, which listens at the given address, and returns its path. */
  readonly configure: (listen: string) => Promise<string>;
}

/** Starts `lockstep serve` and waits until it is ready; it ends with the scope. */
export async function startLockstep(scope: Scope, options: LockstepProcessOptions): Promise<LockstepProcess> {
  const listen = `127.0.0.1:${await freePort('127.0.0.1')}`;
  const configuration = await options.configure(listen);
  const directory = await takeDirectory(scope);
  const log = path.join(directory, 'log');
  const program = path.resolve(options.program ?? 'dist/main.js');
  const argv = [process.execPath, ...(options.node ?? []), program, 'serve', '--config', configuration];
  const child = await startChild(argv, { log, env: { ...process.env, ...options.env } });
  scope.defer(() => child.stop(15_000));
  const url = `http://${listen}`;
  await until('Lockstep to be ready', async () => {
    if (!child.alive) return 'died';
    return (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2000) })).ok && 'ready';
  }).then(async (state) => {
    if (state === 'died') throw new Error(`Lockstep ${await obituary(await child.ended, log)}`);
  });
  return {
    url,
    pid: child.pid,
    configuration,
    log: () => readFileSync(log, 'utf8'),
    async kill() {
      child.kill('SIGKILL');
      await child.ended;
    },
  };
}
