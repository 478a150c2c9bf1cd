import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';

await describeEach('a healthy cluster', (version) => {
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let lockstep: WatchingLockstep;

  beforeAll(async () => {
    const settings = { require_secure_transport: 'ON' };
    sandbox = scope.own(await createCluster({ version, durable: true, settings }), (cluster) => cluster.stop());
    lockstep = scope.own(await watch(sandbox), (watching) => watching.stop());
  });

  afterAll(async () => {
    await scope.end();
  });

  it('shows every server up, and replicas that run', async () => {
    for (const { name } of sandbox.servers) {
      const scrape = await lockstep.probe(name);
      expect(scrape.value('mysql_up', { server: name }), scrape.text).toBe(1);
      expect(scrape.all('lockstep_collector_success').filter((one) => one.value !== 1)).toEqual([]);
    }
    const replica = await lockstep.probe('db2');
    expect(replica.value('mysql_replica_io_running')).toBe(1);
    expect(replica.value('mysql_replica_sql_running')).toBe(1);
    expect(replica.state('mysql_have_ssl', 'state')).toBe('YES');
  });

  it('knows the primary, and finds nothing wrong', async () => {
    const scrape = await lockstep.metrics();
    expect(scrape.state('mysql_server_role', 'role', { server: 'db1' })).toBe('primary');
    expect(
      scrape.all('mysql_cluster_problem').map((one) => one.labels),
      scrape.text,
    ).toEqual([]);
  });
});
