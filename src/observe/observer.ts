import pLimit from 'p-limit';
import type { Clock } from '../base/clock.js';
import { LockstepError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { ClusterName, CollectorName, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import { type ClusterView, type Thorough, lookAtCluster } from './cluster.js';
import { Pauses } from './pauses.js';
import { Watch, type Watched, everyCollector } from './watch.js';

export interface ObserverOptions {
  readonly servers: readonly Watched[];
  readonly clock: Clock;
  readonly log: Log;
  /** How long one look, or one login, may take, milliseconds. */
  readonly timeout: number;
  /** How often a fresh login replaces the kept one and slow questions are asked, milliseconds. */
  readonly slowInterval: number;
  /** Told of every look at a server that asked everything. */
  readonly seen?: (snapshot: ServerSnapshot) => void;
  /** Told of every look at a server, whatever it asked. */
  readonly looked?: (snapshot: ServerSnapshot) => void;
}

/** How many logins may be under way at once, over all servers: each is a TLS handshake on one core. */
const concurrentLogins = 32;

/** The one pair of eyes: every room that wants to know something of a server asks here. */
export class Observer {
  readonly #clusters = new Map<ClusterName, Map<ServerName, Watch>>();
  readonly #handedOn = new Set<Watch>();
  readonly #pauses: Pauses;

  /** @param before whose eyes on servers that are configured as before go on in this one, with their sessions */
  constructor(
    readonly options: ObserverOptions,
    before?: Observer,
  ) {
    this.#pauses = before === undefined ? new Pauses() : before.#pauses;
    const limit = pLimit(concurrentLogins);
    const queue = <R>(work: () => Promise<R>) => limit(work);
    for (const watched of options.servers) {
      const cluster = this.#clusters.get(watched.cluster) ?? new Map<ServerName, Watch>();
      const watch =
        (before === undefined ? undefined : before.#handOn(watched)) ?? new Watch(watched, { ...options, queue });
      this.#clusters.set(watched.cluster, cluster.set(watched.name, watch));
    }
  }

  /** How many looks were answered by one that was under way already, since the start. */
  get shared(): number {
    return this.#watches().reduce((sum, watch) => sum + watch.shared, 0);
  }

  /** @throws LockstepError `unknown-server` for one that the configuration does not name: nothing else is ever connected to */
  async look(
    cluster: ClusterName,
    server: ServerName,
    options: { signal: AbortSignal; collectors?: ReadonlySet<CollectorName> },
  ): Promise<ServerSnapshot> {
    const watch = this.#watchesOf(cluster).get(server);
    if (watch === undefined) throw unknown('server', `${cluster}/${server}`);
    await this.#pauses.over(cluster, options.signal);
    if (options.signal.aborted && watch.newest !== undefined) return watch.newest;
    return watch.look(options.collectors ?? everyCollector, options.signal);
  }

  /**
   * @param options.maxAge milliseconds; looks not older than this are taken as they are, default 0
   * @param options.thorough looks that begin now and ask everything, whatever the age of others, and wait for no pause;
   * `anew`: after a fresh login of each server; `promptly`: without what waits while commits wait for a replica
   * @param options.unpaused waits for no pause
   * @throws LockstepError `unknown-cluster`
   */
  async lookAtCluster(
    cluster: ClusterName,
    options: { signal: AbortSignal; maxAge?: number; thorough?: Thorough; unpaused?: boolean },
  ): Promise<ClusterView> {
    const watches = this.#watchesOf(cluster);
    if ((options.thorough ?? false) === false && options.unpaused !== true && this.#pauses.has(cluster)) {
      await this.#pauses.over(cluster, options.signal);
      // Whoever could not wait so long is told what was seen before.
      if (options.signal.aborted) options = { ...options, maxAge: Infinity };
    }
    const now = () => this.options.clock.now();
    return lookAtCluster(cluster, watches, { ...options, maxAge: options.maxAge ?? 0, now });
  }

  /**
   * Looks that others ask for at this cluster wait until the returned function is called, or five seconds have passed.
   * Also those of an observer that takes this one's place meanwhile.
   */
  pause(cluster: ClusterName): () => void {
    return this.#pauses.begin(cluster);
  }

  /** The eyes on every server whose cluster is not paused. */
  unpaused(): readonly Watch[] {
    return [...this.#clusters].flatMap(([cluster, watches]) =>
      this.#pauses.has(cluster) ? [] : [...watches.values()],
    );
  }

  /** Lets looks under way end, then ends every session that was not handed on. */
  async close(): Promise<void> {
    await Promise.all(this.#watches().map((watch) => (this.#handedOn.has(watch) ? Promise.resolve() : watch.close())));
  }

  #watches(): Watch[] {
    return [...this.#clusters.values()].flatMap((watches) => [...watches.values()]);
  }

  #handOn({ cluster, name, key }: Watched): Watch | undefined {
    const watch = this.#clusters.get(cluster)?.get(name);
    if (watch?.watched.key !== key) return undefined;
    this.#handedOn.add(watch);
    return watch;
  }

  #watchesOf(cluster: ClusterName): ReadonlyMap<ServerName, Watch> {
    const watches = this.#clusters.get(cluster);
    if (watches === undefined) throw unknown('cluster', cluster);
    return watches;
  }
}

function unknown(what: 'cluster' | 'server', name: string): LockstepError {
  return new LockstepError(
    `unknown-${what}`,
    `the configuration names no ${what} "${name}"`,
    'Only what it names is ever looked at.',
  );
}
