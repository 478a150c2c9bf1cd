import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { ActivityFacts } from '../../src/domain/activity.js';
import type { ServerFacts } from '../../src/domain/snapshot.js';
import { everyCollector } from '../../src/observe/watch.js';
import { Admin } from '../../src/sandbox/admin.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';
import { Workbench } from './workbench.js';

await describeEach('activity', (version) => {
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let bench: Workbench;
  let sessions: Admin[] = [];
  let under: Promise<unknown>[] = [];

  beforeAll(async () => {
    // The appliers that keep the locks of a moment are none of it, and a replica's stream neither.
    sandbox = scope.own(await createCluster({ version, replicas: 1 }), (made) => made.stop());
    bench = await Workbench.open(scope, sandbox);
    await sandbox.primary.run([
      'CREATE DATABASE app',
      'CREATE TABLE app.t (id INT PRIMARY KEY, n INT)',
      'INSERT INTO app.t VALUES (1, 0), (2, 0)',
    ]);
  });

  afterEach(async () => {
    const { primary } = sandbox;
    const left = await primary.sql(
      "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = 'root'",
    );
    for (const { id } of left) await primary.sql(`KILL ${id ?? ''}`).catch(() => undefined);
    await Promise.allSettled(under);
    await Promise.all(sessions.map((session) => session.close()));
    [sessions, under] = [[], []];
  });

  afterAll(() => scope.end());

  /** Statements one after another on a session of its own; the last one may never end. */
  async function session(...statements: readonly string[]): Promise<void> {
    const admin = new Admin(sandbox.primary.socketPath);
    sessions.push(admin);
    const last = statements.at(-1) ?? '';
    for (const statement of statements.slice(0, -1)) await admin.query(statement);
    const work = admin.query(last, 60_000);
    work.catch(() => undefined);
    under.push(work);
  }

  async function factsOf(name: string): Promise<ServerFacts> {
    const { snapshot } = await bench.look();
    const server = snapshot.servers.find((one) => one.name === name);
    if (server?.facts === undefined) throw new Error(`${name}: ${server?.failure?.message ?? 'no such server'}`);
    expect(server.collectors.filter(({ success }) => !success)).toEqual([]);
    return server.facts;
  }

  async function activityUntil(what: string, wanted: (activity: ActivityFacts) => boolean): Promise<ActivityFacts> {
    let last: ActivityFacts | undefined;
    const met = async () => {
      last = (await factsOf('db1')).activity;
      return last !== undefined && wanted(last);
    };
    // InnoDB's list of transactions stands still for whoever asks more often than every 0.1 s.
    await until(what, met, { every: 200 }).catch((cause: unknown) => {
      throw new Error(JSON.stringify(last), { cause });
    });
    if (last === undefined) throw new Error('no activity');
    return last;
  }

  it('is empty where nobody works, and counts who is there', async () => {
    const [limit] = await sandbox.primary.sql('SELECT @@max_connections AS n');
    const [used] = await sandbox.primary.sql("SHOW GLOBAL STATUS LIKE 'Threads_connected'");
    for (const name of ['db1', 'db2']) {
      const { activity } = await factsOf(name);
      expect(activity, name).toMatchObject({ statements: [], transactions: [], waitingForReplicas: 0 });
      expect(activity?.connections.limit).toBe(Number(limit?.['n']));
    }
    const { connections } = (await factsOf('db1')).activity ?? {};
    expect(Math.abs((connections?.used ?? 0) - Number(used?.['Value']))).toBeLessThanOrEqual(1);
  });

  it('is asked in thorough looks alone, on a collector of its own', async () => {
    const signal = AbortSignal.timeout(10_000);
    const plain = await bench.observer.look('sandbox', 'db1', { signal });
    expect(plain.facts?.activity).toBeUndefined();
    expect(new Set(plain.collectors.map(({ collector }) => collector))).toEqual(everyCollector);
    const [thorough] = (await bench.look()).snapshot.servers;
    expect(thorough?.collectors).toContainEqual(expect.objectContaining({ collector: 'activity', success: true }));
  });

  it('shows long statements, the longest first, and whether they write; never their text', async () => {
    await session("SELECT SLEEP(30) AS 'hush-hush'");
    await session('/* from a framework */ UPDATE app.t SET n = n + SLEEP(30) WHERE id = 2');
    const { statements, transactions } = await activityUntil('both', ({ statements: { length } }) => length === 2);
    expect(statements).toEqual(
      expect.arrayContaining([
        { id: expect.any(Number) as number, user: 'root', seconds: expect.any(Number) as number, state: 'User sleep', writes: false },
        { id: expect.any(Number) as number, user: 'root', seconds: expect.any(Number) as number, state: 'User sleep', writes: true },
      ]),
    ); // prettier-ignore
    for (const { seconds } of statements) expect(seconds).toBeGreaterThanOrEqual(1);
    expect(JSON.stringify([statements, transactions])).not.toMatch(/hush|framework|SLEEP/);
  });

  it('shows a transaction that is open and idle, in whatever time zone, and whether it has changed anything', async () => {
    await sandbox.primary.sql("SET GLOBAL time_zone = '+05:30'");
    await session('BEGIN', 'UPDATE app.t SET n = 7 WHERE id = 1', 'DO 0');
    await session('START TRANSACTION', 'SELECT * FROM app.t', 'DO 0');
    const { statements, transactions } = await activityUntil('both', (seen) => seen.transactions.length === 2);
    await sandbox.primary.sql("SET GLOBAL time_zone = 'SYSTEM'");
    expect(statements).toEqual([]);
    expect(transactions.map(({ writes }) => writes).sort()).toEqual([true, undefined]);
    for (const { seconds, state, user } of transactions) {
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThan(60);
      expect([state, user]).toEqual(['Sleep', 'root']);
    }
  });

  it('shows who waits behind LOCK TABLES', async () => {
    await session('LOCK TABLES app.t WRITE', 'DO 0');
    await session('INSERT INTO app.t VALUES (9, 0)');
    const { statements } = await activityUntil('the one that waits', (seen) => seen.statements.length === 1);
    expect(statements[0]).toMatchObject({ user: 'root', state: 'Waiting for table metadata lock', writes: true });
  });

  it('leaves out the sessions of Lockstep itself', async () => {
    const actor = bench.actor();
    const work = actor.send(
      { kind: 'sql', on: 'db1', session: 'watch', statements: [{ text: ['SELECT SLEEP(3)'], values: [] }] },
      {},
      AbortSignal.timeout(20_000),
    );
    const own = async () => {
      const rows = await sandbox.primary.sql(
        `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${sandbox.accounts.operate.user}' AND COMMAND = 'Query' AND TIME >= 1`,
      );
      return rows.length > 0;
    };
    await until('the statement to run', own);
    expect((await factsOf('db1')).activity?.statements).toEqual([]);
    await work.catch(() => undefined);
    await actor.close();
  });

  it('counts enabled events, where a monitor may see them', async () => {
    const { primary } = sandbox;
    await primary.run([
      'CREATE EVENT app.e ON SCHEDULE EVERY 1 YEAR DO DO 0',
      'CREATE EVENT app.off ON SCHEDULE EVERY 1 YEAR DISABLE DO DO 0',
    ]);
    expect((await factsOf('db1')).activity?.enabledEvents).toBe(primary.column.eventTable ? 1 : undefined);
    await primary.run(['DROP EVENT app.e', 'DROP EVENT app.off']);
  });

  it('counts commits that wait for a semi-synchronous replica, and says how many replicas each waits for', async () => {
    const { primary } = sandbox;
    const db2 = sandbox.server('db2');
    const mysql = sandbox.version.flavour === 'mysql';
    const [source, replica] = mysql
      ? ['rpl_semi_sync_source', 'rpl_semi_sync_replica']
      : ['rpl_semi_sync_master', 'rpl_semi_sync_slave'];
    if (mysql) {
      await primary.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
      await db2.sql("INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
      await primary.sql(`SET GLOBAL ${source}_wait_no_replica = 0`);
    }
    await stopReplication(db2);
    await db2.sql(`SET GLOBAL ${replica}_enabled = 1`);
    await primary.run([`SET GLOBAL ${source}_timeout = 60000`, `SET GLOBAL ${source}_enabled = 1`]);
    await startReplication(db2);
    await until('semi-sync', async () => (await factsOf('db1')).semiSync?.source?.clients === 1);
    expect((await factsOf('db1')).semiSync?.source).toMatchObject({ waitsFor: 1, waitsWithout: !mysql });
    if (mysql) {
      await primary.run([
        `SET GLOBAL ${source}_wait_no_replica = 1`,
        `SET GLOBAL ${source}_wait_for_replica_count = 2`,
      ]);
      expect((await factsOf('db1')).semiSync?.source).toMatchObject({ waitsFor: 2, waitsWithout: true });
    } else {
      await stopReplication(db2, 'io');
    }
    await session('UPDATE app.t SET n = n + 1 WHERE id = 1');
    const { statements } = await activityUntil(
      'the commit that waits',
      (seen) => seen.waitingForReplicas === 1 && seen.statements.length === 1,
    );
    expect(statements[0]).toMatchObject({ user: 'root', writes: true });
    await primary.sql(`SET GLOBAL ${source}_enabled = 0`);
    await startReplication(db2);
    await Promise.all(under);
  });

  it('knows a channel that leaves something out', async () => {
    const db2 = sandbox.server('db2');
    const filtered = async () => (await factsOf('db2')).channels?.map((channel) => channel.filtered);
    expect(await filtered()).toEqual([false]);
    const mysql = sandbox.version.flavour === 'mysql';
    const filter = async (of: string) => {
      await stopReplication(db2);
      await db2.sql(
        mysql
          ? `CHANGE REPLICATION FILTER REPLICATE_WILD_IGNORE_TABLE = (${of && `'${of}'`})`
          : `SET GLOBAL replicate_wild_ignore_table = '${of}'`,
      );
      await startReplication(db2);
    };
    await filter('junk.%');
    expect(await filtered()).toEqual([true]);
    await filter('');
    expect(await filtered()).toEqual([false]);
  });
});
