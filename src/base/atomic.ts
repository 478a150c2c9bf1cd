import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

export interface AtomicOptions {
  /** Permission bits of the new file, whatever the umask. */
  readonly mode: number;
  /** Refuse (`EEXIST`) when the file is there already, without a gap between asking and writing. Default false. */
  readonly exclusive?: boolean;
  /** Number of the owner. Default: of the file that is replaced, else of this process. */
  readonly uid?: number | undefined;
  /** Number of the group. Default as {@link uid}. */
  readonly gid?: number | undefined;
  /** Exactly `mode`, whatever the group could do before. Default false. */
  readonly exactly?: boolean;
}

/**
 * Writes a whole file or nothing: a temporary file beside it, fsync, rename, fsync of the directory.
 * A file that is replaced keeps its owner, its group and the group's right to read: a service that could read the old
 * file can read the new one. Errors are Node's own (`ENOENT`, `EACCES`, `ENOSPC`, …) and leave no temporary file.
 */
export async function writeAtomically(file: string, content: string | Buffer, options: AtomicOptions): Promise<void> {
  const staged = await stage(file, content, options);
  await staged.commit();
  await syncDirectory(path.dirname(file));
}

/** A file that is on the disk in full under a temporary name. */
export interface Staged {
  readonly file: string;
  /** Give it its name. The directory still wants {@link syncDirectory}. On failure the temporary file is gone. */
  commit(): Promise<void>;
  /** Remove it. Harmless after `commit`. */
  discard(): Promise<void>;
}

/** The first half of {@link writeAtomically}, for files that belong together: stage all, then commit all. */
export async function stage(file: string, content: string | Buffer, options: AtomicOptions): Promise<Staged> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
  const discard = () => rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await settle(handle, file, options);
    await handle.sync();
  } catch (cause) {
    await handle.close();
    await discard();
    throw cause;
  }
  await handle.close();
  return {
    file,
    discard,
    commit: async () => {
      try {
        // A hard link, unlike a rename, fails when the name is taken.
        await (options.exclusive === true ? link(temporary, file) : rename(temporary, file));
      } finally {
        await discard();
      }
    },
  };
}

/** Makes names given in the directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function settle(handle: FileHandle, file: string, options: AtomicOptions): Promise<void> {
  const [own, old] = [await handle.stat(), await stat(file).catch(() => undefined)];
  const [uid, gid] = [options.uid ?? old?.uid ?? own.uid, options.gid ?? old?.gid ?? own.gid];
  // Owner first: changing it may clear mode bits.
  if (uid !== own.uid || gid !== own.gid) await handle.chown(uid, gid);
  await handle.chmod(options.mode | (options.exactly === true ? 0 : (old?.mode ?? 0) & 0o040));
}
