import type { Address, ClusterSnapshot, ServerName } from './snapshot.js';

/**
 * `intermediate` replicates and is replicated from; `standalone` neither; `unknown` could not be asked and nobody
 * points at it. A server that is down keeps `primary` when the replicas that can be asked follow it.
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
  readonly primary: ServerName | undefined;
  readonly roles: Readonly<Record<ServerName, Role>>;
  readonly links: readonly Link[];
  /** Servers that were asked and accept writes. */
  readonly writable: readonly ServerName[];
}

export declare function topologyOf(snapshot: ClusterSnapshot): Topology;
