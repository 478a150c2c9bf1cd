import { constants } from 'node:fs';
import { access, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { stage, syncDirectory, type Staged } from '../base/atomic.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Machine } from './announcer.js';

/** A file that is changed as a whole or not at all, wherever it lies. */
export interface Place {
  /** How messages name it. */
  readonly words: string;
  /** Its bytes, one character each (latin1), so that whatever is not changed stays as it is. */
  read(signal: AbortSignal): Promise<string>;
  /** Tries all that the change takes but the last step, and keeps it ready where it can. The file stays as it is. */
  prepare(edit: Edit, signal: AbortSignal): Promise<void>;
  /** A file that says so already is left alone. */
  change(edit: Edit, signal: AbortSignal): Promise<void>;
  /** Drops what was made ready. */
  clear(): Promise<void>;
}

/** What is made of a file. */
export interface Edit {
  /** The same for what makes the same of the same content. */
  readonly key: string;
  /** @throws LockstepError when the file is none that it may change */
  readonly of: (content: string) => string;
}

/** What is wrong with a content is said with the name of its place. */
export function explained<T>({ words }: Pick<Place, 'words'>, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof LockstepError)) throw cause;
    throw new LockstepError(cause.code, `${words}: ${cause.message}`, cause.remedy, { cause });
  }
}

/** More than any file of this kind holds, bytes. */
const largest = 4 * 1024 * 1024;

/** On this machine. Made ready, the change is one rename. */
export class LocalPlace implements Place {
  #ready: Ready | undefined;

  constructor(readonly file: string) {}

  get words(): string {
    return JSON.stringify(this.file);
  }

  async read(): Promise<string> {
    return (await this.#content()).toString('latin1');
  }

  async prepare(edit: Edit, signal: AbortSignal): Promise<void> {
    await alone(this.file, async () => {
      await this.#makeReady(edit, signal);
    });
  }

  async change(edit: Edit, signal: AbortSignal): Promise<void> {
    await alone(this.file, async () => {
      const ready = (await this.#stillReady(edit)) ?? (await this.#makeReady(edit, signal));
      signal.throwIfAborted();
      this.#ready = undefined;
      if (!ready.changes) return ready.staged.discard();
      try {
        await ready.staged.commit();
        await syncDirectory(path.dirname(ready.real));
      } catch (cause) {
        throw this.#failed(cause);
      }
    });
  }

  async clear(): Promise<void> {
    const ready = this.#ready;
    this.#ready = undefined;
    await ready?.staged.discard();
  }

  /** What was made ready, unless the file has changed since. */
  async #stillReady(edit: Edit): Promise<Ready | undefined> {
    const ready = this.#ready;
    if (ready?.key !== edit.key) return undefined;
    const now = await stat(ready.real, { bigint: true }).catch(() => undefined);
    return now !== undefined && sameFile(now, ready.facts) ? ready : undefined;
  }

  async #makeReady(edit: Edit, signal: AbortSignal): Promise<Ready> {
    await this.clear();
    try {
      // A link stays a link: what it leads to is changed.
      const real = await realpath(this.file);
      const facts = await stat(real, { bigint: true });
      const content = (await this.#content()).toString('latin1');
      const next = edit.of(content);
      signal.throwIfAborted();
      await access(real, constants.W_OK);
      await refuseMounted(real);
      const staged = await stage(real, Buffer.from(next, 'latin1'), { mode: Number(facts.mode) & 0o7777, exactly: true }); // prettier-ignore
      this.#ready = { key: edit.key, real, facts, staged, changes: next !== content };
      return this.#ready;
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  async #content(): Promise<Buffer> {
    try {
      const { size } = await stat(this.file);
      if (size > largest)
        throw new LockstepError('file-too-large', `${this.words} holds ${size} bytes, the most is ${largest}`, 'Check the path.'); // prettier-ignore
      return await readFile(this.file);
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  #failed(cause: unknown): unknown {
    const code = cause instanceof Error && 'syscall' in cause && 'code' in cause ? String(cause.code) : undefined;
    if (code === undefined) return cause;
    const [message, remedy] = failures[code] ?? [`cannot be changed: ${messageOf(cause)}`, 'Check it.'];
    return new LockstepError('file-not-changeable', `${this.words} ${message}`, remedy, { cause });
  }
}

/** On another machine, or with the rights of another user. */
export class MachinePlace implements Place {
  constructor(
    readonly machine: Machine,
    readonly file: string,
  ) {}

  get words(): string {
    return `${JSON.stringify(this.file)} on ${this.machine.name}`;
  }

  async read(signal: AbortSignal): Promise<string> {
    return (await this.machine.read(this.file, { signal })).toString('latin1');
  }

  /** Writes beside the file what it would hold, and removes that again. */
  async prepare(edit: Edit, signal: AbortSignal): Promise<void> {
    await this.#alone(async () => {
      const next = edit.of(await this.read(signal));
      const trial = path.posix.join(path.posix.dirname(this.file), `.${path.posix.basename(this.file)}.lockstep-trial`);
      await this.machine.write(trial, Buffer.from(next, 'latin1'), { signal });
      await this.machine.remove(trial, { signal });
    });
  }

  async change(edit: Edit, signal: AbortSignal): Promise<void> {
    await this.#alone(async () => {
      const content = await this.read(signal);
      const next = edit.of(content);
      if (next !== content) await this.machine.write(this.file, Buffer.from(next, 'latin1'), { signal });
    });
  }

  clear(): Promise<void> {
    return Promise.resolve();
  }

  #alone(work: () => Promise<void>): Promise<void> {
    return alone(`${this.machine.name}\0${this.file}`, work);
  }
}

interface Ready {
  readonly key: string;
  readonly real: string;
  readonly facts: Facts;
  readonly staged: Staged;
  /** Whether the file holds something else now. */
  readonly changes: boolean;
}

interface Facts {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

function sameFile(a: Facts, b: Facts): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

/** Two clusters may be named in one file: who changes it reads it after the other has written. */
const turns = new Map<string, Promise<unknown>>();

async function alone<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.then(
    () => undefined,
    () => undefined,
  );
  turns.set(key, settled);
  try {
    return await mine;
  } finally {
    if (turns.get(key) === settled) turns.delete(key);
  }
}

/** A container's own /etc/hosts is one: no other file can be put in its place. */
async function refuseMounted(real: string): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  if (!mounts.split('\n').some((line) => line.split(' ')[4] === real)) return;
  throw new LockstepError(
    'file-not-changeable',
    `${JSON.stringify(real)} is mounted by itself, as a container's own files are, and cannot be replaced as a whole`,
    'Mount the directory that it lies in.',
  );
}

const failures: Readonly<Record<string, [message: string, remedy: string]>> = {
  ENOENT: ['does not exist', 'Create it, or correct the path.'],
  EACCES: ['may not be replaced by this user', 'Let this user write to it and to its directory.'],
  EPERM: ['may not be replaced by this user', 'Let this user write to it and to its directory.'],
  EROFS: ['lies on a file system that is read-only', 'Mount it for writing.'],
  ENOSPC: ['cannot be replaced: its disk is full', 'Make space there.'],
  EISDIR: ['is a directory', 'Name a file.'],
};
