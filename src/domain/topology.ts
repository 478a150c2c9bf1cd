import { linksOf, ringMembers } from './links.js';
import type { Address, ClusterSnapshot, ServerName, ServerSnapshot } from './snapshot.js';

/**
 * `intermediate` replicates and is replicated from; `standalone` neither; `unknown` could not be asked and nobody
 * points at it. A server that is down keeps `primary` when the replicas that can be asked follow it; it is
 * `intermediate` when they follow it although another server is the primary.
 */
export type Role = 'primary' | 'replica' | 'intermediate' | 'standalone' | 'unknown';

export type TopologyKind = 'async' | 'circular' | 'galera' | 'group-replication' | 'managed';

/** One channel, with the configured server that it reads from, when it is one of the cluster's. */
export interface Link {
  readonly replica: ServerName;
  readonly channel: string;
  readonly source: ServerName | undefined;
  readonly address: Address;
}

export interface Topology {
  readonly kind: TopologyKind;
  /** Undefined when there is none, or when several servers could be it. */
  readonly primary: ServerName | undefined;
  readonly roles: Readonly<Record<ServerName, Role>>;
  readonly links: readonly Link[];
  /** Servers that were asked and accept writes. */
  readonly writable: readonly ServerName[];
}

export function topologyOf(snapshot: ClusterSnapshot): Topology {
  const links = linksOf(snapshot);
  const rings = ringMembers(links);
  const places = snapshot.servers.map((server) => placeOf(server, links, rings));
  const primary = primaryOf(places);
  return {
    kind: kindOf(snapshot, rings),
    primary,
    roles: Object.fromEntries(places.map((place) => [place.name, roleOf(place, primary)])),
    links,
    writable: places.filter(({ writable }) => writable).map(({ name }) => name),
  };
}

/** Whether the server was asked and accepts writes of ordinary accounts. */
export function isWritable(server: ServerSnapshot): boolean {
  const state = server.facts?.state;
  return state !== undefined && !state.readOnly && state.superReadOnly !== true;
}

/** Where one server stands, as far as the links tell. */
interface Place {
  readonly name: ServerName;
  readonly writable: boolean;
  readonly grouped: boolean;
  /** Undefined when its channels are not known. */
  readonly replicates: boolean | undefined;
  /** It replicates, but from no server of the cluster. */
  readonly fromOutside: boolean;
  readonly followers: readonly ServerName[];
  readonly inRing: boolean;
}

function placeOf(server: ServerSnapshot, links: readonly Link[], rings: ReadonlySet<ServerName>): Place {
  const channels = server.facts?.channels;
  const own = links.filter(({ replica }) => replica === server.name);
  return {
    name: server.name,
    writable: isWritable(server),
    grouped: server.facts?.identity.grouping !== undefined,
    replicates: channels === undefined ? undefined : channels.length > 0,
    fromOutside: own.length > 0 && own.every(({ source }) => source === undefined),
    followers: [...new Set(links.filter(({ source }) => source === server.name).map(({ replica }) => replica))],
    inRing: rings.has(server.name),
  };
}

/**
 * The one writable server at the head of the cluster (in a ring: its one writable member). When nothing at the head
 * is writable, the one server that others follow and that follows nobody, up or down; last, the one writable server
 * that is followed and itself replicates only from outside. Several of the same rank: nobody.
 */
function primaryOf(places: readonly Place[]): ServerName | undefined {
  const followed = ({ followers }: Place) => followers.length > 0;
  const head = (place: Place) => place.replicates === false || (place.replicates === undefined && followed(place));
  const ranks = [
    places.filter((place) => place.writable && (head(place) || place.inRing)),
    places.filter((place) => head(place) && followed(place)),
    places.filter((place) => place.writable && place.fromOutside && followed(place)),
  ];
  const first = ranks.find((rank) => rank.length > 0) ?? [];
  return first.length === 1 ? first[0]?.name : undefined;
}

function roleOf(place: Place, primary: ServerName | undefined): Role {
  if (place.name === primary) return 'primary';
  const followed = place.followers.length > 0;
  if (place.replicates === undefined) {
    if (!followed) return 'unknown';
    return primary === undefined ? 'primary' : 'intermediate';
  }
  if (place.replicates) {
    // In a ring the primary reads back from its replica; that alone does not make it an intermediate.
    return place.followers.some((follower) => follower !== primary) ? 'intermediate' : 'replica';
  }
  if (place.grouped) return place.writable ? 'primary' : 'replica';
  return followed ? 'primary' : 'standalone';
}

function kindOf(snapshot: ClusterSnapshot, rings: ReadonlySet<ServerName>): TopologyKind {
  const identities = snapshot.servers.flatMap(({ facts }) => (facts === undefined ? [] : [facts.identity]));
  const grouping = identities.find((identity) => identity.grouping !== undefined)?.grouping;
  if (grouping !== undefined) return grouping;
  if (identities.some(({ managed }) => managed !== undefined)) return 'managed';
  return rings.size > 0 ? 'circular' : 'async';
}
