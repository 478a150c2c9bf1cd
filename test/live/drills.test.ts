import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { until } from '../../src/sandbox/until.js';
import { LockstepProcess } from './lockstep-process.js';
import { Alarms } from './alarms.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Scrape } from './scrape.js';
import { expectRecent } from './stage.js';

/** Whether a switchover would be possible is known before it is needed. */
await describeEach(
  'drills of a switchover',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      if (sandbox.version.flavour === 'mysql')
        for (const server of sandbox.servers)
          await server.run([
            'SET sql_log_bin = 0',
            "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
            "INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'",
            'SET sql_log_bin = 1',
          ]);
      const directory = await takeDirectory(scope);
      const hosts = `${directory}/hosts`;
      await writeFile(hosts, `${sandbox.primary.address.host} masterdb\n`);
      lockstep = await LockstepProcess.lay(sandbox, {
        journal: { directory: `${directory}/journal` },
        defaults: { announce: [{ kind: 'hosts-file', file: hosts, names: ['masterdb'] }] },
      });
      await lockstep.start();
    });
    afterAll(() => scope.end());

    const mariadb = () => sandbox.version.flavour === 'mariadb';
    const page = async () => new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());
    const reasons = async () =>
      (await page()).all('lockstep_switchover_objection_info').map(({ labels }) => labels['reason']);
    const readyIs = (wanted: number) =>
      until(
        `db2 to be ${wanted === 1 ? 'ready' : 'not ready'}`,
        async () => (await page()).all('lockstep_switchover_ready', { server: 'db2' })[0]?.value === wanted,
        { within: 20_000 },
      ).catch(async (cause: unknown) => {
        throw new Error(String(await reasons().catch(String)) + (await readFile(lockstep.log, 'utf8')).slice(-3000), {
          cause,
        });
      });

    it('a replica that could take over is ready, and one whose SQL thread stands still is not', async () => {
      await readyIs(1);
      const before = await page();
      expect(before.all('lockstep_switchover_ready').map(({ labels }) => labels['server'])).toEqual(['db2']);
      expect(before.all('lockstep_switchover_objection_info')).toEqual([]);
      const completed = before.value('lockstep_drill_last_run_timestamp_seconds', { cluster: 'sandbox', result: 'completed' }); // prettier-ignore
      expectRecent(completed);
      const due = before.value('lockstep_drill_due_timestamp_seconds', { cluster: 'sandbox' }) ?? NaN;
      expect([due % 600, due > (completed ?? NaN), due <= (completed ?? NaN) + 600]).toEqual([0, true, true]);
      await sandbox.server('db2').sql(mariadb() ? 'STOP SLAVE SQL_THREAD' : 'STOP REPLICA SQL_THREAD');
      // The first drill comes soon after the start.
      await lockstep.stop();
      await lockstep.start();
      await readyIs(0);
      expect((await page()).value('lockstep_switchover_objection_info', { server: 'db2', reason: 'not-replicating' })).toBe(1); // prettier-ignore
      const alarms = await Alarms.watch(scope, [lockstep.url], { pace: 1 / 240, limits: {} });
      const [fired] = await alarms.firing(['SwitchoverNotPossible', undefined, { cluster: 'sandbox' }]);
      expect(fired?.annotations['summary']).toBe('No replica of sandbox could take over');
      expect(await lockstep.runs()).toEqual([]);
    });

    it('then it takes over, and for how long nobody could write is told over a restart', async () => {
      await sandbox.server('db2').sql(mariadb() ? 'START SLAVE SQL_THREAD' : 'START REPLICA SQL_THREAD');
      const asked = { procedure: 'switchover', parameters: { cluster: 'sandbox', to: 'db2' } };
      await until('nothing against it', async () => (await lockstep.plan(asked)).guards.length === 0);
      const began = Date.now();
      const run = await lockstep.ended((await lockstep.run(asked)).id);
      expect(run.outcome, run.why).toBe('succeeded');
      const took = (Date.now() - began) / 1000;
      const { history } = await lockstep.shown(run.id);
      const at = (what: RegExp) => history.find(({ sentence }) => what.test(sentence))?.at ?? NaN;
      const section = (at(/^switch was done and seen/) - at(/^it begins switch/)) / 1000;
      const told = await page();
      const pause = (until: string) => told.value('lockstep_write_pause_seconds', { cluster: 'sandbox', procedure: 'switchover', until }) ?? NaN; // prettier-ignore
      process.stderr.write(`switchover ${version}: no writes for ${pause('promoted')} s, told after ${pause('announced')} s; the section took ${section} s\n`); // prettier-ignore
      expect(pause('promoted')).toBeGreaterThan(0);
      expect(pause('announced')).toBeGreaterThanOrEqual(pause('promoted'));
      expect(pause('announced')).toBeLessThanOrEqual(section);
      const changed = told.value('lockstep_primary_changed_timestamp_seconds', { cluster: 'sandbox', server: 'db2' }) ?? NaN; // prettier-ignore
      expect(changed * 1000).toBeGreaterThan(began);
      expect(changed * 1000).toBeLessThanOrEqual(began + took * 1000);
      await lockstep.kill();
      await lockstep.start();
      const names = ['lockstep_primary_changed_timestamp_seconds', 'lockstep_write_pause_seconds'];
      const again = await page();
      expect(names.map((name) => again.all(name))).toEqual(names.map((name) => told.all(name)));
    });
  },
  oneOfEach,
);
