import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { grantStatements } from '../../src/dialects/grant-statements.js';
import { operatePrivileges } from '../../src/dialects/operate-grants.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import { openHost, type HostSettings } from '../../src/hosts/open.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { accountStatements } from '../../src/sandbox/accounts.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { corpus } from './corpus.js';
import { describeEach, oneOfEach } from './matrix.js';
import { hostsOf } from './rebuild-hosts.js';
import { things, told } from './things.js';
import { textOf, Workbench, type Ran, type RunOptions } from './workbench.js';
import { Writer } from './writer.js';

await describeEach(
  'rebuild-replica',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let settings: (name: string) => HostSettings;
    let writer: Writer;

    beforeAll(async () => {
      const plugin = mysql ? { plugin_load_add: 'mysql_clone.so' } : {};
      sandbox = scope.own(await createCluster({ version, replicas: 2, settings: plugin }), (cluster) => cluster.stop());
      settings = await hostsOf(scope, sandbox);
      bench = await Workbench.open(scope, sandbox);
      const servers = bench.site.servers.map((server) => ({ ...server, programs: settings(server.name).programs, services: ['mysql'] })); // prettier-ignore
      bench.site = { ...bench.site, servers };
      bench.reach = { ...bench.reach, host: (name: string) => openHost(settings(name)) };
      await sandbox.primary.run(corpus(sandbox.version));
      // CLONE takes nothing but InnoDB: the test below sees it refuse.
      if (mysql) await sandbox.primary.sql('ALTER TABLE corpus.searchindex ENGINE = InnoDB');
      // What it may is what this procedure takes, and no more.
      const { operate } = sandbox.accounts;
      await sandbox.primary.run([
        `REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${quoteAccount({ user: operate.user, host: '%' })}`,
        ...grantStatements(operatePrivileges(sandbox.primary.column, ['rebuild-replica']), operate),
      ]);
      writer = await Writer.open(sandbox.primary, 5);
      scope.defer(() => writer.stop());
      await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
    });

    afterAll(() => scope.end());

    const target = () => sandbox.server('db2');
    const parameters = () => bench.parameters({ server: 'db2' });

    async function rebuilt(options: RunOptions = {}): Promise<Ran> {
      await bench.lookUntil('the trouble to be seen', (scene) => rebuildReplica.needed(scene, parameters()).observed === 'yes'); // prettier-ignore
      const acknowledged = writer.acknowledged;
      const ran = await bench.run(rebuildReplica, parameters(), options);
      if (ran.outcome === 'succeeded') await isWhole(acknowledged);
      return ran;
    }

    /** What the servers themselves show: nothing that was acknowledged is missing, and every kind of thing is as it was. */
    async function isWhole(acknowledged: number): Promise<void> {
      const now = writer.acknowledged;
      expect(now).toBeGreaterThan(acknowledged);
      await untilCaughtUp(target(), sandbox.primary);
      const [row] = await target().sql(`SELECT COUNT(*) AS n FROM written.rows_of WHERE id <= ${now}`);
      expect(row?.['n']).toBe(String(now));
      for (const question of things) {
        expect(await told(target(), question), question).toEqual(await told(sandbox.server('db3'), question));
      }
      expect(await channelStatus(target())).toMatchObject({ io: 'Yes', sql: 'Yes' });
      expect((await target().sql('SELECT @@global.read_only AS value'))[0]?.['value']).toBe('1');
      expect(readdirSync(target().disk)).toEqual(['data']);
      const channel = (await bench.look()).snapshot.servers[1]?.facts?.channels?.[0];
      expect(channel?.tls).toMatchObject({ enabled: true, ...sandbox.channelTls(target()) });
    }

    it('builds a replica that diverged, from another replica, while the primary is written to', async () => {
      await stopReplication(target(), 'sql');
      await target().run(['SET sql_log_bin = 0', 'DELETE FROM corpus.many WHERE id = 77', 'SET sql_log_bin = 1']);
      await sandbox.primary.sql("UPDATE corpus.many SET words = 'changed' WHERE id = 77");
      await startReplication(target(), 'sql');
      await until('the applier to stop', async () => (await channelStatus(target()))?.sql === 'No');
      const scene = await bench.lookFor(rebuildReplica, parameters());
      const asked = rebuildReplica.asks?.(scene, parameters()) ?? '';
      expect(asked).toContain('replaced by a copy of db3');
      if (!mysql) expect(asked).toContain('tables without transactions are copied: corpus.searchindex');
      expect(rebuildReplica.remarks?.(scene, parameters()).join(' ')).toMatch(
        /db3 has about [\d.]+ [KM]iB in \d+ tables/,
      );
      const ran = await rebuilt();
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.notes).toMatchObject({ verified: 'equal' });
      expect(ran.notes['report']).toMatch(mysql ? /without a lock/ : /waited for the backup for at most \d+ ms/);
      expect(textOf(ran)).toContain(mysql ? 'CLONE INSTANCE' : '--stream=xbstream');
    });

    it('builds one whose next log was purged', async () => {
      await stopReplication(target());
      const before = writer.acknowledged;
      await until('more to be written', () => Promise.resolve(writer.acknowledged > before + 10));
      await sandbox.primary.sql('FLUSH BINARY LOGS');
      await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
      const logs = await sandbox.primary.sql('SHOW BINARY LOGS');
      const newest = logs.at(-1)?.['Log_name'] ?? '';
      // A stream that was at the older one a moment ago still keeps it.
      await until('the older logs to be gone', async () => {
        await sandbox.primary.sql(`PURGE BINARY LOGS TO '${newest}'`);
        return (await sandbox.primary.sql('SHOW BINARY LOGS')).every((row) => row['Log_name'] === newest);
      });
      await startReplication(target());
      await until('the receiver to stop', async () => (await channelStatus(target()))?.io === 'No');
      const ran = await rebuilt();
      expect(ran.outcome, ran.why).toBe('succeeded');
    });

    it('leaves the target as it was when the copy breaks, and builds it the next time', async () => {
      await target().wipe();
      await target().start();
      await target().run(accountStatements(target(), sandbox.accounts, 'x509'));
      const places = path.join(target().disk, 'data.lockstep-new');
      const broken = await rebuilt({ breakAt: 'step:copy:ends' });
      expect(broken.outcome).toBe('failed');
      expect(target().running).toBe(true);
      expect(existsSync(path.join(target().disk, 'data.lockstep-kept'))).toBe(false);
      // A server that was never one of them: nothing but accounts.
      const ran = await rebuilt();
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(existsSync(places)).toBe(false);
    });

    it.runIf(mysql)('refuses before anything is changed where CLONE would leave tables empty', async () => {
      await sandbox.primary.sql('CREATE TABLE corpus.of_myisam (id INT PRIMARY KEY) ENGINE = MyISAM');
      await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
      await stopReplication(target());
      await target().run(['RESET REPLICA ALL']);
      const scene = await bench.lookFor(rebuildReplica, parameters());
      expect(rebuildReplica.refusals(scene, parameters())).toMatchObject([{ reason: 'not-transactional', why: expect.stringContaining('corpus.of_myisam') as string }]); // prettier-ignore
      await sandbox.primary.sql('DROP TABLE corpus.of_myisam');
      await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
    });
  },
  oneOfEach,
);
