import { randomBytes } from 'node:crypto';
import { raced } from '../base/deadline.js';
import { LockstepError, adviceOf } from '../base/errors.js';
import { lastLines, unreachable } from './failure.js';
import { runProgram, type Launcher, type Running, type StartOptions } from './launcher.js';

/**
 * A launcher that looks before it acts: what lies between Lockstep and the host (a login shell, sudo, a program of the
 * operator's) must first show that it carries words and bytes as they are. One that joins words into a line would
 * otherwise do something else than was asked. Shown once; asked again when there is reason to doubt.
 */
export class ProvenLauncher implements Launcher {
  #proven: Promise<void> | undefined;

  constructor(readonly inner: Launcher) {}

  get name(): string {
    return this.inner.name;
  }

  async start(argv: readonly string[], options: StartOptions): Promise<Running> {
    if (this.#proven === undefined) await this.prove(options.signal);
    else await raced(this.#proven, options.signal);
    return this.inner.start(argv, options);
  }

  prove(signal: AbortSignal): Promise<void> {
    // Others wait for it too, so it does not end with whoever asked first.
    const proof = prove(this.inner, AbortSignal.timeout(proofWithin));
    this.#proven = proof;
    proof.catch(() => {
      if (this.#proven === proof) this.#proven = undefined;
    });
    return raced(proof, signal);
  }
}

const proofWithin = 15_000;

/** Harmless whatever a shell in between takes them for. */
const words = [
  '',
  ' a  b ',
  '"',
  "'",
  '\\',
  "\\'",
  '$HOME',
  '`',
  '*',
  '~',
  '!x',
  ';',
  '#',
  '\n',
  '\t',
  'é',
  '--',
  '-n',
];
const echo = `printf '%s\\0' "$@"; exec cat`;

async function prove(launcher: Launcher, signal: AbortSignal): Promise<void> {
  const stdin = Buffer.concat([Buffer.from('\0\r\n\u0004\x03\xff~.', 'latin1'), randomBytes(32)]);
  const result = await asUnreachable(launcher, signal, () =>
    runProgram(launcher, ['sh', '-c', echo, 'lockstep', ...words], { stdin, signal }),
  );
  const expected = Buffer.concat([Buffer.from(words.map((word) => `${word}\0`).join('')), stdin]);
  if (result.code === 0 && result.stdoutBytes.equals(expected)) return;
  if (result.code !== 0) {
    const said = lastLines(result.stderr) || lastLines(result.stdout) || 'it said nothing';
    throw unreachable(launcher.name, `a trial command ended with ${result.code ?? 'a signal'}: ${said}`);
  }
  throw new LockstepError(
    'host-unreachable',
    `${launcher.name} cannot be used: a command does not arrive there as it was sent`,
    'What lies in between must hand on every word and every byte as it is, to a POSIX shell where it takes a line.',
  );
}

/** A program of the operator's that is not there is no way to the host. */
async function asUnreachable<T>(launcher: Launcher, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted || !(error instanceof LockstepError) || error.code !== 'program-missing') throw error;
    throw unreachable(launcher.name, adviceOf(error), undefined, error);
  }
}
