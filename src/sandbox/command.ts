import { execFile, type ExecFileException } from 'node:child_process';
import { LockstepError } from '../base/errors.js';

export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** Both streams' text, for messages. */
  readonly output: string;
}

/**
 * Run a program to its end, in the C locale, and give what it printed; a non-zero exit is an answer, not an error.
 * @throws LockstepError `sandbox-tool-missing` when there is no such program.
 */
export function tryCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      {
        cwd: options.cwd,
        signal: options.signal,
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      },
      (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') reject(missing(program, error));
        else if (options.signal?.aborted) reject(new Error(`${program} was stopped`, { cause: error }));
        else resolve({ code: codeOf(error), stdout, output: `${stdout}${stderr}` });
      },
    );
    child.stdin?.on('error', () => undefined); // a program that ends before it has read its input says so by its exit
    child.stdin?.end(options.input ?? '');
  });
}

/** As {@link tryCommand}, but anything other than exit 0 is `sandbox-command` with the last lines printed. */
export async function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(program, args, options);
  if (result.code === 0) return result.stdout;
  throw new LockstepError(
    'sandbox-command',
    `${program} ended with ${result.code ?? 'a signal'}: ${tail(result.output)}`,
  );
}

/** The last lines of a text, for a message. */
export function tail(text: string, lines = 12): string {
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

/** execFile gives the exit code as its error's code; undefined where a signal ended the program. */
function codeOf(error: ExecFileException | null): number | undefined {
  if (error === null) return 0;
  return typeof error.code === 'number' ? error.code : undefined;
}

const debianPackageOf: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  dpkg: 'dpkg',
  setpriv: 'util-linux',
  mount: 'mount',
  umount: 'mount',
};

function missing(program: string, cause: Error): LockstepError {
  const needed = debianPackageOf[program];
  return new LockstepError(
    'sandbox-tool-missing',
    `the program ${program} is not on this machine`,
    needed === undefined
      ? `Install ${program}.`
      : `Install it with: apt-get install ${needed} (the sandbox needs a Debian machine).`,
    { cause },
  );
}
