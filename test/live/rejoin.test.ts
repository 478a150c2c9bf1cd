import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { changeIn } from '../../src/domain/primary-change.js';
import { failover } from '../../src/procedures/failover.js';
import { openPrimary } from '../../src/procedures/open-primary.js';
import { rejoin } from '../../src/procedures/rejoin.js';
import { Admin } from '../../src/sandbox/admin.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { unpack } from '../../src/sandbox/packages.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { semiSyncSettings, waitForReplicas } from '../../src/sandbox/semi-sync.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { versionNamed } from '../../src/sandbox/versions.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';
import { Workbench } from './workbench.js';

await describeEach(
  'a former primary',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let db1: SandboxServer;
    let directory: string;
    const mariadb = version.startsWith('mariadb');

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox);
      db1 = sandbox.primary;
      directory = db1.directory;
      const mysql = sandbox.version.flavour === 'mysql';
      const program = path.join(directory, 'binlog-program');
      // The program of the packages, with its own libraries.
      // Only the packages of 10.5 hold MariaDB's.
      const root = mysql ? db1.root : await unpack(versionNamed('mariadb-10.5'));
      await writeProgram(program, root.argv(mysql ? 'usr/bin/mysqlbinlog' : 'usr/bin/mariadb-binlog'));
      bench.site = {
        ...bench.site,
        failover: { evidenceSeconds: 1, looks: 3, never: [], preferred: [], fence: undefined, tail: { program, directory } }, // prettier-ignore
      };
    });

    beforeEach(async () => {
      await sandbox.reset();
      await db1.run(['CREATE DATABASE app', 'CREATE TABLE app.written (id INT PRIMARY KEY)']);
      await untilCaughtUp(sandbox.server('db2'), db1);
      bench.lastChange = undefined;
      await bench.look();
    });

    afterAll(() => scope.end());

    const given = () => bench.parameters({ server: 'db1' });

    async function failedOver(): Promise<void> {
      const parameters = bench.parameters({ 'accept-loss': 'yes', unfenced: 'no' });
      await bench.lookUntil('the primary to be dead', (scene) => failover.needed(scene, parameters).observed === 'yes');
      const ran = await bench.run(failover, parameters);
      expect(ran.outcome, ran.why).toBe('succeeded');
      bench.lastChange = changeIn(ran.notes, Date.now());
      expect(bench.lastChange).toMatchObject({ primary: 'db2', former: 'db1', byGtid: true });
    }

    const answering = () => bench.lookUntil('it to answer', ({ snapshot }) => snapshot.servers[0]?.facts !== undefined);

    async function rejoins(): Promise<void> {
      const ran = await bench.run(rejoin, given());
      expect(ran.outcome, ran.why).toBe('succeeded');
      await expectOneOpen(sandbox.servers, sandbox.server('db2'), db1);
      await sandbox.server('db2').sql('INSERT INTO app.written VALUES (77)');
      await untilCaughtUp(db1, sandbox.server('db2'));
      expect(await askOne(db1, '(SELECT COUNT(*) FROM app.written WHERE id = 77)')).toBe('1');
    }

    it('that came back closed, with nothing of its own, becomes a replica', async () => {
      await db1.kill();
      await failedOver();
      await sandbox.server('db2').sql('INSERT INTO app.written VALUES (5)');
      await db1.start();
      const scene = await answering();
      expect(rejoin.asks?.(scene, given())).toBeUndefined();
      expect(rejoin.leaves?.(scene, given())).toBeUndefined();
      await rejoins();
    });

    it('that was only cut off and still accepts writes is closed first', async () => {
      await db1.freeze();
      await failedOver();
      db1.thaw();
      const scene = await answering();
      expect(failover.needed(scene, bench.parameters()).observed).toBe('no');
      await rejoins();
    });

    it('with transactions that nobody else has stays closed, and they are written out', async () => {
      await db1.kill();
      await failedOver();
      await db1.start();
      await db1.sql('INSERT INTO app.written VALUES (4242)');
      const scene = await answering();
      expect(rejoin.refusals(scene, given())).toEqual([]);
      expect(rejoin.leaves?.(scene, given())).toMatch(/^db1 stays closed: db1 has 1 transaction or more that db2 has not \(.*rebuild-replica\.$/); // prettier-ignore
      const ran = await bench.run(rejoin, given());
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(await readFile(path.join(directory, 'db1-tail.sql'), 'utf8')).toMatch(
        /INSERT INTO `app`.`written`[^]*@1=4242/,
      );
      const { snapshot } = await bench.look();
      expect(snapshot.servers[0]?.facts).toMatchObject({ state: { readOnly: true }, channels: [] });
    });

    it.runIf(mariadb).each([
      ['at its first start after the crash', true],
      ['later', false],
    ])('with a commit that no replica acknowledged, started as a replica %s', async (_, first) => {
      const db2 = sandbox.server('db2');
      await db2.sql('SET GLOBAL rpl_semi_sync_slave_enabled = ON');
      await waitForReplicas(sandbox);
      await db1.sql('INSERT INTO app.written VALUES (7)');
      await stopReplication(db2, 'io');
      const application = new Admin(db1.socketPath);
      const unheard = application.query('INSERT INTO app.written VALUES (8)').catch((cause: unknown) => cause);
      await until('it to wait for a replica', async () => (await askOne(db1, "(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Rpl_semi_sync_master_wait_sessions')")) === '1'); // prettier-ignore
      await db1.kill();
      expect(await unheard).toBeInstanceOf(Error);
      await application.close();
      await startReplication(db2, 'io');
      await failedOver();
      if (!first) await db1.start();
      db1.configure(semiSyncSettings(sandbox.version));
      await db1.restart();
      const scene = await answering();
      expect(await askOne(db1, '(SELECT GROUP_CONCAT(id ORDER BY id) FROM app.written)')).toBe(first ? '7' : '7,8');
      if (!first) {
        expect(rejoin.leaves?.(scene, given())).toMatch(/^db1 stays closed: db1 has 1 transaction or more/);
        return;
      }
      await rejoins();
    });

    it('that nobody replaced is opened again after a restart', async () => {
      await db1.restart();
      const scene = await bench.lookUntil('its replica to follow it', ({ snapshot }) => snapshot.servers[1]?.facts?.channels?.[0]?.io === 'running' && snapshot.servers[0]?.facts !== undefined); // prettier-ignore
      expect(openPrimary.asks?.(scene, given())).toContain('neither the journal');
      expect(rejoin.refusals(scene, bench.parameters({ server: 'db2' }))).not.toEqual([]);
      const ran = await bench.run(openPrimary, given());
      expect(ran.outcome, ran.why).toBe('succeeded');
      await db1.sql('INSERT INTO app.written VALUES (6)');
      expect(openPrimary.needed(await bench.look(), given()).observed).toBe('no');
    });
  },
  oneOfEach,
);

async function writeProgram(file: string, argv: readonly string[]): Promise<void> {
  const words = argv.map((word) => `'${word}'`).join(' ');
  await writeFile(file, `#!/bin/sh\nexec ${words} --no-defaults "$@"\n`, { mode: 0o755 });
}
