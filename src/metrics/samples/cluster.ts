import { type Problem, problemNames } from '../../domain/problems.js';
import { announcementProblemNames } from '../../domain/problems/announcements.js';
import type { ClusterSnapshot, ServerSnapshot } from '../../domain/snapshot.js';
import type { Topology } from '../../domain/topology.js';
import type { ClusterSink } from '../families.js';

export function cluster(sink: ClusterSink, { servers }: ClusterSnapshot, topology: Topology): void {
  const replicas = servers.filter(({ name }) => isReplica(topology, name, servers.length));
  sink.states('mysql_cluster_topology', 'topology', topology.kind);
  sink.add('mysql_cluster_servers', servers.length);
  sink.add('mysql_cluster_servers_up', servers.filter(({ facts }) => facts !== undefined).length);
  sink.add('mysql_cluster_writable_servers', topology.writable.length);
  sink.add('mysql_cluster_replicas_configured', replicas.length);
  sink.add('mysql_cluster_replicas_healthy', replicas.filter(isHealthy).length);
}

/**
 * Every name is always there, so that an alert sees the 0 before the 1; those of announcers only where these are read back.
 * @param announced whether they are
 */
export function problems(sink: ClusterSink, found: readonly Problem[], announced: boolean): void {
  const unknown: readonly string[] = announced ? [] : announcementProblemNames;
  for (const problem of problemNames.filter((name) => !unknown.includes(name))) {
    const count = found.filter(({ name }) => name === problem).length;
    sink.add('mysql_cluster_problems', count, { problem });
  }
  const distinct = new Map(
    found.map(({ name, server, channel }) => [
      JSON.stringify([name, server, channel]),
      { problem: name, server: server ?? '', channel: channel ?? '' },
    ]),
  );
  for (const labels of distinct.values()) sink.add('mysql_cluster_problem', 1, labels);
}

/** Whoever is configured beside the primary is meant to replicate; a server alone is not. */
function isReplica(topology: Topology, name: string, servers: number): boolean {
  const role = topology.roles[name];
  return servers > 1 ? role !== 'primary' : role === 'replica' || role === 'intermediate';
}

function isHealthy({ facts }: ServerSnapshot): boolean {
  const channels = facts?.channels ?? [];
  return (
    channels.length > 0 &&
    channels.every(({ io, sql, silent }) => io === 'running' && sql === 'running' && silent !== true)
  );
}
