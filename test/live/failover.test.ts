import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { Scene } from '../../src/domain/scene.js';
import { openSession, type Session } from '../../src/mysql/session.js';
import { failover } from '../../src/procedures/failover.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';
import { Workbench } from './workbench.js';

const word = new Secret('a-word');
const rules = { evidenceSeconds: 1, looks: 3, never: [], preferred: [], fence: undefined, tail: undefined };

await describeEach(
  'failover',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let mysql: boolean;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox, { whole: { observe: { timeout: '2s' } } });
      bench.site = { ...bench.site, failover: rules };
      mysql = sandbox.version.flavour === 'mysql';
    });

    beforeEach(async () => {
      await sandbox.reset();
      await sandbox.primary.run([
        'CREATE DATABASE app',
        'CREATE TABLE app.written (id INT PRIMARY KEY)',
        "CREATE USER app@'%' IDENTIFIED BY 'a-word' REQUIRE SSL",
        "GRANT ALL ON app.* TO app@'%'",
      ]);
      for (const replica of sandbox.replicas) await untilCaughtUp(replica, sandbox.primary);
      await bench.look();
    });

    afterAll(() => scope.end());

    async function app(server: SandboxServer): Promise<Session> {
      const tls = { verify: 'identity', ca: await readFile(sandbox.client.ca) } as const;
      const password = () => Promise.resolve(word);
      return openSession(
        { address: server.address, user: 'app', password, tls },
        { signal: AbortSignal.timeout(5000) },
      );
    }

    /** Writes until the server is gone; when each row was acknowledged. */
    async function writing(): Promise<{ readonly acknowledged: Map<number, number>; stop(): Promise<void> }> {
      const session = await app(sandbox.primary);
      const acknowledged = new Map<number, number>();
      const over = new AbortController();
      const work = (async () => {
        for (let id = 1; !over.signal.aborted; id += 1) {
          await session.query(`INSERT INTO app.written VALUES (${id})`, { signal: over.signal });
          acknowledged.set(id, Date.now());
        }
      })().catch(() => undefined);
      return {
        acknowledged,
        stop: async () => {
          over.abort();
          await work;
          session.close();
        },
      };
    }

    const enough = (rows: Map<number, number>) =>
      expect.poll(() => rows.size, { timeout: 10_000 }).toBeGreaterThan(200);

    async function lost(acknowledged: Map<number, number>, server: SandboxServer): Promise<readonly number[]> {
      const rows = await server.sql('SELECT id FROM app.written');
      const there = new Set(rows.map((row) => Number(row['id'])));
      return [...acknowledged.keys()].filter((id) => !there.has(id));
    }

    const given = (more: Readonly<Record<string, string>> = {}) =>
      bench.parameters({ 'accept-loss': 'no', unfenced: 'no', ...more });
    const dead = (scene: Scene) => failover.needed(scene, given()).observed === 'yes';

    /** Whoever is primary now, and everybody else that is left its replica over TLS. */
    async function settled(): Promise<SandboxServer> {
      const alive = sandbox.servers.filter((server) => server.running && server.name !== 'db1');
      const open = [];
      for (const server of alive) if (/^(?:0|OFF)$/.test(await askOne(server, '@@global.read_only'))) open.push(server);
      expect(open).toHaveLength(1);
      const [primary] = open;
      if (primary === undefined) throw new Error('no server accepts writes');
      await expectOneOpen(alive, primary);
      return primary;
    }

    it.each([
      ['was killed', (server: SandboxServer) => server.kill()],
      ['stands still', (server: SandboxServer) => server.freeze()],
    ])('replaces a primary that %s, and loses no more than it said', async (_, end) => {
      const writer = await writing();
      await enough(writer.acknowledged);
      await bench.look();
      await end(sandbox.primary);
      const scene = await bench.lookUntil('the primary to be dead', dead);
      expect(failover.refusals(scene, given()).map(({ reason }) => reason)).toEqual(['loss']);
      expect(failover.asks?.(scene, given())).toContain('may be lost');
      const began = performance.now();
      const ran = await bench.run(failover, given({ 'accept-loss': 'yes' }));
      process.stderr.write(`failover ${version}: ${(performance.now() - began).toFixed(0)} ms\n`);
      expect(ran.outcome, ran.why).toBe('succeeded');
      await writer.stop();
      const primary = await settled();
      const candidate = scene.snapshot.servers.find(({ name }) => name === primary.name);
      const heard = candidate?.facts?.channels?.[0]?.receivedAt ?? 0;
      const gone = await lost(writer.acknowledged, primary);
      process.stderr.write(`failover ${version}: ${gone.length} of ${writer.acknowledged.size} lost\n`);
      for (const id of gone) expect(writer.acknowledged.get(id)).toBeGreaterThan(heard - 1000);
      const again = await app(primary);
      await again.query('INSERT INTO app.written VALUES (1000000)', { signal: AbortSignal.timeout(5000) });
      again.close();
      if (sandbox.primary.running) sandbox.primary.thaw();
    });

    it('loses nothing where semi-synchronous replication held, and may go ahead by itself', async () => {
      await semiSync(sandbox);
      await bench.lookUntil(
        'semi-sync to hold',
        ({ snapshot }) => snapshot.servers[0]?.facts?.semiSync?.source?.clients === 2,
      );
      const writer = await writing();
      await enough(writer.acknowledged);
      await bench.look();
      await sandbox.primary.kill();
      const scene = await bench.lookUntil('the primary to be dead', dead);
      expect(failover.refusals(scene, given())).toEqual([]);
      expect(failover.asks?.(scene, given())).toBeUndefined();
      const ran = await bench.run(failover, given());
      expect(ran.outcome, ran.why).toBe('succeeded');
      await writer.stop();
      expect(await lost(writer.acknowledged, await settled())).toEqual([]);
    });

    async function semiSync({ primary, replicas }: SandboxCluster): Promise<void> {
      const [source, replica, without, count] = mysql
        ? ['rpl_semi_sync_source', 'rpl_semi_sync_replica', 'wait_no_replica', 'source.so']
        : ['rpl_semi_sync_master', 'rpl_semi_sync_slave', 'wait_no_slave', ''];
      for (const server of [primary, ...replicas]) {
        if (count !== '') {
          await server.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
          await server.sql("INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
        }
        await server.run([
          `SET GLOBAL ${source}_wait_point = AFTER_SYNC`,
          `SET GLOBAL ${source}_timeout = 86400000`,
          `SET GLOBAL ${source}_${without} = ON`,
          `SET GLOBAL ${replica}_enabled = ON`,
        ]);
      }
      for (const server of replicas) {
        const { column } = server;
        await server.run([`STOP ${column.replicaWord} IO_THREAD`, `START ${column.replicaWord} IO_THREAD`]);
      }
      await primary.sql(`SET GLOBAL ${source}_enabled = ON`);
    }
  },
  oneOfEach,
);
