import { siteAnnouncersOf, type AnnouncerShelf } from './announcers.js';
import { deadline } from './base/deadline.js';
import { messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { ClusterConfig, Config } from './config/config.js';
import type { AnnouncerName } from './domain/announcement.js';
import {
  comparedAnnouncements,
  comparedReaders,
  type AnnouncementSight,
  type Compared,
} from './domain/problems/announcements.js';
import type { Problem } from './domain/problems.js';
import { readAnnouncers } from './domain/readers.js';
import type { ClusterName, ServerName } from './domain/snapshot.js';
import type { RunView } from './engine/run.js';
import type { Observer } from './observe/observer.js';
import { procedures } from './procedures/index.js';

/** Whether what an announcer tells is what is seen on the servers and in the journal. */
export interface AnnouncementMatch {
  readonly cluster: ClusterName;
  readonly announcer: AnnouncerName;
  readonly matches: boolean;
}

/** Whether applications read from a server, by one announcer. */
export interface Reader {
  readonly cluster: ClusterName;
  readonly announcer: AnnouncerName;
  readonly server: ServerName;
  readonly reads: boolean;
}

/** What one comparison of a cluster has shown. */
interface Comparison {
  readonly announcements: readonly Compared[];
  readonly readSides: readonly Compared[];
  readonly readers: readonly Omit<Reader, 'cluster'>[];
}

export interface WatchOptions {
  /** The configuration of now. */
  readonly config: () => Config;
  /** The eyes of now. */
  readonly observer: () => Pick<Observer, 'lookAtCluster'>;
  readonly shelf: Pick<AnnouncerShelf, 'readBack' | 'readReaders'>;
  /** Runs that have not ended. */
  readonly open: () => readonly Pick<RunView, 'procedure' | 'state' | 'parameters'>[];
  /** Servers that applications are not to read from, as the journal tells. */
  readonly withdrawn: (cluster: ClusterName) => readonly ServerName[];
  readonly log: Log;
}

/** At most so often, milliseconds. */
const leastPause = 1000;
/** How long one comparison may take, milliseconds. */
const within = 10_000;

/**
 * Reads every announcer back as often as a look stays fresh (`observe.freshness`, 15 s), and compares it with the
 * primary that is seen, and from whom applications read with who is not withdrawn. It changes nothing.
 */
export class AnnouncementWatch {
  readonly #last = new Map<ClusterName, Comparison>();
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(readonly options: WatchOptions) {}

  /** As they were last seen; none for a cluster whose primary is not known, or before the first comparison. */
  get matches(): readonly AnnouncementMatch[] {
    return this.#told(({ announcements }) => announcements);
  }

  /** The same of those that lead readers. */
  get readSides(): readonly AnnouncementMatch[] {
    return this.#told(({ readSides }) => readSides);
  }

  /** Of those that lead readers, every server that they may lead to. */
  get readers(): readonly Reader[] {
    return this.#told(({ readers }) => readers);
  }

  /** What was wrong when they were last seen; undefined before the first comparison, and where there are none. */
  problems(cluster: ClusterName): readonly Problem[] | undefined {
    const configured = this.options.config().clusters.find(({ name }) => name === cluster);
    if (configured === undefined || configured.announcers.length === 0 || !this.#last.has(cluster)) return undefined;
    const compared = this.#known(configured, ({ announcements, readSides }) => [...announcements, ...readSides]);
    return compared.flatMap(({ problem }) => problem ?? []);
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
      const [{ topology }, announcements = [], readSides = []] = await Promise.all([
        observer().lookAtCluster(name, { signal: limit.signal, maxAge }),
        shelf.readBack(cluster, limit.signal),
        shelf.readReaders(cluster, limit.signal),
      ]);
      if (this.#stopped.signal.aborted || this.#changing(name)) return;
      const { primary } = topology;
      const withdrawn = this.options.withdrawn(name);
      this.#take(name, { announcers: siteAnnouncersOf(cluster), announcements, readSides, withdrawn, primary });
    } catch (thrown) {
      if (!this.#stopped.signal.aborted) log.warn({ cluster: name, error: messageOf(thrown) }, 'announcements could not be compared'); // prettier-ignore
    } finally {
      limit.clear();
    }
  }

  /** What is new is told once. */
  #take(cluster: ClusterName, sight: AnnouncementSight): void {
    const before = this.#last.get(cluster);
    const now = comparisonOf(sight);
    this.#last.set(cluster, now);
    const about = { cluster, primary: sight.primary };
    this.#tell(about, before?.announcements, now.announcements, 'the announcer tells applications of the primary');
    this.#tell(about, before?.readSides, now.readSides, 'the announcer leads readers as it should');
  }

  #tell(about: object, before: readonly Compared[] = [], now: readonly Compared[], well: string): void {
    for (const { announcer, matches, problem } of now) {
      const was = before.find((one) => one.announcer === announcer)?.matches ?? true;
      if (was === matches) continue;
      if (matches) this.options.log.info({ ...about, announcer }, `${well} again`);
      else this.options.log.warn({ ...about, announcer, problem: problem?.message }, `it is not so: ${well}`);
    }
  }

  #told<One extends { readonly announcer: AnnouncerName }>(
    of: (comparison: Comparison) => readonly One[],
  ): readonly (One & { readonly cluster: ClusterName })[] {
    return this.options
      .config()
      .clusters.flatMap((cluster) => this.#known(cluster, of).map((one) => ({ ...one, cluster: cluster.name })));
  }

  /** Of announcers that the configuration of now has. */
  #known<One extends { readonly announcer: AnnouncerName }>(
    { name, announcers }: ClusterConfig,
    of: (comparison: Comparison) => readonly One[],
  ): readonly One[] {
    const last = this.#last.get(name);
    return last === undefined
      ? []
      : of(last).filter(({ announcer }) => announcers.some((one) => one.name === announcer));
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

/** Pure. */
export function comparisonOf(sight: AnnouncementSight): Comparison {
  const readers = readAnnouncers(sight.announcers).flatMap(({ name: announcer, readers: { servers } }) => {
    const seen = sight.readSides.find((one) => one.announcer === announcer);
    if (seen === undefined || seen.failure !== undefined) return [];
    const those = [...new Set([...servers, ...seen.readers])];
    return those.map((server) => ({ announcer, server, reads: seen.readers.includes(server) }));
  });
  return { announcements: comparedAnnouncements(sight), readSides: comparedReaders(sight), readers };
}
