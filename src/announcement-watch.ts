import type { AnnouncerShelf } from './announcers.js';
import { deadline } from './base/deadline.js';
import { messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { ClusterConfig, Config } from './config/config.js';
import type { Announcement, AnnouncerName } from './domain/announcement.js';
import type { ClusterName, ServerName } from './domain/snapshot.js';
import type { RunView } from './engine/run.js';
import type { Observer } from './observe/observer.js';
import { procedures } from './procedures/index.js';

/** Whether what an announcer tells is the primary that is seen on the servers. */
export interface AnnouncementMatch {
  readonly cluster: ClusterName;
  readonly announcer: AnnouncerName;
  readonly matches: boolean;
}

export interface WatchOptions {
  /** The configuration of now. */
  readonly config: () => Config;
  /** The eyes of now. */
  readonly observer: () => Pick<Observer, 'lookAtCluster'>;
  readonly shelf: Pick<AnnouncerShelf, 'readBack'>;
  /** Runs that have not ended. */
  readonly open: () => readonly Pick<RunView, 'procedure' | 'state' | 'parameters'>[];
  readonly log: Log;
}

/** At most so often, milliseconds. */
const leastPause = 1000;
/** How long one comparison may take, milliseconds. */
const within = 10_000;

/**
 * Reads every announcer back as often as a look stays fresh (`observe.freshness`, 15 s), and compares it with the
 * primary that is seen. It changes nothing.
 */
export class AnnouncementWatch {
  readonly #matches = new Map<ClusterName, readonly AnnouncementMatch[]>();
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(readonly options: WatchOptions) {}

  /** As they were last seen; none for a cluster whose primary is not known, or before the first comparison. */
  get matches(): readonly AnnouncementMatch[] {
    const { clusters } = this.options.config();
    return clusters.flatMap(({ name, announcers }) =>
      (this.#matches.get(name) ?? []).filter((match) => announcers.some((one) => one.name === match.announcer)),
    );
  }

  start(): void {
    if (this.#stopped.signal.aborted) return;
    this.#round = this.#all().finally(() => {
      if (this.#stopped.signal.aborted) return;
      const pause = Math.max(leastPause, this.options.config().observe.freshnessSeconds * 1000);
      this.#timer = setTimeout(() => this.start(), pause);
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #all(): Promise<void> {
    const watched = this.options.config().clusters.filter(({ announcers }) => announcers.length > 0);
    await Promise.all(watched.map((cluster) => this.#compare(cluster)));
  }

  async #compare(cluster: ClusterConfig): Promise<void> {
    const { observer, shelf, log, config } = this.options;
    const { name } = cluster;
    // While the primary changes, servers and announcers differ for a moment, as they must.
    if (this.#changing(name)) return;
    const limit = deadline(within, this.#stopped.signal);
    try {
      const maxAge = config().observe.freshnessSeconds * 1000;
      const [{ topology }, told = []] = await Promise.all([
        observer().lookAtCluster(name, { signal: limit.signal, maxAge }),
        shelf.readBack(cluster, limit.signal),
      ]);
      if (this.#stopped.signal.aborted || this.#changing(name)) return;
      this.#take(name, matchesOf(name, topology.primary, told), told, topology.primary);
    } catch (thrown) {
      if (!this.#stopped.signal.aborted) log.warn({ cluster: name, error: messageOf(thrown) }, 'announcements could not be compared'); // prettier-ignore
    } finally {
      limit.clear();
    }
  }

  /** What is new is told once. */
  #take(
    cluster: ClusterName,
    now: readonly AnnouncementMatch[],
    told: readonly Announcement[],
    primary: ServerName | undefined,
  ): void {
    const before = this.#matches.get(cluster) ?? [];
    this.#matches.set(cluster, now);
    for (const { announcer, matches } of now) {
      const was = before.find((one) => one.announcer === announcer)?.matches ?? true;
      if (was === matches) continue;
      const { found, failure } = told.find((one) => one.announcer === announcer) ?? {};
      const what = { cluster, announcer, primary, found, failure };
      if (matches) this.options.log.info(what, 'the announcer tells applications of the primary again');
      else this.options.log.warn(what, 'the announcer does not tell applications of the primary');
    }
  }

  #changing(cluster: ClusterName): boolean {
    return this.options
      .open()
      .some(
        ({ procedure, state, parameters }) =>
          parameters.cluster === cluster &&
          (state === 'running' || state === 'undoing') &&
          procedures[procedure]?.locks === 'cluster',
      );
  }
}

/** One that cannot be read is not known to match. Without a known primary there is nothing to compare with. Pure. */
export function matchesOf(
  cluster: ClusterName,
  primary: ServerName | undefined,
  told: readonly Announcement[],
): readonly AnnouncementMatch[] {
  if (primary === undefined) return [];
  return told.map(({ announcer, says, failure }) => ({
    cluster,
    announcer,
    matches: failure === undefined && says === primary,
  }));
}
