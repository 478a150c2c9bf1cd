import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { semiSyncSettings, waitForReplicas } from '../../src/sandbox/semi-sync.js';
import { until } from '../../src/sandbox/until.js';
import { versionNamed } from '../../src/sandbox/versions.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';
import { lostOn, Writers } from './writers.js';

/** Applications write to the new primary as soon as it is open, and wait there for a replica that has yet to come to it. */
await describeEach(
  'a failover whose new primary waits for a replica at each commit',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      const settings = semiSyncSettings(versionNamed(version));
      sandbox = scope.own(await createCluster({ version, settings }), (cluster) => cluster.stop());
      await waitForReplicas(sandbox);
      await Writers.prepare(sandbox);
      for (const replica of sandbox.replicas) await untilCaughtUp(replica, sandbox.primary);
      lockstep = await LockstepProcess.lay(sandbox, { defaults: { failover: { evidence: '1s', looks: 2 } } });
      await lockstep.start();
    });
    afterAll(() => scope.end());

    it('brings the replica at once: no look of its own waits as well', async () => {
      const writers = await Writers.start(sandbox, 12);
      await until('writes', () => Promise.resolve(writers.count > 10));
      // What was seen of it alive tells that nothing can be lost.
      await lockstep.api('GET', '/clusters/sandbox');
      await sandbox.primary.kill();
      const before = writers.count;
      const { id } = await lockstep.run({ procedure: 'failover', parameters: { cluster: 'sandbox' } });
      const run = await lockstep.ended(id);
      expect(run.outcome, run.why).toBe('succeeded');
      await until('writes again', () => Promise.resolve(writers.count > before + 10));
      const { acknowledged } = await writers.stop();
      const [db2, db3] = [sandbox.server('db2'), sandbox.server('db3')];
      const [now, other] = (await askOne(db2, '@@global.read_only')) === '0' ? [db2, db3] : [db3, db2];
      await expectOneOpen([db2, db3], now);
      await untilCaughtUp(other, now);
      for (const server of [db2, db3]) expect(await lostOn(server, acknowledged)).toEqual([]);
      const log = (await readFile(lockstep.log, 'utf8')).split('\n').filter((line) => line.includes('cannot be asked'));
      expect(log.filter((line) => !line.includes('"server":"db1"'))).toEqual([]);
    });
  },
  oneOfEach,
);
