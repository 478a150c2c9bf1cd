import type { FileFacts, Ownership, Space } from './host.js';

/**
 * Files of one host by one way of reaching it, without any limit: what may be touched is decided before. Paths are
 * absolute, without `..`, and their directories hold no symbolic links. Failures are those of Host.
 */
export interface Files {
  /** The path with every symbolic link followed; undefined when nothing is there. */
  realpath(path: string, signal: AbortSignal): Promise<string | undefined>;
  stat(path: string, signal: AbortSignal): Promise<FileFacts | undefined>;
  read(path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer>;
  write(path: string, content: Buffer, settings: WriteSettings, signal: AbortSignal): Promise<void>;
  /** undefined where nothing is there. */
  list(path: string, signal: AbortSignal): Promise<readonly string[] | undefined>;
  copy(from: string, to: string, settings: DirectorySettings, signal: AbortSignal): Promise<void>;
  restore(path: string, signal: AbortSignal): Promise<void>;
  makeDirectory(path: string, settings: DirectorySettings, signal: AbortSignal): Promise<boolean>;
  symlink(path: string, target: string, overFile: boolean, signal: AbortSignal): Promise<void>;
  remove(path: string, recursive: boolean, signal: AbortSignal): Promise<void>;
  /** `to` is absolute and its directory holds no symbolic links, as for every path. */
  move(path: string, to: string, signal: AbortSignal): Promise<void>;
  movable(path: string, signal: AbortSignal): Promise<boolean | undefined>;
  space(path: string, signal: AbortSignal): Promise<Space>;
}

export interface WriteSettings extends Ownership {
  readonly mode: number | undefined;
  readonly keepPrevious: boolean;
}

export interface DirectorySettings extends Ownership {
  readonly mode: number;
}

/** The facts in what stat(2) says. */
export function factsOf(
  stat: { readonly mode: number; readonly size: number; readonly uid: number; readonly gid: number },
  target: string | undefined,
): FileFacts {
  const kind = kinds[stat.mode & 0o170000] ?? 'other';
  return { kind, size: stat.size, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, target };
}

const kinds: Readonly<Record<number, FileFacts['kind']>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};
