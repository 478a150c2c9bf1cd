import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { Parameters } from '../../src/domain/scene.js';
import { relationsOf } from '../../src/domain/relations.js';
import { topologyOf } from '../../src/domain/topology.js';
import { openSession, type Session } from '../../src/mysql/session.js';
import { fenceWritableReplica } from '../../src/procedures/fence-writable-replica.js';
import { restartReplication } from '../../src/procedures/restart-replication.js';
import { Admin } from '../../src/sandbox/admin.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { collide, startReplication, stopReplication, writeErrant } from '../../src/sandbox/faults.js';
import { channelStatus, untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach, oneOfEach } from './matrix.js';
import { askOne } from './stage.js';
import { Workbench } from './workbench.js';

const soon = () => ({ signal: AbortSignal.timeout(10_000) });
const db2Of = (more: Readonly<Record<string, string>> = {}): Parameters => ({
  cluster: 'sandbox',
  server: 'db2',
  ...more,
});

await describeEach(
  'procedures, by hand and eye,',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let db2: SandboxServer;
    let mysql: boolean;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox);
      db2 = sandbox.server('db2');
      mysql = sandbox.version.flavour === 'mysql';
      await sandbox.primary.run([
        'CREATE DATABASE app',
        'CREATE TABLE app.t (id INT PRIMARY KEY, x INT)',
        'INSERT INTO app.t VALUES (1, 1), (2, 2)',
        // The names are for what each may do; all of them write to app.
        ...['application', 'administrator'].flatMap((user) => [
          `CREATE USER ${user}@'%' IDENTIFIED BY 'a-word' REQUIRE SSL`,
          `GRANT SELECT, INSERT, UPDATE ON app.* TO ${user}@'%'`,
        ]),
        ...(mysql ? [] : ["GRANT READ_ONLY ADMIN ON *.* TO administrator@'%'"]),
      ]);
      await untilCaughtUp(db2, sandbox.primary);
    });

    afterAll(() => scope.end());

    async function login(user: string): Promise<Session> {
      const tls = { verify: 'identity', ca: await readFile(sandbox.client.ca) } as const;
      const password = () => Promise.resolve(new Secret('a-word'));
      return openSession({ address: db2.address, user, password, tls }, soon());
    }

    it('starts the applier again once the lock is gone on which it gave up', async () => {
      const { primary } = sandbox;
      const retries = mysql ? 'replica_transaction_retries' : 'slave_transaction_retries';
      await db2.run([`SET GLOBAL ${retries} = 0`, 'SET GLOBAL innodb_lock_wait_timeout = 1']);
      await stopReplication(db2, 'sql');
      await startReplication(db2, 'sql');
      const blocker = new Admin(db2.socketPath);
      await blocker.query('BEGIN');
      await blocker.query('SELECT * FROM app.t WHERE id = 1 FOR UPDATE');
      await primary.sql('UPDATE app.t SET x = 10 WHERE id = 1');
      const stands = async () => (await channelStatus(db2))?.sql === 'No';
      await until('the applier to give up', stands);

      const scene = await bench.look();
      expect(restartReplication.needed(scene, db2Of())).toMatchObject({ observed: 'yes' });
      expect(restartReplication.needed(scene, db2Of()).why).toContain('error 1205');
      expect(restartReplication.refusals(scene, db2Of())).toEqual([]);
      expect(restartReplication.asks?.(scene, db2Of())).toBeUndefined();
      await blocker.close();
      expect(await bench.run(restartReplication, db2Of())).toMatchObject({ outcome: 'succeeded' });
      await untilCaughtUp(db2, primary);
      expect(await askOne(db2, '(SELECT x FROM app.t WHERE id = 1)')).toBe('10');
      expect(restartReplication.needed(await bench.look(), db2Of()).observed).toBe('no');
    });

    it('asks before it starts what somebody stopped, and starts both threads then', async () => {
      const { primary } = sandbox;
      await stopReplication(db2);
      await primary.sql('UPDATE app.t SET x = 11 WHERE id = 1');
      const scene = await bench.look();
      expect(restartReplication.refusals(scene, db2Of())).toEqual([]);
      expect(restartReplication.asks?.(scene, db2Of())).toContain('both threads of db2 stand without an error');
      expect(await bench.run(restartReplication, db2Of())).toMatchObject({ outcome: 'succeeded' });
      await untilCaughtUp(db2, primary);
    });

    it('refuses to go on past a row that is there already, and leaves it', async () => {
      const { primary } = sandbox;
      await collide(primary, db2);
      const scene = await bench.look();
      expect(restartReplication.needed(scene, db2Of()).observed).toBe('yes');
      const [refusal] = restartReplication.refusals(scene, db2Of());
      expect(refusal).toMatchObject({ reason: 'data-error' });
      expect(refusal?.why).toContain('error 1062');
      await db2.run(['SET sql_log_bin = 0', 'DELETE FROM collision.rows_of', 'SET sql_log_bin = 1']);
      await startReplication(db2, 'sql');
      await untilCaughtUp(db2, primary);
    });

    it('waits for a source that is down, and starts the thread that gave up once it is back', async () => {
      const { primary } = sandbox;
      // MariaDB tries for months: there such a thread was stopped by hand, which is asked about.
      if (mysql) {
        await stopReplication(db2, 'io');
        await db2.sql('CHANGE REPLICATION SOURCE TO SOURCE_RETRY_COUNT=1');
        await startReplication(db2, 'io');
        await untilReplicating(db2);
      }
      await primary.kill();
      const failed = mysql ? 'No' : 'Connecting';
      await until('the receiver to fail', async () => {
        const status = await channelStatus(db2);
        return status?.io === failed && status.error !== '';
      });
      const lost = await bench.lookUntil('the loss to be seen', ({ snapshot }) => snapshot.servers[0]?.facts === undefined); // prettier-ignore
      if (mysql) {
        expect(restartReplication.needed(lost, db2Of()).observed).toBe('unknown');
      } else {
        expect(restartReplication.refusals(lost, db2Of())).toMatchObject([{ reason: 'source-unreachable' }]);
        await stopReplication(db2, 'io');
      }
      await primary.start();
      await sandbox.open(primary);
      const scene = await bench.look();
      expect(restartReplication.needed(scene, db2Of()).observed).toBe('yes');
      expect(restartReplication.refusals(scene, db2Of())).toEqual([]);
      expect(restartReplication.asks?.(scene, db2Of()) === undefined).toBe(mysql);
      await primary.sql('UPDATE app.t SET x = 12 WHERE id = 1');
      expect(await bench.run(restartReplication, db2Of())).toMatchObject({ outcome: 'succeeded' });
      await untilCaughtUp(db2, primary);
    });

    it('starts one channel of two', async () => {
      const east = await sandbox.add('east');
      await sandbox.follow(db2, east, { channel: 'east', start: false });
      await stopReplication(db2);
      const scene = await bench.look();
      const parameters = db2Of({ channel: 'east' });
      expect(restartReplication.asks?.(scene, parameters)).toContain('db2 (channel east)');
      expect(await bench.run(restartReplication, parameters)).toMatchObject({ outcome: 'succeeded' });
      expect(await channelStatus(db2, 'east')).toMatchObject({ io: 'Yes', sql: 'Yes' });
      expect(await channelStatus(db2)).toMatchObject({ io: 'No', sql: 'No' });
      await stopReplication(db2, undefined, 'east');
      await db2.sql(mysql ? "RESET REPLICA ALL FOR CHANNEL 'east'" : "RESET SLAVE 'east' ALL");
      await east.stop(0);
      await startReplication(db2);
      await untilReplicating(db2);
    });

    it('closes a replica that accepts writes, whoever writes there', async () => {
      await sandbox.open(db2);
      const application = await login('application');
      const administrator = await login('administrator');
      await application.query('BEGIN; UPDATE app.t SET x = 20 WHERE id = 2', soon());
      await administrator.query('BEGIN; UPDATE app.t SET x = 21 WHERE id = 1', soon());
      const scene = await bench.look();
      expect(fenceWritableReplica.needed(scene, db2Of()).observed).toBe('yes');
      expect(fenceWritableReplica.refusals(scene, db2Of())).toEqual([]);
      const { outcome, why, notes } = await bench.run(fenceWritableReplica, db2Of());
      expect(outcome, why).toBe('succeeded');

      expect(await askOne(db2, '@@global.read_only')).toBe('1');
      if (mysql) expect(await askOne(db2, '@@global.super_read_only')).toBe('1');
      else expect(notes['sessions-left']).toBe('0');
      // What may not write is left alone, and its transaction cannot end well; what may was ended, and rolled back.
      await expect(application.query('COMMIT', soon())).rejects.toMatchObject({ errno: 1290 });
      if (mysql) await expect(administrator.query('COMMIT', soon())).rejects.toMatchObject({ errno: 1290 });
      else await until('its session to be gone', () => administrator.closed);
      expect(await askOne(db2, '(SELECT GROUP_CONCAT(x ORDER BY id) FROM app.t)')).toBe('12,2');
      application.close();
      administrator.close();
      expect(fenceWritableReplica.needed(await bench.look(), db2Of()).observed).toBe('no');
      await untilReplicating(db2);
    });

    it('fails behind a statement that runs, changes nothing then, and closes once it has ended', async () => {
      await sandbox.open(db2);
      const writer = await login('application');
      const [marked, release] = [`'lockstep.test'`, new Admin(db2.socketPath)];
      await release.query(`SELECT GET_LOCK(${marked}, 5)`);
      // A write that runs until the lock is given.
      const writing = writer.query(`UPDATE app.t SET x = x + GET_LOCK(${marked}, 60) WHERE id = 2`, {
        signal: AbortSignal.timeout(60_000),
      });
      await until('the write to run', async () => {
        const rows = await db2.sql("SELECT STATE FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'");
        return rows.length === 1;
      });
      const actor = bench.actor();
      const [close] = fenceWritableReplica.steps(await bench.look(), db2Of());
      for (const action of close?.plan ?? [])
        await expect(actor.send(action, {}, AbortSignal.timeout(10_000))).rejects.toMatchObject({
          cause: expect.objectContaining({ errno: 1205 }) as unknown,
        });
      await actor.close();
      expect(await askOne(db2, '@@global.read_only')).toBe('0');
      if (mysql) expect(await askOne(db2, '@@global.super_read_only')).toBe('0');
      await release.close();
      await writing;
      writer.close();

      await writeErrant(db2);
      const again = await bench.lookUntil('the errant transaction to be seen', (seen) =>
        (fenceWritableReplica.remarks?.(seen, db2Of()) ?? []).some((remark) => remark.includes('never had (')),
      );
      const relations = relationsOf(again.snapshot, topologyOf(again.snapshot));
      expect(relations.servers.find(({ server }) => server === 'db2')?.errantTransactions).toBeGreaterThan(0);
      expect(await bench.run(fenceWritableReplica, db2Of())).toMatchObject({ outcome: 'succeeded' });
      expect(await askOne(db2, '@@global.read_only')).toBe('1');
    });

    it('never closes the only server that accepts writes, nor one of two primaries', async () => {
      await sandbox.open(db2);
      await sandbox.close(sandbox.primary);
      expect(fenceWritableReplica.refusals(await bench.look(), db2Of())).toMatchObject([
        { reason: 'no-writable-primary' },
      ]);
      await sandbox.open(sandbox.primary);
      await stopReplication(db2);
      expect(fenceWritableReplica.refusals(await bench.look(), db2Of())).toMatchObject([{ reason: 'not-following' }]);
      await db2.sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      expect(fenceWritableReplica.needed(await bench.look(), db2Of()).observed).toBe('yes');
      expect(fenceWritableReplica.refusals(await bench.look(), db2Of())).toMatchObject([
        { reason: 'two-primaries', human: true },
      ]);
    });
  },
  oneOfEach,
);

await describeEach(
  'procedures, without GTID,',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1, mode: 'position' }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox);
    });

    afterAll(() => scope.end());

    it('start both threads from where they stood', async () => {
      const { primary } = sandbox;
      const db2 = sandbox.server('db2');
      await primary.sql('CREATE DATABASE before_it');
      await untilCaughtUp(db2, primary);
      await stopReplication(db2);
      await primary.sql('CREATE DATABASE meanwhile');
      const scene = await bench.look();
      expect(restartReplication.refusals(scene, db2Of())).toEqual([]);
      expect(await bench.run(restartReplication, db2Of())).toMatchObject({ outcome: 'succeeded' });
      await untilCaughtUp(db2, primary);
      expect(await db2.sql("SHOW DATABASES LIKE 'meanwhile'")).toHaveLength(1);
    });
  },
  oneOfEach,
);
