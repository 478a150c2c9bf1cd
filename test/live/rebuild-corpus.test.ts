import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { openHost } from '../../src/hosts/open.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { accountStatements } from '../../src/sandbox/accounts.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { corpus } from './corpus.js';
import { describeEach, oneOfEach } from './matrix.js';
import { hostsOf } from './rebuild-hosts.js';
import { dumpedThings, told } from './things.js';
import { textOf, Workbench } from './workbench.js';

type Answers = ReadonlyMap<string, unknown>;

/** What a dump brings to every version, a copy of files brings, too: see rebuild-dump.test.ts. */
await describeEach(
  'all that there is, copied as files',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let bench: Workbench;
    const target = (): SandboxServer => sandbox.server('db2');
    const donor = (): SandboxServer => sandbox.server('db3');
    const parameters = () => bench.parameters({ server: 'db2', from: 'db3', method: mysql ? 'clone' : 'backup' });

    beforeAll(async () => {
      const settings = mysql ? { plugin_load_add: 'mysql_clone.so' } : {};
      sandbox = scope.own(await createCluster({ version, replicas: 2, settings }), (cluster) => cluster.stop());
      const hosts = await hostsOf(scope, sandbox);
      bench = await Workbench.open(scope, sandbox);
      const servers = bench.site.servers.map((server) => ({ ...server, programs: hosts(server.name).programs, services: ['mysql'] })); // prettier-ignore
      bench.site = { ...bench.site, servers };
      bench.reach = { ...bench.reach, host: (name: string) => openHost(hosts(name)) };
      await sandbox.primary.run(corpus(sandbox.version));
      await untilCaughtUp(donor(), sandbox.primary);
      await untilCaughtUp(target(), sandbox.primary);
    });

    afterAll(() => scope.end());

    /** From a server's own mouth. */
    async function answersOf(server: SandboxServer): Promise<Answers> {
      const answers = new Map<string, unknown>();
      for (const question of dumpedThings) answers.set(question, await told(server, question));
      return answers;
    }

    async function comesWhole(because: RegExp): Promise<void> {
      const before = await answersOf(donor());
      const scene = await bench.lookUntil('the trouble to be seen', (seen) => rebuildReplica.needed(seen, parameters()).observed === 'yes'); // prettier-ignore
      expect(rebuildReplica.needed(scene, parameters()).why).toMatch(because);
      const ran = await bench.run(rebuildReplica, parameters());
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.notes).toMatchObject({ verified: 'equal' });
      expect(textOf(ran)).toContain(mysql ? 'CLONE INSTANCE' : '--stream=xbstream');
      await untilCaughtUp(target(), sandbox.primary);
      for (const server of [target(), donor()])
        for (const [question, answer] of await answersOf(server))
          expect(answer, `${server.name}: ${question}`).toEqual(before.get(question));
      expect(await channelStatus(target())).toMatchObject({ io: 'Yes', sql: 'Yes' });
      expect(readdirSync(target().disk)).toEqual(['data']);
    }

    it.runIf(mysql)('is refused by CLONE while it would leave a table empty', async () => {
      await target().run(['STOP REPLICA', 'RESET REPLICA ALL']);
      const scene = await bench.lookFor(rebuildReplica, parameters());
      const refusals = rebuildReplica.refusals(scene, parameters());
      expect(refusals).toMatchObject([{ reason: 'not-transactional', why: expect.stringContaining('corpus.searchindex') as string }]); // prettier-ignore
      expect(await target().sql('SELECT COUNT(*) AS n FROM corpus.searchindex')).toEqual([{ n: '300' }]);
      await sandbox.primary.sql('ALTER TABLE corpus.searchindex ENGINE = InnoDB');
      await untilCaughtUp(donor(), sandbox.primary);
    });

    it('comes to a server that never held anything, once it lets Lockstep in', async () => {
      const identity = `SELECT ${mysql ? '@@server_uuid' : '@@server_id'} AS id`;
      const before = await target().sql(identity);
      await target().wipe();
      await target().start();
      const scene = await bench.lookUntil('it to answer', ({ snapshot }) => snapshot.servers[1]?.facts === undefined);
      expect(rebuildReplica.needed(scene, parameters())).toMatchObject({ observed: 'unknown', why: expect.stringMatching(/^db2 cannot be seen: .*(denied|not allowed)/i) as string }); // prettier-ignore
      await target().run(accountStatements(target(), sandbox.accounts, 'x509'));
      if (mysql) expect(await target().sql(identity)).not.toEqual(before);
      expect(await target().sql("SHOW DATABASES LIKE 'corpus'")).toEqual([]);
      await comesWhole(/^db2 replicates from nobody$/);
      expect(await target().sql(identity)).not.toEqual(await donor().sql(identity));
    });

    it('comes to one that was emptied, and follows its source still', async () => {
      if (mysql) await target().sql('SET GLOBAL super_read_only = OFF');
      await target().run(['SET sql_log_bin = 0', 'DROP DATABASE corpus', 'SET sql_log_bin = 1']);
      await sandbox.primary.sql("UPDATE corpus.many SET words = 'changed' WHERE id = 77");
      await until('the applier to stop', async () => (await channelStatus(target()))?.sql === 'No');
      await untilCaughtUp(donor(), sandbox.primary);
      expect(await channelStatus(target())).toMatchObject({ io: 'Yes' });
      await comesWhole(/^the SQL thread of db2 stopped with error \d+$/);
    });
  },
  oneOfEach,
);
