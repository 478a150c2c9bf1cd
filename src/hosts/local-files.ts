import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  statfs,
  symlink,
  type FileHandle,
} from 'node:fs/promises';
import path from 'node:path';
import { stage, syncDirectory } from '../base/atomic.js';
import { raced } from '../base/deadline.js';
import { messageOf } from '../base/errors.js';
import { CoreutilsFiles } from './coreutils-files.js';
import { failed, pathError, type PathFault } from './failure.js';
import { factsOf, type DirectorySettings, type Files, type WriteSettings } from './files.js';
import { previousOf, type FileFacts, type Space } from './host.js';
import { idsOf } from './ids.js';
import type { Launcher } from './launcher.js';

/** Files of this machine, as the user that Lockstep is. */
export class LocalFiles implements Files {
  constructor(readonly launcher: Launcher) {}

  async realpath(file: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#ask(file, unlessMissing(realpath(file)), signal);
  }

  async stat(file: string, signal: AbortSignal): Promise<FileFacts | undefined> {
    return this.#ask(file, unlessMissing(factsAt(file)), signal);
  }

  async read(file: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    // Not blocking: a pipe that nobody writes to would otherwise hold a thread for ever.
    const handle = await this.#ask(file, open(file, constants.O_RDONLY | constants.O_NONBLOCK), signal);
    try {
      const facts = factsOf(await handle.stat(), undefined);
      if (facts.kind !== 'file') throw pathError(this.launcher.name, 'not-a-file', file);
      const content = await this.#ask(file, atMost(handle, maxBytes + 1), signal);
      if (content.length > maxBytes) throw pathError(this.launcher.name, 'file-too-large', file, `${maxBytes} bytes`);
      return content;
    } finally {
      await handle.close();
    }
  }

  async write(file: string, content: Buffer, settings: WriteSettings, signal: AbortSignal): Promise<void> {
    const there = await this.stat(file, signal);
    if (there !== undefined && there.kind !== 'file') throw pathError(this.launcher.name, 'not-a-file', file);
    const ids = await idsOf(this.launcher, settings, signal);
    const mode = settings.mode ?? there?.mode ?? 0o600;
    const same = there?.size === content.length && (await this.read(file, content.length, signal)).equals(content);
    const asTold =
      (ids.uid ?? there?.uid) === there?.uid && (ids.gid ?? there?.gid) === there?.gid && mode === there?.mode;
    if (same && asTold) return;
    await this.#ask(
      file,
      this.#replace(file, content, { mode, exactly: true, ...ids }, settings.keepPrevious && !same, signal),
    );
  }

  async list(file: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#ask(file, unlessMissing(readdir(file)), signal);
  }

  async copy(from: string, to: string, settings: DirectorySettings, signal: AbortSignal): Promise<void> {
    const [there, source] = [await this.stat(to, signal), await this.stat(from, signal)];
    if (source === undefined) throw pathError(this.launcher.name, 'file-missing', from);
    if (source.kind !== 'file') throw pathError(this.launcher.name, 'not-a-file', from);
    if (there !== undefined && there.kind !== 'file') throw pathError(this.launcher.name, 'not-a-file', to);
    const ids = await idsOf(this.launcher, settings, signal);
    const work = async () => {
      const temporary = besides(to);
      try {
        // By the kernel: the content is never in the memory of this process.
        await copyFile(from, temporary, constants.COPYFILE_EXCL);
        if (ids.uid !== undefined || ids.gid !== undefined) await chown(temporary, ids.uid ?? -1, ids.gid ?? -1);
        await chmod(temporary, settings.mode);
        const handle = await open(temporary, constants.O_RDONLY);
        await handle.sync().finally(() => handle.close());
        await rename(temporary, to);
      } finally {
        await rm(temporary, { force: true });
      }
      await syncDirectory(path.dirname(to));
    };
    await this.#ask(to, work());
  }

  async restore(file: string, signal: AbortSignal): Promise<void> {
    const kept = previousOf(file);
    const facts = await this.stat(kept, signal);
    if (facts?.kind !== 'file') throw pathError(this.launcher.name, 'file-missing', kept);
    await this.#ask(file, rename(kept, file));
    await this.#ask(file, syncDirectory(path.dirname(file)));
  }

  async makeDirectory(file: string, settings: DirectorySettings, signal: AbortSignal): Promise<boolean> {
    const ids = await idsOf(this.launcher, settings, signal);
    const there = await this.stat(file, signal);
    if (there !== undefined && there.kind !== 'directory') throw pathError(this.launcher.name, 'file-exists', file);
    const work = async () => {
      if (there === undefined) await mkdir(file, 0o700);
      if (ids.uid !== undefined || ids.gid !== undefined) await chown(file, ids.uid ?? -1, ids.gid ?? -1);
      await chmod(file, settings.mode);
      await syncDirectory(path.dirname(file));
    };
    await this.#ask(file, work());
    return there === undefined;
  }

  async symlink(file: string, target: string, overFile: boolean, signal: AbortSignal): Promise<void> {
    const there = await this.stat(file, signal);
    if (there !== undefined && there.kind !== 'symlink' && !(overFile && there.kind === 'file'))
      throw pathError(this.launcher.name, 'file-exists', file);
    const work = async () => {
      const temporary = besides(file);
      await symlink(target, temporary);
      await renameOrRemove(temporary, file);
      await syncDirectory(path.dirname(file));
    };
    await this.#ask(file, work());
  }

  async remove(file: string, recursive: boolean, signal: AbortSignal): Promise<void> {
    const there = await this.stat(file, signal);
    if (there === undefined) return;
    const work = async () => {
      if (there.kind === 'directory' && !recursive) await rmdir(file);
      else await rm(file, { recursive, force: true });
      await syncDirectory(path.dirname(file));
    };
    await this.#ask(file, work());
  }

  /** Node knows no mounts: the one script that tells them apart is asked, which refuses to move elsewhere, too. */
  async movable(file: string, signal: AbortSignal): Promise<boolean | undefined> {
    return new CoreutilsFiles(this.launcher).movable(file, signal);
  }

  async space(file: string, signal: AbortSignal): Promise<Space> {
    const { bavail, blocks, bsize } = await this.#ask(file, statfs(file), signal);
    return { free: bavail * bsize, total: blocks * bsize };
  }

  async move(file: string, to: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#ask(file, moveTo(file, to));
  }

  async #replace(
    file: string,
    content: Buffer,
    options: Parameters<typeof stage>[2],
    keepPrevious: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const staged = await stage(file, content, options);
    try {
      signal.throwIfAborted();
      if (keepPrevious) await keep(file);
    } catch (error) {
      await staged.discard();
      throw error;
    }
    await staged.commit();
    await syncDirectory(path.dirname(file));
  }

  /** Reading ends with the signal; what changes something is not given up half-way. */
  async #ask<T>(file: string, work: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await (signal === undefined ? work : raced(work, signal));
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw this.#explained(file, error);
    }
  }

  #explained(file: string, error: unknown): unknown {
    const code = codeOf(error);
    if (code === undefined) return error;
    const fault = faultOf[code];
    if (fault !== undefined) return pathError(this.launcher.name, fault, file, undefined, error);
    return failed(this.launcher.name, `${JSON.stringify(file)}: ${messageOf(error)}`, error);
  }
}

