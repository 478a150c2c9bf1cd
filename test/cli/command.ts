import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach } from 'vitest';

/** The compiled program, which `npm test` builds before. */
const program = path.resolve(import.meta.dirname, '../../dist/main.js');

/** `lockstep …` as a process of its own. */
export class Command {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly #end: Promise<number | null>;

  private constructor(words: readonly string[], cwd: string) {
    const [first = '', ...rest] = words;
    this.child = spawn(first, rest, { cwd, env: { ...process.env, TERM: 'xterm', LOCKSTEP_CONFIG: 'lockstep.yml' } });
    started.add(this.child);
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#end = once(this.child, 'close').then(([code]) => {
      started.delete(this.child);
      return code as number | null;
    });
  }

  /** With its output in pipes. */
  static start(cwd: string, ...args: readonly string[]): Command {
    return new Command([process.execPath, program, ...args], cwd);
  }

  /** In a terminal of its own, 100 columns wide; what is written to its stdin is typed there. */
  static inTerminal(cwd: string, ...args: readonly string[]): Command {
    const words = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    return new Command(['script', '-qefc', `stty cols 100 rows 30; exec ${words}`, '/dev/null'], cwd);
  }

  /** Its exit code. */
  get code(): Promise<number | null> {
    return this.#end;
  }

  get plain(): string {
    return stripVTControlCharacters(this.stdout).replaceAll('\r', '');
  }

  /** Settles once it has printed this, so many times. */
  async says(text: string, times = 1): Promise<void> {
    while (`${this.plain}${this.stderr}`.split(text).length <= times) {
      if (this.child.exitCode !== null) throw new Error(`it ended without ${text}: ${this.plain}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }
}

/** To its end: exit code and output. */
export async function lockstep(cwd: string, ...args: readonly string[]) {
  const command = Command.start(cwd, ...args);
  const code = await command.code;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

const started = new Set<ChildProcess>();

afterEach(() => {
  for (const child of started) child.kill('SIGKILL');
});
