import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { Scene } from '../../src/domain/scene.js';
import { defaultFailover } from '../../src/domain/scene.js';
import { topologyOf } from '../../src/domain/topology.js';
import { failover } from '../../src/procedures/failover.js';
import { switchover } from '../../src/procedures/switchover.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { stopReplication } from '../../src/sandbox/faults.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import { describeEach, oneOfEach } from './matrix.js';
import { askOne } from './stage.js';
import { Workbench } from './workbench.js';

/** db1 has the replicas db2 and db3; db4 reads from db3, and db3 from west besides, which nobody watches. */
await describeEach(
  'a chain and a second source',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let bench: Workbench;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 3 }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox, { whole: { observe: { timeout: '2s' } } });
      bench.site = { ...bench.site, failover: { ...defaultFailover, evidenceSeconds: 1, looks: 3 } };
      const [db3, db4] = [sandbox.server('db3'), sandbox.server('db4')];
      await stopReplication(db4);
      await sandbox.follow(db4, db3);
      const west = await sandbox.add('west', mysql ? {} : { settings: { gtid_domain_id: 7 } });
      await sandbox.open(west);
      await sandbox.follow(db3, west, { channel: 'west' });
      await west.run(['CREATE DATABASE west', 'CREATE TABLE west.t (id INT PRIMARY KEY)']);
      await untilCaughtUp(db3, west, { channel: 'west' });
      await sandbox.primary.run(['CREATE DATABASE app', 'CREATE TABLE app.t (id INT PRIMARY KEY)']);
      await untilCaughtUp(db3, sandbox.primary);
    });
    afterAll(() => scope.end());

    const links = ({ snapshot }: Scene) =>
      topologyOf(snapshot).links.map(({ replica, channel, source }) => [replica, channel, source]);

    /** What was written on the new primary, and on west, comes to the end of the chain. */
    async function flows(primary: string, id: number): Promise<void> {
      await sandbox.server('west').sql(`INSERT INTO west.t VALUES (${id})`);
      await sandbox.server(primary).sql(`INSERT INTO app.t VALUES (${id})`);
      const db4 = sandbox.server('db4');
      for (const table of ['west.t', 'app.t'])
        await expect.poll(() => askOne(db4, `(SELECT MAX(id) FROM ${table})`), { timeout: 10_000 }).toBe(String(id));
      expect(await channelStatus(sandbox.server('db3'), 'west')).toEqual({ io: 'Yes', sql: 'Yes', error: '' });
    }

    it('stay as they are in a switchover', async () => {
      const parameters = bench.parameters({ to: 'db2' });
      await bench.lookUntil('nothing against it', (scene) => switchover.refusals(scene, parameters).length === 0);
      const ran = await bench.run(switchover, parameters);
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.sent.filter((id) => id.endsWith('db4'))).toEqual([]);
      expect(links(await bench.look())).toEqual([
        ['db1', '', 'db2'],
        ['db3', '', 'db2'],
        ['db3', 'west', undefined],
        ['db4', '', 'db3'],
      ]);
      await flows('db2', 1);
    });

    it('stay as they are in a failover', async () => {
      const parameters = bench.parameters({ to: 'db1', 'accept-loss': 'yes', unfenced: 'no' });
      for (const name of ['db1', 'db3']) await untilCaughtUp(sandbox.server(name), sandbox.server('db2'));
      await bench.look();
      await sandbox.server('db2').kill();
      await bench.lookUntil('the primary to be dead', (scene) => failover.needed(scene, parameters).observed === 'yes');
      const ran = await bench.run(failover, parameters);
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.sent.filter((id) => id.endsWith('db4'))).toEqual([]);
      expect(links(await bench.look())).toEqual([
        ['db3', '', 'db1'],
        ['db3', 'west', undefined],
        ['db4', '', 'db3'],
      ]);
      await flows('db1', 2);
    });
  },
  oneOfEach,
);
