import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';

await describeEach(
  'runs',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2 }), (cluster) => cluster.stop());
      lockstep = await LockstepProcess.lay(sandbox);
      await lockstep.start();
    });
    afterAll(() => scope.end());

    it('starts a thread that somebody stopped, because a person asked', async () => {
      await sandbox
        .server('db2')
        .sql(version.startsWith('mysql') ? 'STOP REPLICA SQL_THREAD' : 'STOP SLAVE SQL_THREAD');
      const asked = {
        procedure: 'restart-replication',
        parameters: { cluster: 'sandbox', server: 'db2', channel: '' },
      };
      const plan = await lockstep.plan(asked);
      expect(plan.guards).toEqual([]);
      console.log(plan.text.join('\n'));
      const run = await lockstep.ended((await lockstep.run(asked)).id);
      console.log((await lockstep.shown(run.id)).history);
      expect(run.outcome).toBe('succeeded');
    });
  },
  oneOfEach,
);
