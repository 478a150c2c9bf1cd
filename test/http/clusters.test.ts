import { describe, expect, it } from 'vitest';
import type { ServerSnapshot } from '../../src/domain/snapshot.js';
import * as snapshots from '../metrics/snapshots.js';
import { brokenCluster, healthyCluster, type View } from '../metrics/views.js';
import { openDesk } from './desk.js';

const reported = ({ snapshot, topology, relations, problems }: View, servers = snapshot.servers) => ({
  cluster: () => Promise.resolve({ view: { snapshot: { ...snapshot, servers }, topology, relations }, problems }),
});

/** Every snapshot that the tests of metrics know: whole, down, half known, on both flavours. */
const servers = Object.values(snapshots as Record<string, unknown>).filter(
  (each): each is ServerSnapshot => typeof each === 'object' && each !== null && 'collectors' in each,
);

describe('a cluster', () => {
  it('is told with all that was seen, as it is described', async () => {
    expect(servers.length).toBeGreaterThan(4);
    const { call } = await openDesk(reported(brokenCluster, servers));
    const { json } = await call('GET', '/api/v1/clusters/shop', { as: 'viewer' });
    expect(json).toEqual(JSON.parse(JSON.stringify({ ...brokenCluster.snapshot, servers, topology: brokenCluster.topology, relations: brokenCluster.relations, problems: brokenCluster.problems }))); // prettier-ignore
  });

  it('is nothing that is not configured', async () => {
    const { call } = await openDesk(reported(healthyCluster));
    expect((await call('GET', '/api/v1/clusters/other')).json).toMatchObject({ status: 404, code: 'cluster-unknown' });
  });

  it('stands in the list at a glance', async () => {
    const { call } = await openDesk(reported(healthyCluster));
    const { json } = await call('GET', '/api/v1/clusters', { as: 'viewer' });
    expect(json).toMatchObject({
      clusters: [
        {
          cluster: 'production',
          topology: { primary: 'db1' },
          servers: [
            { name: 'db1', role: 'primary', up: true },
            { name: 'db2', role: 'replica', up: true },
          ],
          problems: [],
        },
      ],
    });
  });
});
