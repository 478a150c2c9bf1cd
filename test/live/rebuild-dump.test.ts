import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { load } from '../../src/actors/copy/load.js';
import { Scope } from '../../src/base/scope.js';
import { dropAccount } from '../../src/dialects/account-copies.js';
import { snapshotStatements } from '../../src/dialects/snapshot-statements.js';
import { openHost, type HostSettings } from '../../src/hosts/open.js';
import { openSession } from '../../src/mysql/session.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { resetReplica, stopReplica } from '../../src/dialects/replication-statements.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { besideSchemas, grantsEverybody, installing, questionsBeside } from './beside-schemas.js';
import { corpus } from './corpus.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach } from './matrix.js';
import { noMemory } from './no-memory.js';
import { hostsOf, serverPrograms } from './rebuild-hosts.js';
import { Scrape } from './scrape.js';
import { dumpedThings, told } from './things.js';
import { textOf, Workbench, type RunOptions } from './workbench.js';
import { Writer } from './writer.js';

await describeEach('rebuild-replica by a dump', (version) => {
  const scope = new Scope();
  const mysql = version.startsWith('mysql');
  let sandbox: SandboxCluster;
  let bench: Workbench;
  let writer: Writer;
  let settings: (name: string) => HostSettings;
  const target = (): SandboxServer => sandbox.server('db2');
  const parameters = () => bench.parameters({ server: 'db2', method: 'dump' });

  beforeAll(async () => {
    sandbox = scope.own(await createCluster({ version, replicas: 2, settings: { local_infile: 0 } }), (cluster) =>
      cluster.stop(),
    );
    const [hosts, programs] = [await hostsOf(scope, sandbox), await serverPrograms(scope, sandbox)];
    settings = (name: string): HostSettings => ({ ...hosts(name), programs: programs(name) });
    bench = await Workbench.open(scope, sandbox);
    const servers = bench.site.servers.map((server) => ({ ...server, programs: settings(server.name).programs, services: ['mysql'] })); // prettier-ignore
    bench.site = { ...bench.site, servers };
    bench.reach = { ...bench.reach, host: (name: string) => openHost(settings(name)) };
    await sandbox.primary.run([
      ...corpus(sandbox.version),
      ...besideSchemas(version),
      // A grant outlives its column, and stands in one line with others.
      'CREATE TABLE corpus.shrunk (id INT PRIMARY KEY, words INT, gone INT)',
      "CREATE USER 'columns'@'%' IDENTIFIED BY 'a-word'",
      "GRANT SELECT (id, gone, words), UPDATE (words), INSERT ON corpus.shrunk TO 'columns'@'%'",
      'ALTER TABLE corpus.shrunk DROP COLUMN gone',
    ]);
    writer = await Writer.open(sandbox.primary, 5);
    scope.defer(() => writer.stop());
    await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
  });

  afterAll(() => scope.end());

  async function columnGrants(server: SandboxServer): Promise<readonly string[]> {
    const rows = await server.sql("SELECT CONCAT(COLUMN_NAME, ' ', PRIVILEGE_TYPE) AS one FROM information_schema.COLUMN_PRIVILEGES WHERE TABLE_NAME = 'shrunk' ORDER BY 1"); // prettier-ignore
    return rows.map((row) => row['one'] ?? '');
  }

  async function lost(): Promise<void> {
    await target().sql(stopReplica(target().column, ''));
    await target().sql(resetReplica(target().column, ''));
  }

  /** And it holds what nobody else has. */
  async function lostWithItsOwn(): Promise<void> {
    await lost();
    if (mysql) await target().sql('SET GLOBAL super_read_only = OFF');
    await target().run(['SET sql_log_bin = 0', 'CREATE DATABASE IF NOT EXISTS only_here', 'SET sql_log_bin = 1']);
    if (mysql) await target().sql('SET GLOBAL super_read_only = ON');
  }

  async function rebuilt(options: RunOptions = {}) {
    await bench.lookUntil('the trouble to be seen', (scene) => rebuildReplica.needed(scene, parameters()).observed === 'yes'); // prettier-ignore
    return bench.run(rebuildReplica, parameters(), options);
  }

  it('fills an empty server with all that there is, while the primary is written to', async () => {
    await lost();
    const acknowledged = writer.acknowledged;
    const ran = await rebuilt();
    expect(ran.outcome, ran.why).toBe('succeeded');
    expect(ran.notes).toMatchObject({ verified: 'equal' });
    expect(ran.notes['cost']).toMatch(/^Commits on db3 waited for at most \d+ ms; writes to its tables without transactions for at most \d+ ms; grants on what no longer exists were left out: 1\.$/); // prettier-ignore
    expect(textOf(ran)).toContain('reached by nobody');
    const now = writer.acknowledged;
    expect(now).toBeGreaterThan(acknowledged);
    await untilCaughtUp(target(), sandbox.primary);
    const [row] = await target().sql(`SELECT COUNT(*) AS n FROM written.rows_of WHERE id <= ${now}`);
    expect(row?.['n']).toBe(String(now));
    for (const question of [...dumpedThings, ...questionsBeside(version)])
      expect(await told(target(), question), question).toEqual(await told(sandbox.server('db3'), question));
    expect(await columnGrants(sandbox.server('db3'))).toContain('gone SELECT');
    expect(await columnGrants(target())).toEqual(['id SELECT', 'words SELECT', 'words UPDATE']);
    await sandbox.primary.run([
      "SET SESSION time_zone = 'Here/There'",
      'INSERT INTO corpus.many (words) VALUES (NOW())',
    ]);
    await untilCaughtUp(target(), sandbox.primary);
    expect(await channelStatus(target())).toMatchObject({ io: 'Yes', sql: 'Yes' });
    expect((await target().sql('SELECT @@global.read_only AS value'))[0]?.['value']).toBe('1');
    expect(readdirSync(target().disk)).toEqual(['data']);
    if (!mysql) return;
    expect(textOf(ran)).toContain('DISABLE INNODB REDO_LOG');
    const [redo] = await target().sql("SHOW GLOBAL STATUS LIKE 'Innodb_redo_log_enabled'");
    expect(redo?.['Value']).toBe('ON');
  });

  it.runIf(grantsEverybody(version))('takes from everybody what an earlier try gave', async () => {
    const everybody = { user: 'PUBLIC', host: '', role: true };
    await target().run(['SET sql_log_bin = 0', dropAccount(everybody), 'SET sql_log_bin = 1']);
    expect(await target().sql('SHOW GRANTS FOR PUBLIC')).toEqual([]);
  });

  it('is refused before anything is touched where it would leave out what was installed', async () => {
    await lost();
    const [name, install, uninstall] = installing(version);
    const donor = sandbox.server('db3');
    const open = (way: 'OFF' | 'ON') => (mysql ? [`SET GLOBAL super_read_only = ${way}`] : []);
    await donor.run([...open('OFF'), 'SET sql_log_bin = 0', install, 'SET sql_log_bin = 1', ...open('ON')]);
    const wanted = bench.parameters({ server: 'db2', method: 'dump', from: 'db3' });
    const refused = rebuildReplica.refusals(await bench.lookFor(rebuildReplica, wanted), wanted);
    expect(refused).toMatchObject([{ reason: 'installed', why: expect.stringContaining(name) as string }]);
    await donor.run([...open('OFF'), 'SET sql_log_bin = 0', uninstall, 'SET sql_log_bin = 1', ...open('ON')]);
    expect(rebuildReplica.refusals(await bench.lookFor(rebuildReplica, wanted), wanted)).toEqual([]);
  });

  it.skipIf(mysql)('is refused before anything is touched where tables keep their former rows', async () => {
    await sandbox.primary.run(['CREATE DATABASE past', 'CREATE TABLE past.prices (n INT PRIMARY KEY) WITH SYSTEM VERSIONING']); // prettier-ignore
    await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
    const wanted = bench.parameters({ server: 'db2', method: 'dump', from: 'db3' });
    const refused = rebuildReplica.refusals(await bench.lookFor(rebuildReplica, wanted), wanted);
    expect(refused).toMatchObject([
      { reason: 'system-versioned', why: expect.stringContaining('past.prices') as string },
    ]);
    await sandbox.primary.run(['DROP DATABASE past']);
    await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
  });

  it('puts back what was there when the donor dies in the middle', async () => {
    await lostWithItsOwn();
    const donor = sandbox.server('db3');
    const ran = await rebuilt({ at: { 'step:load:begins': () => donor.kill() } });
    expect(ran.outcome, ran.why).toBe('rolled-back');
    expect(await target().sql("SHOW DATABASES LIKE 'only_here'")).toHaveLength(1);
    expect(readdirSync(target().disk)).toEqual(['data']);
    await donor.start();
    await untilCaughtUp(donor, sandbox.primary);
  });

  it.skipIf(!mysql)(
    'puts back what was there when the target dies without its redo log',
    async () => {
      await lostWithItsOwn();
      let died: Promise<void> | undefined;
      const dies = async () => {
        const schema = path.join(target().dataDirectory, 'corpus');
        await until('the copy to have begun', () => Promise.resolve(existsSync(schema)));
        await target().kill();
        // Nothing but what was kept is any good now.
        await expect(target().start()).rejects.toMatchObject({ code: 'sandbox-server-died' });
      };
      const begins = () => {
        died = dies();
        return Promise.resolve();
      };
      const ran = await rebuilt({ at: { 'step:load:begins': begins } });
      await died;
      expect(ran.outcome, ran.why).toBe('rolled-back');
      expect(await target().sql("SHOW DATABASES LIKE 'only_here'")).toHaveLength(1);
      expect(readdirSync(target().disk)).toEqual(['data']);
    },
    180_000,
  );

  it('never empties a server that was not laid out for it', async () => {
    const action = { kind: 'load', from: 'db3', on: 'db2', accounts: [], stops: '', streams: 2, restAbove: 60, noteAs: '' } as const; // prettier-ignore
    const ports = { target: (name: string) => bench.reach.target(name), memory: noMemory.memory(''), progress: () => undefined }; // prettier-ignore
    await expect(load(action, ports, AbortSignal.timeout(20_000))).rejects.toMatchObject({ code: 'not-fresh' });
    expect(await target().sql("SHOW DATABASES LIKE 'only_here'")).toHaveLength(1);
  });

  it('lets commits on the donor go on by itself when whoever stopped them says nothing', async () => {
    const words = snapshotStatements(sandbox.version.flavour);
    const signal = AbortSignal.timeout(30_000);
    const session = await openSession(await bench.reach.target('db1'), { signal });
    await session.query(words.before, { signal });
    await session.query(words.stop, { signal });
    const stopped = writer.acknowledged;
    await until('the writer to go on', () => Promise.resolve(writer.acknowledged > stopped + 3), { within: 20_000 });
    expect(session.closed).toBe(true);
    expect(writer.failures).toEqual([]);
  });

  it('goes on where it was killed: what has come is compared, and only what differs is copied again', async () => {
    await sandbox.primary.run([
      'DROP DATABASE IF EXISTS grown',
      'CREATE DATABASE grown',
      'CREATE TABLE grown.large (id INT PRIMARY KEY, k INT NOT NULL, words VARCHAR(600), UNIQUE KEY (k), KEY (words(20)))',
      "INSERT INTO grown.large VALUES (1, 1, REPEAT('word ', 100))",
      ...Array.from({ length: 16 }, (_, n) => `INSERT INTO grown.large SELECT id + ${2 ** n}, k + ${2 ** n}, CONCAT(id, words) FROM grown.large WHERE id <= 60000 - ${2 ** n}`), // prettier-ignore
      'CREATE TABLE grown.keyless AS SELECT k, words FROM grown.large WHERE id <= 2000',
      'CREATE TABLE grown.floats (id INT PRIMARY KEY, f FLOAT)',
      'INSERT INTO grown.floats SELECT id, id / 7 FROM grown.large WHERE id <= 1000',
    ]);
    const donor = sandbox.server('db3');
    await untilCaughtUp(donor, sandbox.primary);
    await lost();
    // As where it is in the configuration: the empty server has it from its first start on.
    if (mysql) await target().sql('SET PERSIST super_read_only = ON');
    const link = await openLink(scope, donor.address);
    const { host, port } = link.address;
    const lockstep = await LockstepProcess.lay(sandbox, {}, {}, (server) => {
      const { paths, programs, services } = settings(server.name);
      return { hosts: { paths, programs, services }, ...(server === donor ? { address: `${host}:${port}` } : {}) };
    });
    link.throttle(2 ** 20);
    await lockstep.start();
    const { id } = await lockstep.run({ procedure: 'rebuild-replica', parameters: { cluster: 'sandbox', server: 'db2', method: 'dump', from: 'db3' } }); // prettier-ignore
    const done = async () => new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text()).value('lockstep_run_progress_bytes', { cluster: 'sandbox', server: 'db2' }) ?? 0; // prettier-ignore
    await until('rows to come', async () => (await done()) > 1e6, { every: 50, within: 60_000 });
    // While the run goes on.
    await donor.stop();
    link.throttle(4 * 2 ** 20);
    await donor.start();
    // Ranges that stay must outnumber those that change below, or the table is made anew.
    await until('most of it to have come', async () => (await sentBy(donor)) > 26e6, { every: 50, within: 60_000 });
    await lockstep.kill();
    link.throttle(Infinity);
    await sandbox.primary.run([
      'UPDATE grown.large SET words = NULL WHERE id IN (5, 12000)',
      // What one row had, another has: both at once exclude each other.
      'UPDATE grown.large SET k = 99999 WHERE id = 7',
      'UPDATE grown.large SET k = 7 WHERE id = 12001',
      'DELETE FROM grown.large WHERE id BETWEEN 11 AND 20',
      "INSERT INTO grown.large VALUES (70000, 70000, 'new')",
    ]);
    await untilCaughtUp(donor, sandbox.primary);
    const before = await sentBy(donor);
    // Once more, between the last that it does and the note that it is done.
    await lockstep.start({ LOCKSTEP_FAULT: 'step:load:ends=kill' });
    await lockstep.child.ended;
    const copied = (await sentBy(donor)) - before;
    await lockstep.start();
    const run = await lockstep.ended(id, 60_000);
    expect(run.outcome, run.why).toBe('succeeded');
    const counts = /(\d+) rows were found equal and kept, and (\d+) were copied/.exec(run.report?.join(' ') ?? '');
    expect(Number(counts?.[1])).toBeGreaterThan(20_000);
    // Of more than 34 MB.
    expect(copied).toBeLessThan(28e6);
    await untilCaughtUp(target(), sandbox.primary);
    for (const question of [
      ...dumpedThings,
      'CHECKSUM TABLE grown.large, grown.keyless, grown.floats',
      'SHOW CREATE TABLE grown.large',
      'SELECT @@GLOBAL.read_only AS value',
    ])
      expect(await told(target(), question), question).toEqual(await told(donor, question));
    expect(readdirSync(target().disk)).toEqual(['data']);
    await lockstep.stop();
  });

  async function sentBy(server: SandboxServer): Promise<number> {
    return Number((await server.sql("SHOW GLOBAL STATUS LIKE 'Bytes_sent'"))[0]?.['Value']);
  }
});
