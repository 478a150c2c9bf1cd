import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { ServerFacts } from '../../src/domain/snapshot.js';
import { topologyOf } from '../../src/domain/topology.js';
import { switchover } from '../../src/procedures/switchover.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { lockTable } from '../../src/sandbox/faults.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { Workbench } from './workbench.js';
import { appSession, lostOn, Writers } from './writers.js';

/** How a switchover ends when something goes wrong on its way, and what it leaves alone when nothing does. */
await describeEach(
  'switchover',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let mysql: boolean;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2 }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox);
      mysql = sandbox.version.flavour === 'mysql';
      for (const server of mysql ? sandbox.servers : [])
        await server.run([
          'SET sql_log_bin = 0',
          "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
          "INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'",
          'SET sql_log_bin = 1',
        ]);
      await Writers.prepare(sandbox);
    });
    afterAll(() => scope.end());

    const factsOf = async (name: string): Promise<ServerFacts> => {
      const { snapshot } = await bench.look();
      const facts = snapshot.servers.find((server) => server.name === name)?.facts;
      if (facts === undefined) throw new Error(`${name} cannot be asked`);
      return facts;
    };
    async function ready(to: string): Promise<void> {
      const against = async () =>
        switchover.refusals(await bench.look(), bench.parameters({ to })).map(({ why }) => why);
      let reasons: readonly string[] = [];
      await until(`nothing against ${to}`, async () => (reasons = await against()).length === 0).catch(
        (cause: unknown) => {
          throw new Error(reasons.join('; '), { cause });
        },
      );
    }

    /** db1 takes writes, nobody else does, and nothing of ours is held anywhere. */
    async function untouched(): Promise<void> {
      await expectOneOpen(sandbox.servers, sandbox.primary);
      for (const server of sandbox.servers)
        for (const name of ['lock', 'watch', 'control'])
          await until(`lockstep.${name} of ${server.name} to be free`, async () => {
            const [row] = await server.sql(`SELECT IS_FREE_LOCK('lockstep.${name}') AS free`);
            return row?.['free'] === '1';
          });
      await sandbox.primary.sql('REPLACE INTO app.written VALUES (1, 0)');
    }

    it.each([
      'section:switch:begins',
      'step:freeze:begins',
      'step:freeze:ends',
      'step:catch-up:ends',
      'run:commit-recorded',
      'step:close:ends',
    ])('is taken back when it breaks at %s', async (breakAt) => {
      await ready('db2');
      const writers = await Writers.start(sandbox);
      const ran = await bench.run(switchover, bench.parameters({ to: 'db2' }), { breakAt });
      const { count } = writers;
      await until('writes go on', () => Promise.resolve(writers.count > count + 10));
      const { acknowledged } = await writers.stop();
      expect(['rolled-back', 'failed'], ran.why).toContain(ran.outcome);
      await untouched();
      expect(await lostOn(sandbox.primary, acknowledged)).toEqual([]);
      if (!mysql) return;
      // What stood by to open the server is gone, and not only late; who was killed may be shown for a moment yet.
      const [row] = await sandbox.primary.sql("SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep' AND COMMAND <> 'Killed'"); // prettier-ignore
      expect(row?.['n']).toBe('0');
    });

    it('leaves a primary closed that had started again, read-only, before it was frozen', async () => {
      await ready('db2');
      const [db1, db2] = [sandbox.primary, sandbox.server('db2')];
      if (mysql) await db1.sql('SET PERSIST_ONLY super_read_only = ON');
      const at = { 'section:sessions:ends': () => db1.restart(1500) };
      const ran = await bench.run(switchover, bench.parameters({ to: 'db2' }), { at });
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.sent).toContain('close');
      if (mysql) {
        await db1.sql('RESET PERSIST super_read_only');
        // What stood by to open it is gone by now; had it only slept, it would have opened it.
        const asleep = "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'";
        await until('nobody to sleep there', async () => (await db1.sql(asleep))[0]?.['n'] === '0');
      }
      await expectOneOpen(sandbox.servers, db2, db1);
      const back = await bench.run(switchover, bench.parameters({ to: 'db1' }));
      expect(back.outcome, back.why).toBe('succeeded');
    });

    it('changes nothing when it cannot get its lock, and holds writers up for seconds at most', async () => {
      await ready('db2');
      const unlock = await lockTable(sandbox.primary, 'app.written');
      const began = performance.now();
      const ran = await bench.run(switchover, bench.parameters({ to: 'db2' }));
      expect(['rolled-back', 'failed'], ran.why).toContain(ran.outcome);
      expect(ran.why).toContain('1205');
      expect(performance.now() - began).toBeLessThan(30_000);
      await unlock();
      await untouched();
    });

    it('ends what has been changing the primary for long, where it is told to', async () => {
      await ready('db2');
      const session = await appSession(sandbox, sandbox.primary);
      await session.query('BEGIN; INSERT INTO app.written VALUES (2, 0)', { signal: AbortSignal.timeout(5000) });
      await bench.lookUntil('a long transaction', ({ snapshot }) =>
        (snapshot.servers[0]?.facts?.activity?.transactions ?? []).some(({ seconds }) => seconds >= 6),
      );
      expect(switchover.asks?.(await bench.look(), bench.parameters({ to: 'db2' }))).toContain('would be ended');
      const ran = await bench.run(switchover, bench.parameters({ to: 'db2', 'long-running': 'end' }), {
        breakAt: 'step:sessions:ends',
      });
      expect(['rolled-back', 'failed'], ran.why).toContain(ran.outcome);
      expect(ran.sent).toContain('long-running');
      expect(session.closed).toBe(true);
      await untouched();
    });

    it('leaves channels from elsewhere alone', async () => {
      const west = await sandbox.add('west', mysql ? {} : { settings: { gtid_domain_id: 7 } });
      const db3 = sandbox.server('db3');
      await sandbox.open(west);
      await sandbox.follow(db3, west, { channel: 'west' });
      await west.sql('CREATE DATABASE west');
      await untilCaughtUp(db3, west, { channel: 'west' });
      for (const [from, to] of [
        ['db1', 'db2'],
        ['db2', 'db1'],
      ] as const) {
        await ready(to);
        const ran = await bench.run(switchover, bench.parameters({ to }));
        expect(ran.outcome, ran.why).toBe('succeeded');
        expect(await channelStatus(db3, 'west')).toEqual({ io: 'Yes', sql: 'Yes', error: '' });
        const { links } = topologyOf((await bench.look()).snapshot);
        expect(links.map(({ replica, channel, source }) => [replica, channel, source])).toEqual([
          [from, '', to],
          ['db3', '', to],
          ['db3', 'west', undefined],
        ]);
      }
      // With semi-synchronous replication MySQL's receivers of two sources do not go together (13122).
      await db3.sql(mysql ? "STOP REPLICA FOR CHANNEL 'west'" : "STOP SLAVE 'west'");
      await db3.sql(mysql ? "RESET REPLICA ALL FOR CHANNEL 'west'" : "RESET SLAVE 'west' ALL");
    });

    it('goes on when it breaks beyond its commit point; a replica of the new primary stays where it is, semi-synchronous replication is kept', async () => {
      const [db1, db2, db3] = ['db1', 'db2', 'db3'].map((name) => sandbox.server(name));
      if (db1 === undefined || db2 === undefined || db3 === undefined) throw new Error('three servers are wanted');
      const [source, replica] = mysql ? ['source', 'replica'] : ['master', 'slave'];
      for (const server of [db1, db2, db3]) {
        await server.sql(`SET GLOBAL rpl_semi_sync_${source}_timeout = 2000`);
      }
      await db1.sql(`SET GLOBAL rpl_semi_sync_${source}_enabled = ON`);
      for (const server of [db2, db3]) {
        await server.sql(`SET GLOBAL rpl_semi_sync_${replica}_enabled = ON`);
        await server.sql(mysql ? 'STOP REPLICA IO_THREAD' : 'STOP SLAVE IO_THREAD');
        await server.sql(mysql ? 'START REPLICA IO_THREAD' : 'START SLAVE IO_THREAD');
      }
      await db3.sql(mysql ? 'STOP REPLICA' : 'STOP SLAVE');
      await sandbox.follow(db3, db2);
      await bench.lookUntil('semi-synchronous replication', ({ snapshot }) => snapshot.servers[0]?.facts?.semiSync?.source?.active === true); // prettier-ignore
      await ready('db2');
      const writers = await Writers.start(sandbox);
      const ran = await bench.run(switchover, bench.parameters({ to: 'db2' }), { breakAt: 'step:promote:ends' });
      expect(ran.outcome, ran.why).toBe('succeeded');
      const { acknowledged } = await writers.stop();
      const { links } = topologyOf((await bench.look()).snapshot);
      expect(links.map(({ replica: name, source: from }) => [name, from])).toEqual([
        ['db1', 'db2'],
        ['db3', 'db2'],
      ]);
      expect(ran.sent.filter((id) => id.endsWith('db3'))).toEqual([]);
      const [now, before] = [await factsOf('db2'), await factsOf('db1')];
      expect([now.semiSync?.source?.active, now.semiSync?.replica?.enabled]).toEqual([true, false]);
      expect([before.semiSync?.source?.enabled, before.semiSync?.replica?.enabled]).toEqual([false, true]);
      for (const server of [db1, db3]) await untilCaughtUp(server, db2);
      for (const server of [db1, db2, db3]) expect(await lostOn(server, acknowledged)).toEqual([]);
    });
  },
  oneOfEach,
);
