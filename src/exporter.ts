import { systemClock, type Clock } from './base/clock.js';
import { Turns } from './base/turns.js';
import type { ClusterConfig, Config } from './config/config.js';
import { defaultThresholds, problemsOf, type Problem } from './domain/problems.js';
import type { Address, ClusterName, CollectorName, ServerName } from './domain/snapshot.js';
import type { Role } from './domain/topology.js';
import { compatibilitySamples } from './metrics/compatibility.js';
import { render, renderPieces, type Format } from './metrics/exposition.js';
import type { Family } from './metrics/families.js';
import { clusterSamples, serverSamples } from './metrics/samples.js';
import type { ClusterView } from './observe/cluster.js';
import type { Observer } from './observe/observer.js';
import { certificateIn } from './own-certificate-seen.js';

/** How long a question for a role may take, and how old its answer may be. Milliseconds. */
const roleWithin = 2000;
/** How long that page is written before others have a turn. */
const millisecondsPerTurn = 5;

/** Whatever has metrics of its own. */
interface FamilySource {
  families(): Promise<readonly Family[]>;
}

/** What the exporter's pages say, under one configuration. */
export class Exporter {
  /** Every configured server, in the order of the configuration. */
  readonly targets: readonly {
    readonly cluster: ClusterName;
    readonly server: ServerName;
    readonly address: Address;
  }[];

  constructor(
    readonly config: Config,
    readonly observer: Observer,
    /** Told of a series that could not be written. */
    readonly refused: (fault: string) => void,
    readonly clock: Clock = systemClock,
    /** What is wrong with a cluster's announcers; undefined where nobody reads them back. */
    readonly announced: (cluster: ClusterName) => readonly Problem[] | undefined = () => undefined,
  ) {
    this.targets = config.clusters.flatMap((cluster) =>
      cluster.servers.map((server) => ({ cluster: cluster.name, server: server.name, address: server.address })),
    );
  }

  /** The page of one configured server. */
  async probe(
    cluster: ClusterName,
    server: ServerName,
    options: {
      readonly collectors: ReadonlySet<CollectorName> | undefined;
      readonly signal: AbortSignal;
      readonly format: Format;
    },
  ): Promise<string> {
    const { collectors, signal, format } = options;
    const snapshot = await this.observer.look(cluster, server, {
      signal,
      ...(collectors === undefined ? {} : { collectors }),
    });
    const families = [
      ...serverSamples(snapshot, collectors),
      ...(this.config.compatibility === undefined ? [] : compatibilitySamples(snapshot)),
    ];
    return this.#rendered(families, format);
  }

  /**
   * Lockstep's own page: clusters, itself, and the servers too when configured so. With hundreds of clusters it is long
   * work, so it is done in turns, between which probes are answered.
   * @param own what Lockstep tells of itself
   */
  async metrics(
    own: readonly FamilySource[],
    { signal, format }: { readonly signal: AbortSignal; readonly format: Format },
  ): Promise<string> {
    const turns = new Turns();
    const clusters = await Promise.all(
      this.config.clusters.map(async (cluster) => this.#clusterFamilies(cluster, signal, turns)),
    );
    const itself = await Promise.all(own.map((source) => source.families()));
    const all = [...clusters.flat(), ...itself.flat()];
    let text = '';
    let began = performance.now();
    for (const piece of renderPieces(all, format, this.refused)) {
      text += piece;
      if (performance.now() - began < millisecondsPerTurn) continue;
      await turns.take();
      began = performance.now();
    }
    return text;
  }

  /**
   * The role of one configured server, as its cluster shows it now. `unknown` when it could not be asked. A load
   * balancer waits for this: a member that hangs may not hold it up.
   */
  async roleOf(cluster: ClusterName, server: ServerName): Promise<Role> {
    const { snapshot, topology } = await this.observer.lookAtCluster(cluster, {
      signal: AbortSignal.timeout(roleWithin),
      maxAge: roleWithin,
    });
    const asked = snapshot.servers.some(({ name, facts }) => name === server && facts !== undefined);
    return asked ? (topology.roles[server] ?? 'unknown') : 'unknown';
  }

  /** A configured cluster as it was seen lately, and what is wrong with it. */
  async report(
    cluster: ClusterName,
    signal: AbortSignal,
  ): Promise<{ readonly view: ClusterView; readonly problems: readonly Problem[] }> {
    const thresholds = this.config.clusters.find(({ name }) => name === cluster)?.thresholds ?? defaultThresholds;
    const view = await this.#view(cluster, signal);
    const { snapshot, topology, relations } = view;
    const problems = problemsOf(snapshot, topology, relations, thresholds, this.clock.now() / 1000);
    return { view, problems: [...problems, ...(this.announced(cluster) ?? [])] };
  }

  async #clusterFamilies(
    { name, thresholds, tls }: ClusterConfig,
    signal: AbortSignal,
    turns: Turns,
  ): Promise<readonly Family[]> {
    await turns.take();
    const { snapshot, topology, relations } = await this.#view(name, signal);
    // All that hang give up at once, when the signal ends.
    await turns.take();
    const problems = problemsOf(snapshot, topology, relations, thresholds, this.clock.now() / 1000);
    const told = this.announced(name);
    const presented =
      tls.mode === 'disabled' || tls.certFile === undefined ? undefined : await certificateIn(tls.certFile);
    const servers = this.config.metrics.servers ? snapshot.servers : [];
    return [
      ...clusterSamples(snapshot, topology, relations, [...problems, ...(told ?? [])], told !== undefined, presented),
      ...servers.flatMap((server) => [
        ...serverSamples(server),
        ...(this.config.compatibility === undefined ? [] : compatibilitySamples(server)),
      ]),
    ];
  }

  #view(name: ClusterName, signal: AbortSignal): Promise<ClusterView> {
    return this.observer.lookAtCluster(name, { signal, maxAge: this.config.observe.freshnessSeconds * 1000 });
  }

  /** A series that must not be is left out, counted and logged: the rest of the page still stands. */
  #rendered(families: readonly Family[], format: Format): string {
    return render(families, format, this.refused);
  }
}
