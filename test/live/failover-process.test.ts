import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';

/** Seconds that nobody may have heard of the primary. */
const evidence = 1;

await describeEach(
  'failover by the real process',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version }), (cluster) => cluster.stop());
      lockstep = await LockstepProcess.lay(sandbox, {
        observe: { timeout: '1s', interval: '1s', freshness: '1s' },
        defaults: { failover: { evidence: `${evidence}s`, looks: 2 } },
      });
      await lockstep.start();
    });
    afterAll(() => scope.end());

    it('does not wait for a primary that stands still', async () => {
      await sandbox.primary.freeze();
      const parameters = { cluster: 'sandbox', 'accept-loss': 'yes', unfenced: 'no' };
      // It waits until the replicas miss its heartbeats, too.
      const { id } = await lockstep.run({ procedure: 'failover', parameters });
      const run = await lockstep.ended(id);
      expect(run.outcome, run.why).toBe('succeeded');
      const { history } = await lockstep.shown(id);
      const at = (what: RegExp) => history.find(({ sentence }) => what.test(sentence))?.at ?? 0;
      const took = at(/^it is about to commit/) - at(/^it was planned/);
      process.stderr.write(`failover ${version}: ${took} ms from the plan to the promotion, beside a frozen primary\n`);
      // Its login alone would take as long as its locks may.
      expect(took).toBeGreaterThan(0);
      expect(took).toBeLessThan(4000);
      const [db2, db3] = [sandbox.server('db2'), sandbox.server('db3')];
      await expectOneOpen([db2, db3], db2);
      for (const server of [db2, db3])
        expect(await askOne(server, '(SELECT server FROM lockstep.changes)')).toBe('db2');
      sandbox.primary.thaw();
    });
  },
  oneOfEach,
);
