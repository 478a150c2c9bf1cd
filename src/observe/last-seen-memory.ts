import { readFile } from 'node:fs/promises';
import { writeAtomically } from '../base/atomic.js';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { ageOf, before, type Moment } from '../base/moment.js';
import type { LastFacts, LastSeen, Recalled } from '../domain/outlook.js';
import {
  collectorNames,
  type ClusterName,
  type ServerFacts,
  type ServerName,
  type ServerSnapshot,
} from '../domain/snapshot.js';
import { isWritable } from '../domain/topology.js';
import { entriesIn, textOf, type Entry } from './last-seen-text.js';

export interface LastSeenOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** The moment of now. */
  readonly moment: () => Moment;
}

/** How far two writes lie apart at least, milliseconds: where how a primary replicates has changed, and where only time passed. */
const apart = { changed: 1000, aged: 10_000 };
/** What is older is forgotten, milliseconds: thirty days. */
const longest = 30 * 86_400_000;

/**
 * What was last seen of each primary, over restarts of Lockstep too, in a file of its own. It is written beside the
 * looks, which never wait for it: at once where how a primary replicates has changed, else every ten seconds, for the
 * time that it was seen at counts in every judgement.
 */
export class LastSeenMemory {
  readonly #entries = new Map<string, Entry>();
  /** Those of {@link #entries} that were seen since the start. */
  readonly #own = new Set<string>();
  /** What to write next is due; undefined: nothing is new. */
  #due: 'changed' | 'aged' | undefined;
  #timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined;
  #writing: Promise<void> | undefined;
  #wroteAt = -Infinity;
  #failing = false;
  #closed = false;

  private constructor(
    readonly file: string,
    readonly options: LastSeenOptions,
  ) {}

  /** A file that is not there begins a new memory, and so does, with a warning, one that is damaged. */
  static async open(file: string, options: LastSeenOptions): Promise<LastSeenMemory> {
    const memory = new LastSeenMemory(file, options);
    try {
      memory.#take(entriesIn(await readFile(file, 'utf8')));
    } catch (cause) {
      const none = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
      if (!none)
        options.log.warn(
          { file, error: messageOf(cause) },
          'what was last seen of primaries is forgotten: its file cannot be read',
        );
    }
    return memory;
  }

  /** Takes in what a look at a server ended with, of whatever collectors. */
  note(snapshot: ServerSnapshot): void {
    const { facts } = snapshot;
    if (facts === undefined) return;
    const key = `${snapshot.cluster}/${snapshot.name}`;
    const known = this.#entries.get(key);
    if (snapshot.collectors.length < collectorNames.length) {
      if (known !== undefined && startedSince(this.#dated(known)?.at, snapshot)) this.#forget(key);
      return;
    }
    if (!couldBePrimary(snapshot)) {
      if (known !== undefined) this.#forget(key);
      return;
    }
    const entry = this.#entryOf(snapshot, facts);
    // Looks go on side by side: one that began later has shown it meanwhile.
    if (known !== undefined && this.#own.has(key) && known.moment.up > entry.moment.up) return;
    this.#entries.set(key, entry);
    this.#own.add(key);
    this.#plan(known !== undefined && manner(known) === manner(entry) ? 'aged' : 'changed');
  }

  /** What was written down before the start, where nothing was seen since. */
  of(
    cluster: ClusterName,
    server: ServerName,
  ): { readonly lastSeen: LastSeen; readonly recalled: Recalled } | undefined {
    const key = `${cluster}/${server}`;
    const entry = this.#own.has(key) ? undefined : this.#entries.get(key);
    const dated = entry && this.#dated(entry);
    if (entry === undefined || dated === undefined) return undefined;
    return { lastSeen: { at: dated.at, ...entry.seen }, recalled: { dated: dated.sure } };
  }

  /** Writes what is new, and writes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer?.handle);
    await this.#writing;
    if (this.#due !== undefined) await this.#write();
  }

  /** When that was on the clock of now, milliseconds since the Unix epoch; undefined: it lies ahead. */
  #dated({ moment }: Entry): { readonly at: number; readonly sure: boolean } | undefined {
    const now = this.options.moment();
    const age = ageOf(moment, now);
    return age && { at: now.at - age.milliseconds, sure: age.sure };
  }

  #entryOf({ cluster, name, at, address, durationSeconds }: ServerSnapshot, facts: ServerFacts): Entry {
    // When the look began, on both clocks: whatever happened meanwhile to ours, it did not take less than that.
    const began = before(this.options.moment(), Math.max(0, durationSeconds) * 1000);
    const moment = { ...began, at: Math.min(at, began.at) };
    const { host, port } = address;
    return { cluster, server: name, moment, seen: { address: { host, port }, facts: kept(facts) } };
  }

  #forget(key: string): void {
    this.#entries.delete(key);
    this.#plan('changed');
  }