const faultOf: Readonly<Record<string, PathFault>> = {
  ENOENT: 'file-missing',
  ENOTDIR: 'file-missing',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EROFS: 'permission-denied',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EEXIST: 'file-exists',
  EISDIR: 'not-a-file',
  ENOTEMPTY: 'directory-not-empty',
  EXDEV: 'other-file-system',
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}

async function factsAt(file: string): Promise<FileFacts> {
  const stat = await lstat(file);
  return factsOf(stat, stat.isSymbolicLink() ? await readlink(file) : undefined);
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Sizes are not believed: a file may grow, and those of the kernel have none. */
async function atMost(handle: FileHandle, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of handle.createReadStream({ autoClose: false, end: bytes - 1 })) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A rename would put itself in the place of what stands there. */
async function moveTo(file: string, to: string): Promise<void> {
  if ((await unlessMissing(lstat(to))) !== undefined)
    throw Object.assign(new Error(`${to} is there already`), { code: 'EEXIST', syscall: 'rename' });
  try {
    await rename(file, to);
  } catch (error) {
    // What is mounted has no other name.
    throw codeOf(error) === 'EBUSY' ? Object.assign(error as Error, { code: 'EXDEV' }) : error;
  }
  await syncDirectory(path.dirname(to));
}

/** What stands there also under its other name, at once; nothing there, nothing kept. */
async function keep(file: string): Promise<void> {
  const temporary = besides(file);
  try {
    await link(file, temporary);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return rm(previousOf(file), { force: true });
  }
  await renameOrRemove(temporary, previousOf(file));
}

/** A rename of one name of a file onto another name of the same does nothing: the first one goes all the same. */
async function renameOrRemove(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } finally {
    await rm(from, { force: true });
  }
}

function besides(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
}
