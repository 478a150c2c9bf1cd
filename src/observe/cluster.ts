import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../base/deadline.js';
import { commitTakes } from '../domain/errant.js';
import { relationsOf, type Relations } from '../domain/relations.js';
import type { ClusterName, ClusterSnapshot, CollectorName, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import { topologyOf, type Topology } from '../domain/topology.js';
import { everyCollector, type LookKind, type Watch } from './watch.js';

/** A cluster at one moment, with what follows from it. */
export interface ClusterView {
  readonly snapshot: ClusterSnapshot;
  readonly topology: Topology;
  readonly relations: Relations;
}

const gtidOnly: ReadonlySet<CollectorName> = new Set(['gtid']);
/** What MariaDB answers also while commits wait for a replica. */
const prompt: ReadonlySet<CollectorName> = new Set([...everyCollector].filter((name) => name !== 'binlog'));

/**
 * How long to wait before each reading anew, milliseconds. The first one settles nearly all; the last one comes late
 * enough for a source that is still at the commit. A chain of as many sources is settled; in a ring no order of reading is late
 * enough for everybody.
 */
const rounds = [0, 20, commitTakes];

/**
 * What a server that hung at the last look is given to answer again, milliseconds: the others are not to wait for it. Many
 * times what a login takes; a slower one answers the look after, for its look goes on meanwhile.
 */
const hungWithin = 250;

/** `anew`: after a fresh login. `promptly`: without the binary log, whose statements wait on MariaDB while commits wait for a replica. */
export type Thorough = boolean | 'anew' | 'promptly';

/**
 * Look at every server of a cluster at once, keeping looks that are not older than `maxAge`.
 *
 * Transactions go on while servers are read one beside the other: a replica read after its source seems to hold
 * errant transactions. Where that could be so, the sources' GTID are read once more, later than the replicas.
 * @param now ours, milliseconds @param maxAge milliseconds
 */
export async function lookAtCluster(
  cluster: ClusterName,
  watches: ReadonlyMap<ServerName, Watch>,
  options: { signal: AbortSignal; maxAge: number; thorough?: Thorough; now: () => number },
): Promise<ClusterView> {
  const at = options.now();
  const look = async (watch: Watch): Promise<ServerSnapshot> => {
    const { newest } = watch;
    // A look from the future is one from before our clock was put back, and nobody knows how old it is.
    const age = newest === undefined ? -1 : at - newest.at;
    if ((options.thorough ?? false) === false && newest !== undefined && age >= 0 && age <= options.maxAge)
      return newest;
    const hung = newest?.failure?.reason === 'timeout';
    const collectors = options.thorough === 'promptly' ? prompt : everyCollector;
    const lookAt = (signal: AbortSignal) => watch.look(collectors, signal, kindOf(options.thorough));
    return hung ? within(hungWithin, options.signal, lookAt) : lookAt(options.signal);
  };
  let servers = await Promise.all([...watches.values()].map((watch) => look(watch)));
  let view = viewOf({ cluster, at, servers });
  for (const wait of rounds) {
    const again = unsettledSources(view);
    if (again.size > 0 && wait > 0) await pause(wait);
    if (again.size === 0 || options.signal.aborted) break;
    servers = await Promise.all(
      servers.map(async (server) => {
        const watch = again.has(server.name) ? watches.get(server.name) : undefined;
        return watch === undefined ? server : withGtid(server, await watch.look(gtidOnly, options.signal));
      }),
    );
    view = viewOf({ cluster, at, servers });
  }
  return view;
}

export function viewOf(snapshot: ClusterSnapshot): ClusterView {
  const topology = topologyOf(snapshot);
  return { snapshot, topology, relations: relationsOf(snapshot, topology) };
}

function unsettledSources({ topology, relations }: ClusterView): Set<ServerName> {
  const unsettled = new Set(
    relations.servers.filter((server) => server.errantUnsettled).map((server) => server.server),
  );
  return new Set(
    topology.links.flatMap((link) => (unsettled.has(link.replica) && link.source !== undefined ? [link.source] : [])),
  );
}

/** A look at the GTID alone lends its positions, and its time, to the full look before it. */
function withGtid(full: ServerSnapshot, newer: ServerSnapshot): ServerSnapshot {
  if (full.facts === undefined || newer.facts?.gtid === undefined) return full;
  return {
    ...full,
    at: newer.at,
    durationSeconds: newer.durationSeconds,
    facts: { ...full.facts, gtid: newer.facts.gtid },
  };
}

function kindOf(thorough: Thorough | undefined): LookKind | undefined {
  if (thorough === 'anew') return 'anew';
  return (thorough ?? false) === false ? undefined : 'thorough';
}