  #plan(what: 'changed' | 'aged'): void {
    if (what === 'changed' || this.#due === undefined) this.#due = what;
    if (this.#closed || this.#writing !== undefined) return;
    const at = this.#wroteAt + apart[this.#due];
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    clearTimeout(this.#timer?.handle);
    const wait = Math.max(0, at - this.options.clock.monotonic());
    this.#timer = { at, handle: setTimeout(() => this.#begin(), wait).unref() };
  }

  #begin(): void {
    this.#timer = undefined;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#due !== undefined) this.#plan(this.#due);
    });
  }

  /** Never fails: what could not be written is tried again with what comes next. */
  async #write(): Promise<void> {
    const { file, options } = this;
    this.#due = undefined;
    try {
      await writeAtomically(file, textOf([...this.#entries.values()]), { mode: 0o600 });
      this.#failing = false;
    } catch (cause) {
      this.#due ??= 'aged';
      // Said once, until it works again.
      if (!this.#failing)
        options.log.warn({ file, error: messageOf(cause) }, 'what was last seen of primaries could not be written down'); // prettier-ignore
      this.#failing = true;
    }
    this.#wroteAt = options.clock.monotonic();
  }

  #take(entries: readonly Entry[]): void {
    const now = this.options.moment();
    for (const entry of entries) {
      const { cluster, server, moment } = entry;
      const age = ageOf(moment, now);
      if (age === undefined)
        this.options.log.warn(
          { file: this.file, cluster, server, seen: new Date(moment.at).toISOString() },
          'what was last seen of a primary is not used: by the clock it lies in the future',
        );
      else if (age.milliseconds <= longest) this.#entries.set(`${cluster}/${server}`, entry);
    }
  }
}

/** Whether a look shows that the server has started since it was seen at a time; the two tell whole seconds. */
export function startedSince(at: number | undefined, { facts, at: began, durationSeconds }: ServerSnapshot): boolean {
  const uptime = facts?.state?.uptimeSeconds;
  return at !== undefined && uptime !== undefined && began + (durationSeconds - uptime + 1) * 1000 > at;
}

/** Replicas come and go, and what they have is never asked of the dead. */
function couldBePrimary(snapshot: ServerSnapshot): boolean {
  return isWritable(snapshot) || snapshot.facts?.channels?.length === 0;
}

/** Nothing that is secret, and nothing that no judgement asks for. */
function kept({ identity, gtid, semiSync, binlog, activity }: ServerFacts): LastFacts {
  const { flavour, serverId, uuid } = identity;
  return {
    identity: { flavour, serverId, uuid },
    gtid,
    semiSync: semiSync && { source: semiSync.source },
    binlog: binlog && { current: binlog.current },
    activity: activity && { waitingForReplicas: activity.waitingForReplicas },
  };
}

/** Who it is and how its commits wait, as one text: not what only counts on. */
function manner({ seen: { address, facts } }: Entry): string {
  const { enabled, active, waitPoint, timeoutSeconds, waitsFor, waitsWithout } = facts.semiSync?.source ?? {};
  return JSON.stringify([address, facts.identity, facts.semiSync === undefined, enabled, active, waitPoint, timeoutSeconds, waitsFor, waitsWithout]); // prettier-ignore
}
