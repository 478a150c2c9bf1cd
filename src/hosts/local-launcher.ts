import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Launcher, Running, StartOptions } from './launcher.js';
import { checkedEnvironment, checkedWords, withEnvironment } from './quote.js';

/** Starts programs on this machine: the words after `prefix`, which may lead to another (`docker exec -i db1`). */
export class LocalLauncher implements Launcher {
  constructor(
    readonly name: string,
    readonly prefix: readonly string[] = [],
  ) {}

  async start(argv: readonly string[], { environment, signal }: StartOptions): Promise<Running> {
    signal.throwIfAborted();
    const direct = this.prefix.length === 0;
    const variables = checkedEnvironment({ LC_ALL: 'C', ...environment });
    const words = checkedWords(direct ? argv : [...this.prefix, ...withEnvironment(argv, variables)]);
    const [program = '', ...rest] = words;
    // In a session of its own: Ctrl-C reaches Lockstep alone, and what it starts is ended with what that started.
    const child = spawn(program, rest, {
      cwd: '/',
      env: { ...minimal(), ...(direct ? variables : { LC_ALL: 'C' }) },
      stdio: 'pipe',
      detached: true,
    });
    let over = false;
    const ended = new Promise<number | undefined>((resolve) => {
      child.once('exit', (code) => {
        over = true;
        resolve(code ?? undefined);
      });
    });
    try {
      await once(child, 'spawn');
    } catch (cause) {
      throw missing(this.name, program, cause);
    }
    const signalAll = (how: NodeJS.Signals) => {
      try {
        if (!over && child.pid !== undefined) process.kill(-child.pid, how);
      } catch {
        // Gone in this moment, or another user's, whom only its own end will tell.
      }
    };
    const kill = () => {
      signalAll('SIGTERM');
      setTimeout(() => signalAll('SIGKILL'), killAfter).unref();
    };
    return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, ended, kill };
  }

  prove(): Promise<void> {
    return Promise.resolve();
  }
}

const killAfter = 2000;
const passedOn = ['HOME', 'USER', 'LOGNAME', 'XDG_RUNTIME_DIR', 'TMPDIR'];

/** No secret that Lockstep was given as a variable goes on to what it starts. */
function minimal(): Record<string, string> {
  const own = passedOn.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(own), PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
}

function missing(host: string, program: string, cause: unknown): LockstepError {
  const message = `${host}: the program ${JSON.stringify(program)} cannot be started: ${messageOf(cause)}`;
  return new LockstepError('program-missing', message, 'Install it, or name the right one in `hosts`.', { cause });
}
