import type { AnnouncedServer, Announcement, AnnouncerName, SiteAnnouncer } from '../domain/announcement.js';
import type { ClusterName } from '../domain/snapshot.js';

/**
 * One way of telling applications which server is the primary. Everything may be asked for again, and says the same
 * then. All but `prepare` may be the first call of a process: what a dead one left is met as it is.
 * Every call rejects with the signal's reason when that aborts, and otherwise with a LockstepError that says what to do.
 */
export interface Announcer {
  readonly site: SiteAnnouncer;
  /**
   * Changes nothing, tries all that announcing this server will take, and keeps ready what makes it quick.
   * @throws LockstepError with what stands in the way
   */
  prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void>;
  /**
   * Clients that connect are kept waiting from now on, until `announce` or `restore`, or until the time of its
   * configuration is over: that comes by itself, without Lockstep. Announcers that cannot hold do nothing.
   */
  hold(server: AnnouncedServer, signal: AbortSignal): Promise<void>;
  /** From now on this server is the primary; nobody is kept waiting any more. */
  announce(server: AnnouncedServer, signal: AbortSignal): Promise<void>;
  /** It is the primary still: what was held, made ready or half said is taken back. */
  restore(server: AnnouncedServer, signal: AbortSignal): Promise<void>;
  /** What applications are told now, from where they read it; undefined where nothing can be read back. */
  read(signal: AbortSignal): Promise<Reading | undefined>;
  /** Ends connections and drops what was made ready. Harmless twice; an announcer that is used again begins anew. */
  close(): Promise<void>;
}

export type Reading = Pick<Announcement, 'says' | 'found' | 'holding'>;

/** The cluster whose primary is announced. */
export interface AnnouncedCluster {
  readonly name: ClusterName;
  /** What applications call the primary. */
  readonly names: readonly string[];
  readonly servers: readonly AnnouncedServer[];
}

/** As much of a machine as announcers need: this one, or another. A host of src/hosts is one. */
export interface Machine {
  /** How messages name it: `local`, `ssh lockstep@salt.example`. */
  readonly name: string;
  read(path: string, options: { readonly signal: AbortSignal }): Promise<Buffer>;
  /** Puts a whole file in place or nothing, with owner and mode of what it replaces. */
  write(path: string, content: Buffer, options: { readonly signal: AbortSignal }): Promise<void>;
  remove(path: string, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Runs a program: words, never a shell line. A code other than 0 is an answer; undefined: a signal ended it. */
  run(
    argv: readonly string[],
    options: { readonly signal: AbortSignal; readonly environment?: Readonly<Record<string, string>> },
  ): Promise<{ readonly code: number | undefined; readonly stdout: string; readonly stderr: string }>;
  close(): Promise<void>;
}

/** What every announcer is made from. */
export interface AnnouncerParts {
  readonly name: AnnouncerName;
  readonly cluster: AnnouncedCluster;
  /** Where its file lies or its program runs. */
  readonly machine: Machine;
}
