import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { resetReplica, stopReplica } from '../../src/dialects/replication-statements.js';
import type { Progress } from '../../src/domain/progress.js';
import { openHost, type HostSettings } from '../../src/hosts/open.js';
import { openSession, type Session } from '../../src/mysql/session.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach, oneOfEach } from './matrix.js';
import { hostsOf, serverPrograms } from './rebuild-hosts.js';
import { Workbench } from './workbench.js';

/** More than any donor of this test has at work by itself. */
const crowd = 40;
/** Seconds behind its source from which on a donor is left in peace. */
const lagBound = 2;

await describeEach(
  'a dump rests',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let link: Link;
    const donor = (): SandboxServer => sandbox.server('db3');
    const parameters = () => bench.parameters({ server: 'db2', from: 'db3', method: 'dump' });

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2 }), (cluster) => cluster.stop());
      const [hosts, programs] = [await hostsOf(scope, sandbox), await serverPrograms(scope, sandbox)];
      const settings = (name: string): HostSettings => ({ ...hosts(name), programs: programs(name) });
      bench = await Workbench.open(scope, sandbox);
      const servers = bench.site.servers.map((server) => ({ ...server, programs: settings(server.name).programs, services: ['mysql'] })); // prettier-ignore
      bench.site = { ...bench.site, servers, lagThreshold: lagBound };
      // Slow enough to have a middle.
      link = await openLink(scope, donor().address);
      link.throttle(2 ** 19);
      const straight = bench.reach;
      const target = async (name: string) => ({ ...(await straight.target(name)), ...(name === 'db3' ? { address: link.address } : {}) }); // prettier-ignore
      bench.reach = { ...straight, target, host: (name: string) => openHost(settings(name)) };
      await sandbox.primary.run([
        'CREATE DATABASE slow',
        'CREATE TABLE slow.small (id INT PRIMARY KEY)',
        'CREATE TABLE slow.large (id INT PRIMARY KEY, words VARCHAR(1200))',
        "INSERT INTO slow.large VALUES (1, REPEAT('word ', 200))",
        ...Array.from({ length: 13 }, (_, n) => `INSERT INTO slow.large SELECT id + ${2 ** n}, words FROM slow.large`),
      ]);
      await untilCaughtUp(donor(), sandbox.primary);
    });

    afterAll(() => scope.end());

    /**
     * Copies, and in its middle strains the donor until it was seen to rest, and then no more.
     * @param strain what it returns ends it
     */
    async function rested(strain: () => Promise<() => Promise<void>>): Promise<void> {
      const target = sandbox.server('db2');
      await target.sql(stopReplica(target.column, ''));
      await target.sql(resetReplica(target.column, ''));
      await bench.lookUntil('the trouble to be seen', (scene) => rebuildReplica.needed(scene, parameters()).observed === 'yes'); // prettier-ignore
      let [told, done] = [performance.now(), 0];
      let middle: Promise<void> | undefined;
      const progress = (one: Progress) => {
        if (one.unit !== 'bytes' || !one.at.includes('slow.large')) return;
        [told, done] = [performance.now(), one.done];
        middle ??= restsAndGoesOn();
      };
      const restsAndGoesOn = async () => {
        const relieve = await strain();
        try {
          // Of what comes it tells once a second.
          await until('the copy to rest', () => Promise.resolve(performance.now() - told > 4000), { within: 30_000 });
        } finally {
          await relieve();
        }
        const then = done;
        await until('the copy to go on', () => Promise.resolve(done > then), { within: 15_000 });
      };
      const ran = await bench.run(rebuildReplica, parameters(), { progress });
      expect(middle, 'the copy told nothing of its middle').toBeDefined();
      await middle;
      expect(ran.outcome, ran.why).toBe('succeeded');
      const [, seconds] =
        /the copy rested for (\d+) s because db3 was busy or behind/.exec(ran.notes['cost'] ?? '') ?? [];
      expect(Number(seconds), ran.notes['cost']).toBeGreaterThanOrEqual(3);
    }

    /** Straight at the donor. */
    async function another(): Promise<Session> {
      const target = { ...(await bench.reach.target('db3')), address: donor().address };
      return openSession(target, { signal: AbortSignal.timeout(20_000) });
    }

    it('while its donor has much to do, and goes on then', async () => {
      await rested(async () => {
        const sessions = await Promise.all(Array.from({ length: crowd }, another));
        const signal = AbortSignal.timeout(90_000);
        for (const session of sessions) void session.query('SELECT SLEEP(90)', { signal }).catch(() => undefined);
        return () => donor().run(sessions.map(({ threadId }) => `KILL ${threadId}`));
      });
    });

    it('while its donor is further behind its source than the bound, and goes on then', async () => {
      await rested(async () => {
        const session = await another();
        await session.query('LOCK TABLES slow.small READ', { signal: AbortSignal.timeout(20_000) });
        await sandbox.primary.sql('INSERT INTO slow.small SELECT COUNT(*) FROM slow.small');
        return () => session.end();
      });
    });
  },
  oneOfEach,
);
