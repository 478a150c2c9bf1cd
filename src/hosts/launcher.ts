import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { raced } from '../base/deadline.js';
import { Secret } from '../base/secret.js';
import { defaultMaxBytes, type Environment, type Running, type RunOptions, type RunResult } from './host.js';

export type { Running } from './host.js';

/** Starts programs on one host by one way of reaching it, without any limit: what may be run is decided before. */
export interface Launcher {
  /** How messages name the host. */
  readonly name: string;
  /** @throws LockstepError as Host does */
  start(argv: readonly string[], options: StartOptions): Promise<Running>;
  /** Makes sure that the way still carries what it is given. @throws LockstepError `host-unreachable` */
  prove(signal: AbortSignal): Promise<void>;
}

export interface StartOptions {
  /** Besides a minimal one in the C locale. */
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** Runs a program to its end. @throws as {@link Launcher.start}, and the signal's reason */
export async function runProgram(
  launcher: Launcher,
  argv: readonly string[],
  { stdin, environment = {}, maxOutput = defaultMaxBytes, signal }: RunOptions,
): Promise<RunResult & { readonly stdoutBytes: Buffer }> {
  signal.throwIfAborted();
  const running = await launcher.start(argv, { environment, signal });
  const ended = endOf(running, maxOutput);
  // A program that ends before it has read its input says so by its code.
  running.stdin.on('error', () => undefined);
  running.stdin.end(stdin instanceof Secret ? stdin.reveal() : stdin);
  try {
    return await raced(ended, signal);
  } catch (error) {
    running.kill();
    // What it still does would come as a surprise: its end is waited for, though not for long.
    await Promise.race([ended.catch(() => undefined), pause(graceAfterEnd, undefined, { ref: false })]);
    throw error;
  }
}

/** What a program started beside itself may hold its output open for ever, so its end counts, and not theirs. */
const graceAfterEnd = 1000;

async function endOf(running: Running, maxOutput: number): Promise<RunResult & { readonly stdoutBytes: Buffer }> {
  const [out, err] = [running.stdout, running.stderr].map((stream) => new Collected(stream, maxOutput));
  const code = await running.ended;
  await Promise.race([Promise.all([out?.ended, err?.ended]), pause(graceAfterEnd, undefined, { ref: false })]);
  const stdoutBytes = out?.bytes ?? Buffer.alloc(0);
  return {
    code,
    stdout: stdoutBytes.toString(),
    stderr: err?.bytes.toString() ?? '',
    cut: out?.cut === true || err?.cut === true,
    stdoutBytes,
  };
}

/** The beginning of a stream; the rest is read and dropped, so that nobody is held up. */
class Collected {
  readonly #chunks: Buffer[] = [];
  #length = 0;
  readonly ended: Promise<void>;

  constructor(
    stream: Readable,
    readonly max: number,
  ) {
    stream.on('data', (chunk: Buffer) => {
      if (this.#length <= max) this.#chunks.push(chunk);
      this.#length += chunk.length;
    });
    this.ended = new Promise((resolve) => {
      stream
        .once('end', resolve)
        .once('close', resolve)
        .once('error', () => resolve());
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks).subarray(0, this.max);
  }

  get cut(): boolean {
    return this.#length > this.max;
  }
}
