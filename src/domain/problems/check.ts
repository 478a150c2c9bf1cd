import type { Problem, ProblemName, Thresholds } from '../problems.js';
import type { ChannelRelation, Relations, ServerRelation } from '../relations.js';
import type { Channel, ClusterSnapshot, ServerFacts, ServerName, ServerSnapshot } from '../snapshot.js';
import type { Topology } from '../topology.js';

/** What a check looks at. `at` is seconds since the Unix epoch. */
export interface Sight {
  readonly snapshot: ClusterSnapshot;
  readonly topology: Topology;
  readonly relations: Relations;
  readonly thresholds: Thresholds;
  readonly at: number;
}

/** One pure check; `[]` when all is well or nothing is known. */
export type Check = (sight: Sight) => readonly Problem[];

export function found(name: ProblemName, server: ServerName | undefined, message: string, channel?: string): Problem {
  return { name, severity: severities[name], server, channel, message };
}

/** A check of each server that was asked. */
export function ofEachServer(
  check: (server: ServerSnapshot, facts: ServerFacts, sight: Sight) => readonly Problem[],
): Check {
  return (sight) =>
    sight.snapshot.servers.flatMap((server) => (server.facts === undefined ? [] : check(server, server.facts, sight)));
}

/** A check of each server that was asked, with what relates it to the others. */
export function ofEachRelation(
  check: (relation: ServerRelation, server: ServerSnapshot, sight: Sight) => Problem | undefined,
): Check {
  return (sight) =>
    sight.relations.servers.flatMap((relation) => {
      const server = sight.snapshot.servers.find(({ name }) => name === relation.server);
      return server?.facts === undefined ? [] : (check(relation, server, sight) ?? []);
    });
}

/** A check of each channel of the servers that were asked. */
export function ofEachChannel(
  check: (channel: Channel, relation: ChannelRelation, sight: Sight) => Problem | undefined,
): Check {
  return (sight) =>
    sight.relations.channels.flatMap((relation) => {
      const server = sight.snapshot.servers.find(({ name }) => name === relation.server);
      const channel = server?.facts?.channels?.find(({ name }) => name === relation.channel);
      return channel === undefined ? [] : (check(channel, relation, sight) ?? []);
    });
}

/** `db2`, or `db2 (channel audit)` where the channel has a name. */
export function channelText({ server, channel }: Pick<ChannelRelation, 'server' | 'channel'>): string {
  return channel === '' ? server : `${server} (channel ${channel})`;
}

/**
 * Galera, Group Replication, rings and managed servers open and close their servers for writes themselves: what is
 * writable there is not for us to judge.
 */
export function judgesWritable({ topology }: Sight): boolean {
  return topology.kind === 'async';
}

const severities = {
  'server-down': 'critical',
  'no-primary': 'critical',
  'primary-behind': 'critical',
  'two-primaries': 'critical',
  'writable-replica': 'warning',
  'replica-missing': 'warning',
  'unknown-replica': 'warning',
  'server-id-clash': 'critical',
  'replication-stopped': 'warning',
  'replication-failed': 'critical',
  'replication-connecting': 'warning',
  'replication-lagging': 'warning',
  'lag-unknown': 'warning',
  'errant-transactions': 'critical',
  'source-log-purged': 'critical',
  'retention-short': 'warning',
  'semi-sync-degraded': 'warning',
  'durability-relaxed': 'warning',
  'clock-offset': 'warning',
  'boots-writable': 'warning',
  'tls-off': 'critical',
  'tls-not-required': 'warning',
  'tls-weak-protocol': 'warning',
  'channel-without-tls': 'critical',
  'channel-plaintext': 'critical',
  'channel-fallback-possible': 'warning',
  'channel-not-verifying': 'warning',
  'certificate-expiring': 'warning',
  'certificate-expired': 'critical',
  'certificate-not-yet-valid': 'critical',
  'certificate-wrong-name': 'warning',
  'certificate-not-verifying': 'warning',
  'certificate-differs-from-file': 'warning',
  'ca-expiring': 'warning',
  'client-certificate-expiring': 'warning',
  'privilege-missing': 'warning',
  'announcement-differs': 'critical',
  'readers-differ': 'critical',
} as const satisfies Record<ProblemName, Problem['severity']>;
