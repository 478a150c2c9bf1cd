import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LockstepError } from '../base/errors.js';
import { tail } from './command.js';

/** A process that we started and whose end we always learn. */
export interface Child {
  readonly pid: number;
  readonly alive: boolean;
  /** Settles once, when the process is gone and reaped. */
  readonly ended: Promise<Ending>;
  /** Does nothing to a process that is gone. */
  kill(signal: NodeJS.Signals): void;
  /**
   * Ask it to end, then kill it after `grace` milliseconds (default 15000). Settles when it is gone; harmless twice.
   * A frozen process is killed at once: it cannot hear.
   */
  stop(grace?: number): Promise<void>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  /** File that receives both output streams, appended. */
  readonly log: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Number of the user, and of the only group, that it is; root alone may make it another's. Default: this process's own. */
  readonly user?: number | undefined;
}

/**
 * Start a process that dies with us: setpriv asks the kernel to kill it when the thread that spawned it ends, so even
 * a SIGKILL to us leaves nothing. It stands in a session of its own, so that Ctrl-C reaches us alone and we stop
 * things in our order.
 * @throws LockstepError `sandbox-tool-missing` without setpriv.
 */
export async function startChild(argv: readonly string[], options: ChildOptions): Promise<Child> {
  const log = openSync(options.log, 'a', 0o600);
  try {
    const { user } = options;
    const ids = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
    const child = spawn('setpriv', [...ids, '--pdeathsig', 'KILL', '--', ...argv], {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    let ending: Ending | undefined;
    const ended = new Promise<Ending>((resolve) => {
      child.once('exit', (code, signal) => {
        ending = { code, signal };
        resolve(ending);
      });
    });
    await once(child, 'spawn').catch((cause: unknown) => {
      throw new LockstepError(
        'sandbox-tool-missing',
        'the program setpriv is not on this machine',
        'Install it with: apt-get install util-linux.',
        { cause },
      );
    });
    return owned(child.pid ?? 0, () => ending, ended);
  } finally {
    closeSync(log);
  }
}

/** How it ended and what it last wrote, for a message. */
export async function obituary(ending: Ending, log: string): Promise<string> {
  const how = ending.signal === null ? `ended with code ${ending.code}` : `was ended by ${ending.signal}`;
  const text = await readFile(log, 'utf8').catch(() => '');
  return `${how}; the end of ${log}:\n${tail(text)}`;
}

function owned(pid: number, ending: () => Ending | undefined, ended: Promise<Ending>): Child {
  let frozen = false;
  const kill = (signal: NodeJS.Signals) => {
    if (ending() !== undefined) return; // reaped: the number may be another's by now
    if (signal === 'SIGSTOP') frozen = true;
    if (signal === 'SIGCONT') frozen = false;
    process.kill(pid, signal);
  };
  return {
    pid,
    get alive() {
      return ending() === undefined;
    },
    ended,
    kill,
    async stop(grace = 15_000) {
      kill(frozen ? 'SIGKILL' : 'SIGTERM');
      const timer = setTimeout(() => kill('SIGKILL'), grace);
      await ended;
      clearTimeout(timer);
    },
  };
}
