import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { Scrape } from './scrape.js';
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

    it('does not wait for a primary that stands still, and says for how long nobody could write', async () => {
      const page = async () => new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());
      // Who never heard of it knows no last sign of life.
      await until('Lockstep to see it', async () => (await page()).value('mysql_server_role', { server: 'db1', role: 'primary' }) === 1); // prettier-ignore
      await sandbox.primary.freeze();
      // MariaDB only counts heartbeats: the look that finds one more dates it, and these find all that came before.
      for (const name of ['db2', 'db3']) await (await fetch(`${lockstep.url}/probe?target=sandbox/${name}`)).text();
      const froze = Date.now();
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

      const told = await page();
      expect(told.all('lockstep_primary_changed_timestamp_seconds')).toMatchObject([{ labels: { server: 'db2' } }]);
      // There is no announcer.
      const pauses = told.all('lockstep_write_pause_seconds', { procedure: 'failover' });
      expect(pauses).toMatchObject([{ labels: { until: 'promoted' } }]);
      const pause = 1000 * (pauses[0]?.value ?? NaN);
      // Its last sign of life, a look or a heartbeat, came before it stood still.
      expect(pause).toBeGreaterThan(at(/^it is about to commit/) - froze);
      expect(pause).toBeLessThan(at(/^promote was done and seen/) - froze + 5000);
      await lockstep.kill();
      await lockstep.start();
      expect((await page()).all('lockstep_write_pause_seconds')).toEqual(told.all('lockstep_write_pause_seconds'));
    });
  },
  oneOfEach,
);
