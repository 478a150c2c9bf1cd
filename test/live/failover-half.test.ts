import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { resetReplica } from '../../src/dialects/replication-statements.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { lockTable, stopReplication } from '../../src/sandbox/faults.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import { bytesToApply, untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';

/** Its appliers wait for the rest, which nobody will ever send: by file and position for ever, on MySQL even when told to stop. */
await describeEach(
  'a primary that dies in the middle of sending a transaction',
  (version) => {
    describe.each([
      ['by gtid', 'gtid', ''],
      ['by position', 'position', ''],
      // Its relay logs are asked for by its name.
      ['by position, over a channel with a name', 'position', 'main'],
    ] as const)('%s', (_, mode, channel) => {
      const scope = new Scope();
      let sandbox: SandboxCluster;
      let link: Link;
      let lockstep: LockstepProcess;

      beforeAll(async () => {
        const off = { gtid_mode: 'OFF', enforce_gtid_consistency: 'OFF' };
        const settings = version.startsWith('mysql') && mode === 'position' ? off : {};
        // By file and position two replicas that have received unlike shares of it are no replicas of each other any more.
        const replicas = mode === 'gtid' ? 2 : 1;
        sandbox = scope.own(await createCluster({ version, mode, replicas, settings, performanceSchema: true }), (cluster) => cluster.stop()); // prettier-ignore
        const { primary } = sandbox;
        await primary.run(['CREATE DATABASE app', 'CREATE TABLE app.t (id INT PRIMARY KEY, b LONGBLOB)']);
        // Without it MySQL does not let Lockstep end what waits, and it takes a minute more.
        const { user } = sandbox.accounts.operate;
        if (version.startsWith('mysql')) await primary.run([`GRANT CONNECTION_ADMIN, SYSTEM_USER ON *.* TO '${user}'`]);
        link = await openLink(scope, primary.address);
        for (const replica of sandbox.replicas) {
          await untilCaughtUp(replica, primary);
          await stopReplication(replica);
          if (channel !== '') await replica.sql(resetReplica(replica.column));
          await sandbox.follow(replica, primary, { through: link.address, channel });
        }
        const { host, port } = link.address;
        const defaults = { failover: { evidence: '1s', looks: 2 } };
        lockstep = await LockstepProcess.lay(sandbox, { defaults }, {}, ({ name }) =>
          name === primary.name ? { address: `${host}:${port}` } : {},
        );
        await lockstep.start();
      });
      afterAll(() => scope.end());

      it('is replaced by one that has all whole transactions, and no half one', async () => {
        const { primary, replicas } = sandbox;
        await primary.run(["INSERT INTO app.t VALUES (1, 'whole')"]);
        for (const replica of replicas) await untilCaughtUp(replica, primary, { channel });
        await lockstep.api('GET', '/clusters/sandbox');
        // An applier that is at work still when its half is looked for, as on a machine that is busy.
        const busy = version.startsWith('mysql') && mode === 'gtid' ? replicas : [];
        const releases = await Promise.all(busy.map((replica) => lockTable(replica, 'app.t')));
        link.throttle(300_000);
        const rows = Array.from({ length: 80 }, (_, row) => `(${row + 2}, REPEAT('x', 100000))`);
        await primary.run([`INSERT INTO app.t VALUES ${rows.join(', ')}`]);
        for (const replica of replicas)
          await until(`half of it on ${replica.name}`, async () => (await bytesToApply(replica)) > 200_000);
        await primary.kill();
        await link.cut();
        const { id } = await lockstep.run({
          procedure: 'failover',
          parameters: { cluster: 'sandbox', 'accept-loss': 'yes', unfenced: 'yes' },
        });
        if (releases.length > 0) await until('Lockstep to look for it', () => lookedForHalf(busy), { within: 15_000 });
        for (const release of releases) await release();
        const run = await lockstep.ended(id);
        expect(run.outcome, run.why).toBe('succeeded');
        const now = await openOne(replicas);
        await expectOneOpen(replicas, now);
        for (const replica of replicas) {
          if (replica !== now) await untilCaughtUp(replica, now);
          expect(await replica.sql('SELECT id FROM app.t')).toEqual([{ id: '1' }]);
        }
      });
    });
  },
  oneOfEach,
);

async function lookedForHalf(servers: readonly SandboxServer[]): Promise<boolean> {
  const asked = await Promise.all(
    servers.map((server) =>
      server.sql(
        "SELECT 1 FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST_TEXT LIKE '%`replication_applier_status_by_coordinator` `c` JOIN%'",
      ),
    ),
  );
  return asked.some((rows) => rows.length > 0);
}

async function openOne(servers: readonly SandboxServer[]): Promise<SandboxServer> {
  for (const server of servers) {
    const [row] = await server.sql('SELECT @@GLOBAL.read_only AS closed');
    if (['0', 'OFF'].includes(row?.['closed'] ?? '')) return server;
  }
  throw new Error('nobody is open');
}
