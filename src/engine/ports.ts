import type { Action } from '../domain/action.js';
import type { NextStart } from '../domain/next-start.js';
import type { Progress } from '../domain/progress.js';
import type { Scene } from '../domain/scene.js';
import type { ClusterName, Flavour, Identity, ServerName } from '../domain/snapshot.js';
import type { Survey } from '../domain/survey.js';
import type { Notes } from './procedure.js';
import type { RunId } from './run.js';

/** What the engine needs of the rest; `app.ts` hands it in. */
export interface EnginePorts {
  readonly observer: SceneObserver;
  readonly actors: Actors;
  readonly clock: EngineClock;
  /** Whether Alertmanager holds a silence, other than our own, over the alert that asked. `unknown`: it cannot be asked. */
  readonly silences: Silences;
  /** Reached at every fault point; tests end or freeze the process there. */
  readonly fault: (point: string) => Promise<void> | void;
  /** Takes every known secret out of a text before it is kept or shown. */
  readonly redact: (text: string) => string;
}

/** The same eyes that made the metric. */
export interface SceneObserver {
  /**
   * A look at a cluster. Never throws for what a server does: one that cannot be asked has no facts.
   * @param how `recent`: one of the last seconds will do, as for a plan that nobody acts on; `anew`: with a fresh login
   * of each server, and its files read again; `promptly`: it begins now and leaves out what waits while commits wait for
   * replicas (the binary log); default: it begins now
   * @throws LockstepError `unknown-cluster`
   */
  look(cluster: ClusterName, signal: AbortSignal, how?: 'recent' | 'anew' | 'promptly'): Promise<Scene>;
  /**
   * What a copy would meet at these servers and on their machines; it may take seconds, and changes nothing. Left out:
   * nobody can look. Never throws for what a server or a machine does.
   */
  survey?(cluster: ClusterName, wanted: readonly SurveyWish[], signal: AbortSignal): Promise<readonly Survey[]>;
  /**
   * What a restart of these servers would change, as their own programs say it on their machines; nothing is started.
   * Left out: nobody can ask. Never throws for what a server or a machine does.
   */
  nextStarts?(
    cluster: ClusterName,
    wanted: readonly NextStartWish[],
    signal: AbortSignal,
  ): Promise<readonly NextStart[]>;
  /** Looks for metrics wait until the returned function is called, or a few seconds have passed. */
  pauseCollection(cluster: ClusterName): () => void;
}

/** A server that is to be looked at more closely, and the programs of its machine that are to say their version. */
export interface SurveyWish {
  readonly server: ServerName;
  readonly flavour: Flavour;
  readonly release: Identity['release'];
  readonly programs: readonly string[];
}

/** A server whose program is to say what its next start would take. */
export interface NextStartWish {
  readonly server: ServerName;
  readonly flavour: Flavour;
  readonly release: Identity['release'];
  /** The words that it is started with. */
  readonly command: readonly string[];
}

export interface Actors {
  /** The hands of one run. Nothing is opened yet. */
  open(run: RunId, cluster: ClusterName): Actor;
}

export interface Actor {
  /**
   * Takes the advisory locks of every named session on these servers, so that no other Lockstep and no session of a
   * dead one is at work there: on all side by side. Those that a living process holds make it fail once `signal` is over.
   * @param dead those of them that are not waited for: one that does not let us in at once counts as not reached
   * @returns the servers that could not be reached
   * @throws LockstepError `locked` naming the server and the holder's session
   */
  lock(
    servers: readonly ServerName[],
    signal: AbortSignal,
    dead?: readonly ServerName[],
  ): Promise<{ readonly unreachable: readonly ServerName[] }>;
  /**
   * Does one action. Resolves with what it learned.
   * @param told how far long work has come
   * @throws LockstepError: `unexpected-answer`, QueryError, `connection-lost`, LoginError, …
   */
  send(action: Action, notes: Notes, signal: AbortSignal, told?: (progress: Progress) => void): Promise<Notes>;
  /** As `db1/control`. */
  readonly held: ReadonlySet<string>;
  /** Ends every session that the run holds. */
  close(): Promise<void>;
}

export interface EngineClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, only forward. */
  monotonic(): number;
  /** Rejects with the signal's reason when that aborts first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface Silences {
  /** @param labels those that the alert had: at least `alertname`, `cluster`, `server` */
  covers(
    labels: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<'no' | 'unknown' | { readonly by: string; readonly comment: string }>;
}
