import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { SFTPWrapper, Stats } from 'ssh2';
import { LockstepError, messageOf } from '../base/errors.js';
import { CoreutilsFiles } from './coreutils-files.js';
import { failed, pathError, type PathFault } from './failure.js';
import { factsOf, type DirectorySettings, type Files, type WriteSettings } from './files.js';
import { previousOf, type FileFacts, type Space } from './host.js';
import { idsOf } from './ids.js';
import { runProgram, type Launcher } from './launcher.js';
import type { Callback, SftpSession } from './ssh-connection.js';

/**
 * Files through SFTP, with OpenSSH's extensions: posix-rename replaces at once, hardlink keeps what is replaced, fsync
 * brings the content to the disk. A directory cannot be synced by SFTP; `sync` does it where the account may run it.
 */
export class SftpFiles implements Files {
  readonly sftp: SFTPWrapper;

  constructor(
    readonly session: SftpSession,
    readonly launcher: Launcher,
  ) {
    this.sftp = session.sftp;
  }

  async realpath(file: string, signal: AbortSignal): Promise<string | undefined> {
    // The server gives a path for what is not there too.
    return this.#unlessMissing(async () => {
      await this.#ask<Stats>(file, signal, (done) => this.sftp.stat(file, done));
      return this.#ask<string>(file, signal, (done) => this.sftp.realpath(file, done));
    });
  }

  async stat(file: string, signal: AbortSignal): Promise<FileFacts | undefined> {
    return this.#unlessMissing(async () => {
      const facts = factsOf(await this.#ask<Stats>(file, signal, (done) => this.sftp.lstat(file, done)), undefined);
      if (facts.kind !== 'symlink') return facts;
      return { ...facts, target: await this.#ask<string>(file, signal, (done) => this.sftp.readlink(file, done)) };
    });
  }

  async read(file: string, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const facts = factsOf(await this.#ask<Stats>(file, signal, (done) => this.sftp.stat(file, done)), undefined);
    if (facts.kind !== 'file') throw pathError(this.launcher.name, 'not-a-file', file);
    const handle = await this.#ask<Buffer>(file, signal, (done) => this.sftp.open(file, 'r', done));
    try {
      return await this.#readAll(file, handle, maxBytes, signal);
    } finally {
      this.#close(handle);
    }
  }

  async write(file: string, content: Buffer, settings: WriteSettings, signal: AbortSignal): Promise<void> {
    const there = await this.stat(file, signal);
    if (there !== undefined && there.kind !== 'file') throw pathError(this.launcher.name, 'not-a-file', file);
    const told = await idsOf(this.launcher, settings, signal);
    const mode = settings.mode ?? there?.mode ?? 0o600;
    const ids = { uid: told.uid ?? there?.uid, gid: told.gid ?? there?.gid };
    const same = there?.size === content.length && (await this.read(file, content.length, signal)).equals(content);
    if (same && ids.uid === there.uid && ids.gid === there.gid && mode === there.mode) return;
    const temporary = besides(file);
    try {
      await this.#stage(file, temporary, content, { mode, ...ids }, signal);
      if (settings.keepPrevious && !same) await this.#keep(file, there, signal);
      await this.#rename(file, temporary, file, signal);
    } catch (error) {
      this.#forget(temporary);
      throw error;
    }
    await this.#syncDirectory(file, signal);
  }

  async list(file: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#unlessMissing(() => this.#names(file, signal));
  }

  /** Through SFTP the content would come here and go back. */
  async copy(from: string, to: string, settings: DirectorySettings, signal: AbortSignal): Promise<void> {
    await new CoreutilsFiles(this.launcher).copy(from, to, settings, signal);
  }

  async restore(file: string, signal: AbortSignal): Promise<void> {
    const kept = previousOf(file);
    if ((await this.stat(kept, signal))?.kind !== 'file') throw pathError(this.launcher.name, 'file-missing', kept);
    await this.#rename(file, kept, file, signal);
    await this.#syncDirectory(file, signal);
  }

  async makeDirectory(file: string, settings: DirectorySettings, signal: AbortSignal): Promise<boolean> {
    const ids = await idsOf(this.launcher, settings, signal);
    const there = await this.stat(file, signal);
    if (there !== undefined && there.kind !== 'directory') throw pathError(this.launcher.name, 'file-exists', file);
    if (there === undefined) await this.#ask(file, signal, (done) => this.sftp.mkdir(file, { mode: 0o700 }, done));
    const facts = there ?? (await this.#ask<Stats>(file, signal, (done) => this.sftp.lstat(file, done)));
    const [uid, gid] = [ids.uid ?? facts.uid, ids.gid ?? facts.gid];
    if (uid !== facts.uid || gid !== facts.gid)
      await this.#ask(file, signal, (done) => this.sftp.chown(file, uid, gid, done));
    await this.#ask(file, signal, (done) => this.sftp.chmod(file, settings.mode, done));
    await this.#syncDirectory(file, signal);
    return there === undefined;
  }

  async symlink(file: string, target: string, overFile: boolean, signal: AbortSignal): Promise<void> {
    const there = await this.stat(file, signal);
    if (there !== undefined && there.kind !== 'symlink' && !(overFile && there.kind === 'file'))
      throw pathError(this.launcher.name, 'file-exists', file);
    const temporary = besides(file);
    try {
      await this.#ask(file, signal, (done) => this.sftp.symlink(target, temporary, done));
      await this.#rename(file, temporary, file, signal);
    } catch (error) {
      this.#forget(temporary);
      throw error;
    }
    await this.#syncDirectory(file, signal);
  }

  async remove(file: string, recursive: boolean, signal: AbortSignal): Promise<void> {
    const there = await this.stat(file, signal);
    if (there === undefined) return;
    await this.#remove(file, there, recursive, signal);
    await this.#syncDirectory(file, signal);
  }

  async move(file: string, to: string, signal: AbortSignal): Promise<void> {
    if ((await this.stat(file, signal)) === undefined) throw pathError(this.launcher.name, 'file-missing', file);
    if ((await this.stat(to, signal)) !== undefined) throw pathError(this.launcher.name, 'file-exists', to);
    await this.#rename(file, file, to, signal);
    await this.#syncDirectory(to, signal);
  }

  /** SFTP knows neither devices nor mounts. */
  async movable(file: string, signal: AbortSignal): Promise<boolean | undefined> {
    return new CoreutilsFiles(this.launcher).movable(file, signal);
  }

  async space(file: string, signal: AbortSignal): Promise<Space> {
    const facts = await this.#ask<unknown>(file, signal, (done) => this.sftp.ext_openssh_statvfs(file, done));
    const {
      f_frsize: unit,
      f_bavail: free,
      f_blocks: total,
    } = facts as Record<'f_frsize' | 'f_bavail' | 'f_blocks', number>;
    return { free: free * unit, total: total * unit };
  }

  async #readAll(file: string, handle: Buffer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(32 * 1024);
      const read = await this.#unlessEnd(file, signal, (done) =>
        this.sftp.read(handle, chunk, 0, chunk.length, length, (error, bytes) => done(error, bytes)),
      );
      if (read === 0) return Buffer.concat(chunks);
      length += read;
      if (length > maxBytes) throw pathError(this.launcher.name, 'file-too-large', file, `${maxBytes} bytes`);
      chunks.push(chunk.subarray(0, read));
    }
  }

  async #stage(
    file: string,
    temporary: string,
    content: Buffer,
    facts: { readonly mode: number; readonly uid: number | undefined; readonly gid: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const handle = await this.#ask<Buffer>(file, signal, (done) => this.sftp.open(temporary, 'wx', 0o600, done));
    try {
      if (content.length > 0) await this.#fill(file, handle, content, signal);
      const own = await this.#ask<Stats>(file, signal, (done) => this.sftp.fstat(handle, done));
      const [uid, gid] = [facts.uid ?? own.uid, facts.gid ?? own.gid];
      if (uid !== own.uid || gid !== own.gid)
        await this.#ask(file, signal, (done) => this.sftp.fchown(handle, uid, gid, done));
      await this.#ask(file, signal, (done) => this.sftp.fchmod(handle, facts.mode, done));
      await this.#ask(file, signal, (done) => this.sftp.ext_openssh_fsync(handle, (error) => done(error)));
    } finally {
      this.#close(handle);
    }
  }

  /** SFTP has one word for everything that goes wrong with a disk, so the disk itself is asked. */
  async #fill(file: string, handle: Buffer, content: Buffer, signal: AbortSignal): Promise<void> {
    try {
      await this.#ask(file, signal, (done) => this.sftp.write(handle, content, 0, content.length, 0, done));
    } catch (error) {
      if (!(error instanceof LockstepError) || error.code !== 'host-failed') throw error;
      const { free } = await this.space(path.posix.dirname(file), signal);
      throw free > content.length ? error : pathError(this.launcher.name, 'disk-full', file, undefined, error);
    }
  }

  /** As it stands, also under its other name, at once; nothing there, nothing kept. */
  async #keep(file: string, there: FileFacts | undefined, signal: AbortSignal): Promise<void> {
    const kept = previousOf(file);
    if (there === undefined) return this.#removeFile(kept, signal);
    const temporary = besides(file);
    await this.#ask(file, signal, (done) => this.sftp.ext_openssh_hardlink(file, temporary, done));
    try {
      await this.#rename(kept, temporary, kept, signal);
    } finally {
      // A rename of one name of a file onto another name of the same does nothing.
      this.#forget(temporary);
    }
  }

  #rename(file: string, from: string, to: string, signal: AbortSignal): Promise<void> {
    return this.#ask(file, signal, (done) => this.sftp.ext_openssh_rename(from, to, done));
  }

  async #remove(file: string, facts: FileFacts, recursive: boolean, signal: AbortSignal): Promise<void> {
    if (facts.kind !== 'directory') return this.#removeFile(file, signal);
    const named = await this.#names(file, signal);
    if (named.length > 0 && !recursive) throw pathError(this.launcher.name, 'directory-not-empty', file);
    for (const name of named) {
      const inner = path.posix.join(file, name);
      const there = await this.stat(inner, signal);
      if (there !== undefined) await this.#remove(inner, there, recursive, signal);
    }
    await this.#ask(file, signal, (done) => this.sftp.rmdir(file, done));
  }

  async #names(file: string, signal: AbortSignal): Promise<readonly string[]> {
    const entries = await this.#ask(
      file,
      signal,
      (done: Callback<{ readonly filename: string; readonly attrs: Stats }[]>) => this.sftp.readdir(file, done),
    );
    return entries.map(({ filename }) => filename).filter((name) => name !== '.' && name !== '..');
  }

  async #removeFile(file: string, signal: AbortSignal): Promise<void> {
    await this.#unlessMissing(() => this.#ask(file, signal, (done) => this.sftp.unlink(file, done)));
  }

  async #syncDirectory(file: string, signal: AbortSignal): Promise<void> {
    try {
      await runProgram(this.launcher, ['sync', '--', path.posix.dirname(file)], { signal });
    } catch (error) {
      // An account that may only transfer files; what was done is done, and the server's disk will tell it in a moment.
      if (!(error instanceof LockstepError)) throw error;
    }
  }

  /** Nobody waits for it, and the server tells of nothing that could be mended. */
  #close(handle: Buffer): void {
    quietly(() => this.sftp.close(handle, () => undefined));
  }

  #forget(temporary: string): void {
    quietly(() => this.sftp.unlink(temporary, () => undefined));
  }

  async #unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof LockstepError && error.code === 'file-missing') return undefined;
      throw error;
    }
  }

  /** How much was read; the end of a file comes as a failure of its own. */
  async #unlessEnd(file: string, signal: AbortSignal, question: (done: Callback<number>) => void): Promise<number> {
    return this.#ask<number>(file, signal, (done) =>
      question((error, bytes) => (statusOf(error) === status.end ? done(undefined, 0) : done(error, bytes))),
    );
  }

  async #ask<T = void>(file: string, signal: AbortSignal, question: (done: Callback<T>) => void): Promise<T> {
    try {
      return await this.session.ask(signal, question);
    } catch (error) {
      const code = statusOf(error);
      if (signal.aborted || code === undefined) throw error;
      const fault = faultOf[code];
      if (fault !== undefined) throw pathError(this.launcher.name, fault, file, undefined, error);
      throw failed(this.launcher.name, `${JSON.stringify(file)}: the SFTP server says: ${messageOf(error)}`, error);
    }
  }
}

/** Whether a server's SFTP has all that {@link SftpFiles} builds upon. */
export function suffices(sftp: SFTPWrapper): boolean {
  const { _extensions: offered = {} } = sftp as SFTPWrapper & {
    readonly _extensions?: Readonly<Record<string, unknown>>;
  };
  return needed.every((name) => Object.hasOwn(offered, name));
}

const needed = ['posix-rename@openssh.com', 'hardlink@openssh.com', 'fsync@openssh.com', 'statvfs@openssh.com'];

/** Of draft-ietf-secsh-filexfer-02, section 7. */
const status = { end: 1, missing: 2, denied: 3 } as const;
const faultOf: Readonly<Record<number, PathFault>> = {
  [status.missing]: 'file-missing',
  [status.denied]: 'permission-denied',
};

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** A session that has ended refuses at once. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The server closes what is open when a session ends.
  }
}

function besides(file: string): string {
  return path.posix.join(
    path.posix.dirname(file),
    `.${path.posix.basename(file)}.${randomBytes(6).toString('hex')}.tmp`,
  );
}
