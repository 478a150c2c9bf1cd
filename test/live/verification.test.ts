import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { RunView } from '../../src/engine/run.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication, swapServerCertificate } from '../../src/sandbox/faults.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { Alarms } from './alarms.js';
import { lockstepCommand } from './command.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, matrix } from './matrix.js';
import { Scrape } from './scrape.js';
import { expectRecent } from './stage.js';

const db2 = { cluster: 'sandbox', server: 'db2' };
const day = 86_400_000;
const verify = { procedure: 'verify-replica', parameters: db2, mode: 'auto' };

await describeEach(
  'verifying replicas, as a process,',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      await sandbox.primary.run([
        'CREATE DATABASE app',
        'CREATE TABLE app.page (id INT PRIMARY KEY, title VARCHAR(100), body TEXT)',
        "INSERT INTO app.page VALUES (1, 'one', REPEAT('x', 100)), (2, 'two', REPEAT('y', 100))",
        ...Array.from({ length: 17 }, (_, n) => `INSERT INTO app.page SELECT id + ${2 ** (n + 1)}, CONCAT(title, '.'), body FROM app.page`), // prettier-ignore
      ]);
      await untilCaughtUp(sandbox.server('db2'), sandbox.primary, { seconds: 120 });
      lockstep = await LockstepProcess.lay(sandbox, {
        schedule: { renew_certificates: '* * * * *' },
      });
      await lockstep.start();
    });
    afterAll(() => scope.end());

    async function page(): Promise<Scrape> {
      return new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());
    }

    async function settled(run: RunView): Promise<RunView> {
      return lockstep.until(run.id, 'ended', ({ state }) => state === 'ended', 60_000);
    }

    it('tells how far it has come, goes on after it was killed, and ends at once when it is told to', async () => {
      const { id } = await lockstep.run(verify);
      const writtenDown = async () => {
        const file = path.join(lockstep.journal, 'work', `${id}_verify-db2.json`);
        const text = await readFile(file, 'utf8').catch(() => '{"rows":0}');
        return (JSON.parse(text) as { readonly rows: number }).rows;
      };
      await until('some of it to be written down', async () => (await writtenDown()) > 10_000, { within: 60_000, every: 50 }); // prettier-ignore
      const seen = await page();
      expect(seen.value('lockstep_run_progress_rows', db2)).toBeGreaterThan(10_000);
      expect(seen.value('lockstep_run_progress_ratio', db2)).toBeGreaterThan(0);
      expect(seen.value('lockstep_run_progress_ratio', db2)).toBeLessThan(1);
      expect(seen.value('lockstep_run_left_seconds', { ...db2, procedure: 'verify-replica' })).toBeGreaterThan(0);
      expect((await lockstep.shown(id)).progress).toMatchObject({ at: 'app.page', unit: 'rows' });
      await lockstep.kill();
      const left = await writtenDown();
      await lockstep.start();
      const first = await lockstep.until(id, 'at work again', ({ progress, state }) => progress !== undefined || state === 'ended'); // prettier-ignore
      expect(first.progress?.done ?? left).toBeGreaterThanOrEqual(left);
      const run = await settled(first);
      expect(run.outcome, run.why).toBe('succeeded');
      expect(run.report?.[0]).toMatch(/^db2 equals db1: 262144 rows of 1 table were compared$/);

      const another = await lockstep.run(verify);
      await lockstep.until(another.id, 'at work', ({ progress }) => progress !== undefined);
      await lockstep.api('POST', `/runs/${another.id}/abort`);
      expect(await settled(another)).toMatchObject({ outcome: 'cancelled' });
    });

    it('stops with the process, and goes on with the next', async () => {
      const { id } = await lockstep.run(verify);
      await lockstep.until(id, 'at work', ({ progress }) => progress !== undefined);
      const began = performance.now();
      await lockstep.stop();
      expect(performance.now() - began).toBeLessThan(8000);
      await lockstep.start();
      const run = await settled(await lockstep.shown(id));
      expect(run.outcome, run.why).toBe('succeeded');
    });

    it('says what differs, in metrics and to people', async () => {
      const replica = sandbox.server('db2');
      await stopReplication(replica, 'sql');
      await replica.run(['SET sql_log_bin = 0', 'DELETE FROM app.page WHERE id IN (77, 79)', "UPDATE app.page SET title = 'x' WHERE id = 78", 'SET sql_log_bin = 1']); // prettier-ignore
      await startReplication(replica, 'sql');
      const run = await settled(await lockstep.run(verify));
      expect(run).toMatchObject({ outcome: 'succeeded' });
      expect(run.report).toEqual([
        'db2 differs from db1 in 1 table, in at least 3 rows: 262144 rows of 1 table were compared',
        'app.page, keys 77 to 79: 2 missing, 1 with other values',
      ]);
      const seen = await page();
      expect(seen.value('lockstep_replica_differing_tables', db2)).toBe(1);
      expect(seen.value('lockstep_replica_differing_rows', db2)).toBe(3);
      expect(seen.value('lockstep_replica_unsettled_rows', db2)).toBe(0);
      expectRecent(seen.value('lockstep_replica_verified_timestamp_seconds', db2));
      expect(seen.value('lockstep_run_progress_rows', db2)).toBeUndefined();
      const { output } = await lockstepCommand('runs', 'show', run.id, '--config', lockstep.file);
      expect(output).toContain('app.page, keys 77 to 79: 2 missing, 1 with other values');
      const alarms = await Alarms.watch(scope, [lockstep.url], { pace: 1 / 240 });
      const [fired] = await alarms.firing(['ReplicaDiffers', 'db2', { cluster: 'sandbox', severity: 'critical' }]);
      expect(fired?.labels).toMatchObject({ procedure: 'rebuild-replica' });
      expect(fired?.annotations).toMatchObject({
        summary: 'sandbox/db2 is not what its source is',
        description: '1 tables of sandbox/db2 differ from its source, in at least 3 rows: whoever reads there reads something else.', // prettier-ignore
      });
    });

    it('comes by itself at its times, as renewals of certificates do, and remembers over a restart', async () => {
      const of = async (procedure: string) =>
        (await lockstep.runs()).find((one) => one.trigger.kind === 'schedule' && one.procedure === procedure);
      const scheduled = () => of('verify-replica');
      const renewed = () => of('renew-certificate');
      expect(await renewed()).toBeUndefined();
      // Not before: it would begin a verification of its own right after one that a test has just seen the end of.
      await lockstep.stop();
      const text = await readFile(lockstep.file, 'utf8');
      await writeFile(lockstep.file, text.replace('renew_certificates:', "verify_replicas: '* * * * *'\n  $&"));
      await lockstep.start();
      const dates = { notBefore: new Date(Date.now() - 340 * day), notAfter: new Date(Date.now() + 21 * day) };
      await swapServerCertificate(sandbox.authority, sandbox.server('db2'), dates);
      await until('a run of the schedule', async () => (await scheduled()) !== undefined, { within: 75_000 });
      const run = await scheduled();
      expect(run).toMatchObject({ procedure: 'verify-replica', trigger: { by: 'verify_replicas' } });
      if (run !== undefined) await settled(run);
      const renewal = await until('a renewal by the schedule', renewed, { within: 75_000 });
      expect(renewal).toMatchObject({ parameters: db2, trigger: { by: 'renew_certificates' } });
      expect((await settled(renewal)).outcome).toBe('succeeded');
      await lockstep.stop();
      await lockstep.start();
      expect((await page()).value('lockstep_replica_differing_rows', db2)).toBe(3);
    });
  },
  matrix.filter((name) => name === 'mariadb-10.11'),
);
