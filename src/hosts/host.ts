import type { Readable, Writable } from 'node:stream';
import type { Secret } from '../base/secret.js';

/**
 * The machine of a database server, as far as Lockstep may touch it: only paths, programs and services that the
 * configuration names, anything else is refused before it is sent (`not-allowed`).
 *
 * Everything takes a signal; when it aborts, the call rejects with the signal's reason. What was under way by then is
 * either not done or done as a whole; where the way to a host was lost, a temporary file `.NAME.….tmp` may stay.
 *
 * Every call may also fail with a LockstepError of code `host-unreachable` (no way to the host, or lost on the way),
 * `host-key-unknown`, `host-key-changed`, `host-login-refused`, `secret-unreadable` (the key to log in with),
 * `permission-denied`, or `host-failed` (anything else that the host said, quoted).
 */
export interface Host {
  /** How messages name it: `local`, `ssh lockstep@db1.example`. */
  readonly name: string;

  /** Makes sure that there is a way to the host, and that it carries what it is given. */
  reach(options: Signalled): Promise<void>;

  /**
   * A whole file, symbolic links followed as long as they stay within what is allowed.
   * @throws LockstepError `file-missing`, `not-a-file`, `file-too-large`
   */
  read(path: string, options: ReadOptions): Promise<Buffer>;

  /** What stands at a path, symbolic links not followed at its end; undefined when nothing does. */
  stat(path: string, options: Signalled): Promise<FileFacts | undefined>;

  /**
   * Puts a whole file in place, or nothing: a temporary file beside it, fsync, rename, fsync of the directory.
   * A file that holds this content already, with this mode and owner, is left alone, its previous one too.
   * @throws LockstepError `file-missing` (its directory), `not-a-file` (a symbolic link included), `disk-full`
   */
  write(path: string, content: Buffer | Secret, options: WriteOptions): Promise<void>;

  /** Names in a directory, sorted; none where there is none. */
  list(path: string, options: Signalled): Promise<readonly string[]>;

  /**
   * As {@link write}, with the content of another file of the same host, which never leaves it.
   * @throws LockstepError `file-missing`, `not-a-file`, `disk-full`
   */
  copy(from: string, to: string, options: CopyOptions): Promise<void>;

  /**
   * Gives a file back the content that {@link write} kept, with its owner and mode. Look first whether the write was
   * done at all: the kept file may be of an earlier one.
   * @throws LockstepError `file-missing` when none was kept
   */
  restorePrevious(path: string, options: Signalled): Promise<void>;

  /**
   * Makes sure of a directory with this mode and owner; its parent must be there.
   * @returns whether it was made, undefined owner and group are those of the user who makes it
   * @throws LockstepError `file-missing` (its parent), `file-exists` for anything else than a directory
   */
  makeDirectory(path: string, options: DirectoryOptions): Promise<boolean>;

  /**
   * Lets a symbolic link say `target`, at once: who reads it meets the old or the new. The target must be allowed too;
   * a relative one starts from the link's directory.
   * @throws LockstepError `file-exists` for anything else than a symbolic link, or what `overFile` allows
   */
  symlink(path: string, target: string, options: SymlinkOptions): Promise<void>;

  /**
   * Removes a file, a symbolic link or an empty directory; with `recursive` a directory with all in it, links not
   * followed. What is not there is no failure. Never one of the allowed paths itself.
   * @throws LockstepError `directory-not-empty`
   */
  remove(path: string, options: RemoveOptions): Promise<void>;

  /**
   * Gives a file or a directory another name on the same file system, at once; nothing may stand there yet. It is never
   * copied.
   * @throws LockstepError `file-missing`, `file-exists`, `other-file-system` (over SFTP `host-failed`)
   */
  move(path: string, to: string, options: Signalled): Promise<void>;

  /**
   * Whether {@link move} could give it another name beside its own: device and mount are those of its directory, which
   * Lockstep may touch, and nothing of it is itself one of the allowed paths. Sizes tell nothing of that: volumes are
   * equally large, and a bind mount or a subvolume has the size of the whole.
   * @returns undefined when nothing stands there
   */
  movable(path: string, options: Signalled): Promise<boolean | undefined>;

  /** Bytes of the file system that holds a path. @throws LockstepError `file-missing` */
  space(path: string, options: Signalled): Promise<Space>;

  /**
   * Runs a program: words, never a shell line. A code other than 0 is an answer, not a failure. On abort it is asked
   * to end; whether it did is then not known.
   * @throws LockstepError `program-missing`
   */
  run(argv: readonly string[], options: RunOptions): Promise<RunResult>;

  /**
   * Starts a program, and hands out its streams: what it prints can become what one on another host reads. Whoever
   * starts it sees to its end.
   * @throws LockstepError `program-missing`
   */
  start(argv: readonly string[], options: Signalled): Promise<Running>;

  /** Restarts a configured service, by its configured command. @throws LockstepError `restart-failed` */
  restart(service: string, options: Signalled): Promise<void>;

  /** Ends connections. Harmless twice; a host that is used again connects anew. */
  close(): Promise<void>;
}

export interface Signalled {
  readonly signal: AbortSignal;
}

export interface ReadOptions extends Signalled {
  /** A larger file is refused. Default 1 MiB. */
  readonly maxBytes?: number;
}

export interface Ownership {
  /** A name or a number of the host. Default: of what is replaced, else of the user that Lockstep is there. */
  readonly owner?: string;
  /** As {@link owner}. */
  readonly group?: string;
}

export interface WriteOptions extends Signalled, Ownership {
  /** Permission bits. Default: of the file that is replaced, else 0600. */
  readonly mode?: number;
  /**
   * Keep what is replaced as {@link previousOf} for {@link Host.restorePrevious}, in the place of one kept before;
   * where nothing is replaced, none is kept. Default false.
   */
  readonly keepPrevious?: boolean;
}

export interface CopyOptions extends Signalled, Ownership {
  /** Permission bits. */
  readonly mode: number;
}

export interface DirectoryOptions extends Signalled, Ownership {
  /** Permission bits. */
  readonly mode: number;
}

export interface SymlinkOptions extends Signalled {
  /** Whether a file may stand there, which is then gone: keep its content elsewhere first. Default false. */
  readonly overFile?: boolean;
}

export interface RemoveOptions extends Signalled {
  /** Default false. */
  readonly recursive?: boolean;
}

export interface RunOptions extends Signalled {
  /** Default nothing. A secret goes here, never into a word of the command. */
  readonly stdin?: Buffer | Secret;
  /** Besides a minimal environment in the C locale. No secret: others on the host may see it. Default none. */
  readonly environment?: Environment;
  /** What each stream may print before the rest is dropped, bytes. Default 1 MiB. */
  readonly maxOutput?: number;
}

export type Environment = Readonly<Record<string, string>>;

export interface RunResult {
  /** Undefined when a signal ended the program. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether either stream printed more than is kept. */
  readonly cut: boolean;
}

/** A program under way on a host, with its streams. */
export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles when the program has ended, with its code; undefined when a signal ended it. Rejects when the way to it is
   * lost before that.
   */
  readonly ended: Promise<number | undefined>;
  /** Asks it to end. */
  kill(): void;
}

export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Permission bits with set-user-id, set-group-id and sticky, at most 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** What a symbolic link says, as it is written; undefined for anything else. */
  readonly target: string | undefined;
}

export interface Space {
  /** What an ordinary user may still fill. */
  readonly free: number;
  readonly total: number;
}

/** Where the content that a write replaced is kept. */
export function previousOf(path: string): string {
  return `${path}.lockstep-previous`;
}

export const defaultMaxBytes = 1024 * 1024;
