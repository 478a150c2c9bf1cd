import { parseMariadbGtids, type MariadbGtids } from './gtid-mariadb.js';
import { parseGtidSet, type GtidSet } from './gtid-mysql.js';
import type { Channel, ClusterSnapshot, GtidFacts, ServerName, ServerSnapshot } from './snapshot.js';
import type { Link, Topology } from './topology.js';

/** A cluster's servers by name, with what is worked out once per look and needed for several relations. */
export interface Members {
  readonly servers: readonly ServerSnapshot[];
  readonly topology: Topology;
  readonly server: (name: ServerName | undefined) => ServerSnapshot | undefined;
  /** Undefined when the server gave none, or one that cannot be read. */
  readonly gtids: (name: ServerName | undefined) => KnownGtids | undefined;
  /** The id that the server says, or that its replicas learned from it; undefined when neither is known. */
  readonly serverId: (name: ServerName | undefined) => number | undefined;
  /** The links of one replica, or all that lead to one source. */
  readonly linksFrom: (replica: ServerName) => readonly Link[];
  readonly linksTo: (source: ServerName) => readonly Link[];
  readonly channel: (link: Link) => Channel | undefined;
}

export type KnownGtids =
  | { readonly kind: 'mysql'; readonly executed: GtidSet; readonly purged: GtidSet }
  | {
      readonly kind: 'mariadb';
      readonly binlogPos: MariadbGtids;
      readonly binlogState: MariadbGtids;
      readonly slavePos: MariadbGtids;
      readonly currentPos: MariadbGtids;
    };

export function membersOf(snapshot: ClusterSnapshot, topology: Topology): Members {
  const byName = new Map(snapshot.servers.map((server) => [server.name, server]));
  const gtids = new Map(snapshot.servers.map(({ name, facts }) => [name, gtidsOf(facts?.gtid)]));
  const channel = (link: Link) => byName.get(link.replica)?.facts?.channels?.find(({ name }) => name === link.channel);
  const linksTo = (source: ServerName) => topology.links.filter((link) => link.source === source);
  const learnedId = (name: ServerName) =>
    linksTo(name)
      .map((link) => channel(link)?.source.serverId)
      .find((id) => id !== undefined && id !== 0);
  return {
    servers: snapshot.servers,
    topology,
    server: (name) => (name === undefined ? undefined : byName.get(name)),
    gtids: (name) => (name === undefined ? undefined : gtids.get(name)),
    serverId: (name) =>
      name === undefined ? undefined : (byName.get(name)?.facts?.identity.serverId ?? learnedId(name)),
    linksFrom: (replica) => topology.links.filter((link) => link.replica === replica),
    linksTo,
    channel,
  };
}

/**
 * MySQL with gtid_mode OFF or OFF_PERMISSIVE gives new transactions no GTID, so its sets tell nothing about the present.
 * A text that cannot be read (a notation newer than this) is unknown too: one server must not blind the look at the rest.
 */
function gtidsOf(facts: GtidFacts | undefined): KnownGtids | undefined {
  if (facts === undefined) return undefined;
  try {
    if (facts.kind === 'mariadb')
      return {
        kind: 'mariadb',
        binlogPos: parseMariadbGtids(facts.binlogPos),
        binlogState: parseMariadbGtids(facts.binlogState),
        slavePos: parseMariadbGtids(facts.slavePos),
        currentPos: parseMariadbGtids(facts.currentPos),
      };
    if (facts.mode === 'OFF' || facts.mode === 'OFF_PERMISSIVE') return undefined;
    return { kind: 'mysql', executed: parseGtidSet(facts.executed), purged: parseGtidSet(facts.purged) };
  } catch {
    return undefined;
  }
}
