import type { Clock } from './base/clock.js';
import { deadline } from './base/deadline.js';
import { messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import { nextTime } from './config/cron.js';
import type { Action } from './domain/action.js';
import type { Parameters, Scene } from './domain/scene.js';
import { recalled } from './engine/book.js';
import { nextStartsFor } from './engine/consider.js';
import type { Engine } from './engine/engine.js';
import type { Actor, Actors, SceneObserver } from './engine/ports.js';
import type { DrillResult } from './metrics/catalogue/automation.js';
import { switchover } from './procedures/switchover.js';
import type { Reason } from './procedures/switchover/checks/check.js';
import { readinessOf } from './procedures/switchover/readiness.js';

/** What stands against a switchover, as its pre-flight says it; `rehearsal`: a login as a replica would do it failed. */
export interface DrillObjection {
  readonly reason: Reason | 'rehearsal';
  readonly why: string;
}

/** What the newest drill found of one server that is not the primary. */
export interface Readiness {
  readonly cluster: string;
  readonly server: string;
  /** None: a switchover to it is possible. */
  readonly objections: readonly DrillObjection[];
}

/** The newest drills of one cluster, and by when the next is due. Times are milliseconds since the Unix epoch. */
export interface DrillTimes {
  readonly cluster: string;
  readonly ended: Readonly<Partial<Record<DrillResult, number>>>;
  /** undefined of a cluster that was configured since the start and has met no drill. */
  readonly due: number | undefined;
}

export interface DrillsOptions {
  readonly config: () => Config;
  readonly observer: SceneObserver;
  readonly actors: Actors;
  readonly engine: Engine;
  readonly log: Log;
  /** Takes every known secret out of a text. */
  readonly redact: (text: string) => string;
  readonly clock: Pick<Clock, 'now'>;
}

/** Milliseconds from the start: by then servers were looked at, and readiness is not to be unknown until the schedule's first time. */
export const firstDrillAfter = 10_000;

/** How long the look at a cluster, and then all that is tried for one server, may take, milliseconds. */
const lookWithin = 15_000;
const tryWithin = 60_000;

/**
 * Tries how far a switchover to each replica would come, and changes nothing: the pre-flight checks, then the logins of
 * the rehearsal and the announcers' `prepare`. No lock is taken, and nothing is tried while a run is open on the cluster.
 */
export class Drills {
  readonly #options: DrillsOptions;
  readonly #found = new Map<string, readonly Readiness[]>();
  readonly #ended = new Map<string, DrillTimes['ended']>();
  readonly #first: { readonly at: number; readonly clusters: ReadonlySet<string> };
  #atWork: Promise<void> | undefined;

  constructor(options: DrillsOptions) {
    this.#options = options;
    const clusters = new Set(options.config().clusters.map(({ name }) => name));
    this.#first = { at: options.clock.now() + firstDrillAfter, clusters };
  }

  /** What is known, from memory; a cluster that could not be drilled yet has none. */
  all(): readonly Readiness[] {
    return [...this.#found.values()].flat();
  }

  /** Of every cluster that is drilled: those whose operate account is configured. */
  times(): readonly DrillTimes[] {
    const { clusters, automation } = this.#options.config();
    if (automation === undefined) return [];
    return clusters.filter(isDrilled).map(({ name: cluster }) => {
      const ended = this.#ended.get(cluster) ?? {};
      if (ended.completed !== undefined) return { cluster, ended, due: nextTime(automation.drill, ended.completed) };
      const met = Object.values(ended);
      const due = this.#first.clusters.has(cluster) ? this.#first.at : met.length === 0 ? undefined : Math.min(...met);
      return { cluster, ended, due };
    });
  }

  /** One cluster after the other; whoever asks while a drill is at work waits for that one. */
  run(signal: AbortSignal): Promise<void> {
    this.#atWork ??= this.#all(signal).finally(() => (this.#atWork = undefined));
    return this.#atWork;
  }

  async #all(signal: AbortSignal): Promise<void> {
    const { config, engine, log } = this.#options;
    for (const { name } of config().clusters.filter(isDrilled)) {
      signal.throwIfAborted();
      if (this.#busy(name)) {
        this.#note(name, 'postponed');
        continue;
      }
      const ending = new AbortController();
      const unsubscribe = engine.subscribe(() => {
        if (this.#busy(name)) ending.abort(new Error('a run has begun'));
      });
      try {
        this.#found.set(name, await this.#cluster(name, AbortSignal.any([signal, ending.signal])));
        this.#note(name, 'completed');
      } catch (cause) {
        // What was found before stands, and the other clusters have their turn.
        if (signal.aborted) throw cause;
        this.#note(name, ending.signal.aborted ? 'postponed' : 'failed');
        if (ending.signal.aborted) log.info({ cluster: name }, 'a drill made room for a run');
        else log.warn({ cluster: name, error: messageOf(cause) }, 'a drill could not be carried out');
      } finally {
        unsubscribe();
      }
    }
  }

  #note(cluster: string, result: DrillResult): void {
    this.#ended.set(cluster, { ...this.#ended.get(cluster), [result]: this.#options.clock.now() });
  }

  #busy(cluster: string): boolean {
    const open = this.#options.engine.runs({ open: true, limit: Infinity });
    return open.some(({ parameters, state }) => parameters.cluster === cluster && state !== 'waiting');
  }

  async #cluster(cluster: string, signal: AbortSignal): Promise<readonly Readiness[]> {
    const { observer, engine, log } = this.#options;
    const limit = deadline(lookWithin, signal);
    const seen = await observer.look(cluster, limit.signal).finally(() => limit.clear());
    const scene = recalled(seen, engine.book);
    const found: Readiness[] = [];
    for (const { name: server } of scene.snapshot.servers) {
      const objections = await this.#server(scene, server, signal);
      if (objections === undefined) continue;
      found.push({ cluster, server, objections });
      if (objections.length > 0) log.info({ cluster, server, objections }, 'a switchover to this server is not possible'); // prettier-ignore
    }
    return found;
  }

  /** undefined of the primary. */
  async #server(seen: Scene, to: string, signal: AbortSignal): Promise<readonly DrillObjection[] | undefined> {
    const parameters = { cluster: seen.snapshot.cluster, to };
    const scene = { ...seen, ...(await this.#nextStarts(seen, parameters, signal)) };
    const refused = readinessOf(scene, to);
    if (refused === undefined) return undefined;
    if (refused.length > 0) return refused.map(({ reason, why }) => ({ reason, why }));
    const actions = switchover.steps(scene, parameters).flatMap(({ plan }) => plan).filter(changesNothing); // prettier-ignore
    const actor = this.#options.actors.open('drill', parameters.cluster);
    const limit = deadline(tryWithin, signal);
    try {
      const objections: DrillObjection[] = [];
      for (const action of actions) objections.push(...(await this.#tried(actor, action, limit.signal)));
      // What ran out of time has shown nothing of the server.
      limit.signal.throwIfAborted();
      return objections;
    } finally {
      limit.clear();
      await actor.close();
    }
  }

  async #nextStarts(scene: Scene, parameters: Parameters, signal: AbortSignal): Promise<Pick<Scene, 'nextStarts'>> {
    const limit = deadline(lookWithin, signal);
    return nextStartsFor(this.#options.observer, switchover, scene, parameters, limit.signal).finally(() => limit.clear()); // prettier-ignore
  }

  async #tried(actor: Actor, action: Action, signal: AbortSignal): Promise<readonly DrillObjection[]> {
    try {
      await actor.send(action, {}, signal);
      return [];
    } catch (cause) {
      const why = this.#options.redact(messageOf(cause));
      return [{ reason: action.kind === 'login' ? 'rehearsal' : 'announcer-failing', why }];
    }
  }
}

function isDrilled({ accounts }: Config['clusters'][number]): boolean {
  return accounts.operate !== undefined;
}

/** A login with a replica's files, and announcers that make ready. */
function changesNothing(action: Action): boolean {
  return action.kind === 'login' || (action.kind === 'announce' && action.act === 'prepare');
}
