import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { RunView } from '../../src/engine/run.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { AlertLoop, alertmanagersToken } from './alert-loop.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { hostKeys } from './rebuild-hosts.js';
import { Scrape } from './scrape.js';
import { expectRecent } from './stage.js';
import { Writer } from './writer.js';

const db2 = { cluster: 'sandbox', server: 'db2' };

await describeEach(
  'from a replica that is not what its source is, over alert and approval, to one that is',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;
    let loop: AlertLoop;
    let writer: Writer;

    beforeAll(async () => {
      const settings = mysql ? { plugin_load_add: 'mysql_clone.so' } : {};
      sandbox = scope.own(await createCluster({ version, replicas: 2, settings }), (cluster) => cluster.stop());
      await sandbox.primary.run([
        'CREATE DATABASE app',
        'CREATE TABLE app.page (id INT PRIMARY KEY, title VARCHAR(100))',
        "INSERT INTO app.page VALUES (1, 'one'), (2, 'two')",
        ...Array.from({ length: 12 }, (_, n) => `INSERT INTO app.page SELECT id + ${2 ** (n + 1)}, title FROM app.page`), // prettier-ignore
      ]);
      writer = await Writer.open(sandbox.primary, 10);
      scope.defer(() => writer.stop());
      const token = path.join(await takeDirectory(scope), 'am.token');
      await writeFile(token, alertmanagersToken, { mode: 0o600 });
      lockstep = await LockstepProcess.lay(
        sandbox,
        {
          tokens: [{ name: 'am', role: 'alertmanager', token_file: token }],
          automation: { cooldown: '1s', runs_per_hour: { cluster: 100, overall: 100 } },
          policies: [{ match: ['procedure="rebuild-replica"'], run: 'rebuild-replica', mode: 'approve' }],
        },
        {},
        await hostKeys(scope, sandbox),
      );
      await lockstep.start();
      loop = await AlertLoop.start(scope, lockstep.url, 0.02);
    });
    afterAll(() => scope.end());

    /** A run waits for somebody, nothing is changed until then, and its alert is gone once it has ended. */
    async function approvedAndMended(alertname: string, runs: number): Promise<RunView> {
      const all = async () => (await lockstep.runs()).filter(({ procedure }) => procedure === 'rebuild-replica');
      const newest = async () => (await all()).find(({ state }) => state !== 'ended');
      const asks = async () => (await newest())?.guard?.guard === 'approval';
      await until('a run to wait for an approval', asks, { within: 60_000 }).catch(async (cause: unknown) => {
        throw new Error(`no run waits for it: ${JSON.stringify(await lockstep.runs())}`, { cause });
      });
      await until(`${alertname} to fire at both Alertmanagers`, () => loop.fires(alertname), { within: 30_000 });
      const waiting = await newest();
      expect(waiting).toMatchObject({ state: 'waiting', parameters: { server: 'db2' } });
      expect(waiting?.startedAt).toBeUndefined();
      const acknowledged = writer.acknowledged;
      await lockstep.api('POST', `/runs/${waiting?.id ?? ''}/approve`, {});
      const telling = async () => {
        expect((await page()).value('lockstep_run_progress_bytes', db2)).toBeGreaterThan(0);
        return true;
      };
      // CLONE may be faster than anybody looks.
      if (!mysql) await until('the copy to tell how far it is', telling, { every: 20 });
      const run = await lockstep.ended(waiting?.id ?? '', 60_000);
      expect(run.outcome, run.why).toBe('succeeded');
      await loop.resolved(alertname);
      expect(await all()).toHaveLength(runs);
      expect(writer.acknowledged).toBeGreaterThan(acknowledged);
      const last = writer.acknowledged;
      await untilCaughtUp(sandbox.server('db2'), sandbox.primary);
      const counted = `SELECT COUNT(*) AS n FROM written.rows_of WHERE id <= ${last}`;
      expect((await sandbox.server('db2').sql(counted))[0]?.['n']).toBe(String(last));
      const sum = 'CHECKSUM TABLE app.page';
      expect(await sandbox.server('db2').sql(sum)).toEqual(await sandbox.primary.sql(sum));
      expect(readdirSync(sandbox.server('db2').disk)).toEqual(['data']);
      return run;
    }

    async function page(): Promise<Scrape> {
      return new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());
    }

    it('that differs, as a comparison found', async () => {
      await sandbox.server('db2').run(['SET sql_log_bin = 0', 'DELETE FROM app.page WHERE id = 77', 'SET sql_log_bin = 1']); // prettier-ignore
      await lockstep.ended((await lockstep.run({ procedure: 'verify-replica', parameters: db2, mode: 'auto' })).id);
      expect((await page()).value('lockstep_replica_differing_tables', db2)).toBe(1);
      const run = await approvedAndMended('ReplicaDiffers', 1);
      expect(run.report?.join(' ')).toMatch(mysql ? /without a lock.*db2 equals db1/ : /at most \d+ ms.*db2 equals db1/); // prettier-ignore
      const seen = await page();
      expect(seen.value('lockstep_replica_differing_tables', db2)).toBe(0);
      expectRecent(seen.value('lockstep_replica_verified_timestamp_seconds', db2));
      expectRecent(seen.value('lockstep_procedure_last_success_timestamp_seconds', { cluster: 'sandbox', procedure: 'rebuild-replica' })); // prettier-ignore
    });

    it('that lost its place', async () => {
      const replica = sandbox.server('db2');
      await stopReplication(replica);
      const before = writer.acknowledged;
      await until('more to be written', () => Promise.resolve(writer.acknowledged > before + 10));
      await sandbox.primary.sql('FLUSH BINARY LOGS');
      await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
      const newest = (await sandbox.primary.sql('SHOW BINARY LOGS')).at(-1)?.['Log_name'] ?? '';
      await until('the older logs to be gone', async () => {
        await sandbox.primary.sql(`PURGE BINARY LOGS TO '${newest}'`);
        return (await sandbox.primary.sql('SHOW BINARY LOGS')).every((row) => row['Log_name'] === newest);
      });
      await startReplication(replica);
      await approvedAndMended('SourceLogPurged', 2);
      expect(await verifyJournal(lockstep.journal)).toMatchObject({ ok: true });
    });
  },
  process.env['LOCKSTEP_VERSIONS'] === undefined ? oneOfEach.slice(0, 1) : oneOfEach,
);
