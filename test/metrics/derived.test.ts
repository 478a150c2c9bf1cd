import { describe, expect, it } from 'vitest';
import { defaultThresholds, problemsOf } from '../../src/domain/problems.js';
import { relationsOf } from '../../src/domain/relations.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import { render } from '../../src/metrics/exposition.js';
import { clusterSamples, serverSamples } from '../../src/metrics/samples.js';
import { healthy, now, withServer } from '../domain/build.js';
import { readOpenMetrics } from './parse.js';

function read(snapshot: ClusterSnapshot) {
  const topology = topologyOf(snapshot);
  const relations = relationsOf(snapshot, topology);
  const problems = problemsOf(snapshot, topology, relations, defaultThresholds, now);
  const families = [
    ...clusterSamples(snapshot, topology, relations, problems),
    ...snapshot.servers.flatMap((server) => serverSamples(server)),
  ];
  const samples = readOpenMetrics(render(families, 'openmetrics')).flatMap((family) => family.samples);
  return (name: string, labels: Record<string, string> = {}) =>
    samples
      .filter(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      )
      .map(({ value }) => value);
}

describe.each(['mariadb', 'mysql'] as const)('what the domain derives on %s', (flavour) => {
  it('shows a healthy cluster as one', () => {
    const value = read(healthy(flavour));
    expect(value('mysql_cluster_writable_servers')).toEqual([1]);
    expect(value('mysql_cluster_replicas_configured')).toEqual([2]);
    expect(value('mysql_cluster_replicas_healthy')).toEqual([2]);
    expect(value('mysql_server_role', { server: 'db1', role: 'primary' })).toEqual([1]);
    expect(value('mysql_replica_channels', { server: 'db1' })).toEqual([0]);
    expect(value('mysql_replica_lag_known')).toEqual([1, 1]);
    expect(value('mysql_errant_transactions_known')).toEqual([1, 1]);
    expect(value('mysql_errant_transactions')).toEqual([0, 0]);
    expect(value('mysql_cluster_problem')).toEqual([]);
  });

  it('keeps the numbers of a cluster whose replica is down, and tells nothing of what it cannot know', () => {
    const failure = { reason: 'refused', message: 'db3 refuses connections' } as const;
    const value = read(
      withServer(healthy(flavour), 'db3', () => ({
        facts: undefined,
        failure,
        login: { at: now * 1000, failure, handshake: undefined },
      })),
    );
    expect(value('mysql_up')).toEqual([1, 1, 0]);
    expect(value('mysql_down', { server: 'db3', reason: 'refused' })).toEqual([1]);
    expect(value('mysql_cluster_servers_up')).toEqual([2]);
    expect(value('mysql_cluster_replicas_configured')).toEqual([2]);
    expect(value('mysql_cluster_replicas_healthy')).toEqual([1]);
    expect(value('mysql_cluster_problems', { problem: 'server-down' })).toEqual([1]);
    expect(value('mysql_replica_io_running', { server: 'db3' })).toEqual([]);
    expect(value('mysql_certificate_not_after_timestamp_seconds', { server: 'db3' }).length).toBeGreaterThan(0);
  });
});
