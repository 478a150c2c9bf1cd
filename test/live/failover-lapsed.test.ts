import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { channelState } from './crash-case.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';

/** The commit point was seen to be passed, and nobody can see it any more. */
await describeEach(
  'a failover whose new primary dies with Lockstep',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version }), (cluster) => cluster.stop());
      await sandbox.primary.run(['CREATE DATABASE app', 'CREATE TABLE app.written (id INT PRIMARY KEY)']);
      for (const replica of sandbox.replicas) await untilCaughtUp(replica, sandbox.primary);
      lockstep = await LockstepProcess.lay(sandbox, { defaults: { failover: { evidence: '1s', looks: 2 } } });
    });
    afterAll(() => scope.end());

    it('takes nothing back of what applications may have built on', async () => {
      const [db1, db2, db3] = [sandbox.primary, sandbox.server('db2'), sandbox.server('db3')];
      await lockstep.start({ LOCKSTEP_FAULT: 'step:mark:begins=kill' });
      await lockstep.api('GET', '/clusters/sandbox');
      await db1.kill();
      for (const replica of [db2, db3])
        await until('it to miss its source', async () => (await channelStatus(replica))?.io !== 'Yes');
      const { id } = await lockstep.run({
        procedure: 'failover',
        parameters: { cluster: 'sandbox', to: 'db2', 'accept-loss': 'yes', unfenced: 'yes' },
      });
      await until('it to die', () => !lockstep.child.alive, { within: 60_000 });
      await db2.sql('INSERT INTO app.written VALUES (1)');
      await untilCaughtUp(db3, db2);
      // It starts closed to writes, as every server of ours does.
      await db2.kill();
      await db2.start();
      await db1.start();
      await until('db3 to read from it again', async () => (await channelStatus(db3))?.io === 'Yes');
      const before = await channelState(db3);

      await lockstep.start();
      const run = await lockstep.until(
        id,
        'given up',
        ({ state }) => ['ended', 'needs-human'].includes(state),
        120_000,
      );
      expect([run.state, run.outcome], run.why).toEqual(['needs-human', undefined]);
      expect(run.why).toMatch(/past its commit point, and what that did stands no more: Let db2 accept writes$/);
      expect(await channelState(db3)).toBe(before);
      for (const server of sandbox.servers) expect(await askOne(server, '@@global.read_only')).toBe('1');
      for (const server of [db2, db3]) expect(await askOne(server, '(SELECT COUNT(*) FROM app.written)')).toBe('1');
      await lockstep.api('POST', `/runs/${id}/abandon`, { reason: 'db2 is opened' });
      // It knows by the journal, and by who follows it, that db2 is the primary.
      const opened = await lockstep.run({ procedure: 'open-primary', parameters: { cluster: 'sandbox' } });
      const { outcome, why } = await lockstep.ended(opened.id);
      expect(outcome, why).toBe('succeeded');
      await expectOneOpen([db2, db3], db2);
      await db2.sql('INSERT INTO app.written VALUES (2)');
      await untilCaughtUp(db3, db2);
    }, 180_000);
  },
  oneOfEach,
);
