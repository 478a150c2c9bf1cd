import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import { issueServer, keepFiles, sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import {
  collide,
  lockTable,
  notYetValid,
  startReplication,
  stopReplication,
  swapReplicaCertificate,
  swapServerCertificate,
  writeErrant,
} from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { coordinatesOf, untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { createAuthority } from '../../src/pki/authority.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { until } from '../../src/sandbox/until.js';
import { Alarms, titleOf } from './alarms.js';
import { watch } from './lockstep.js';
import { describeEach, oneOfEach } from './matrix.js';
import { askOne } from './stage.js';

const day = 86_400;

// Two Locksteps watch throughout: everything that arrives must arrive once.
await describeEach(
  'alerts',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let alarms: Alarms;
    let db1: SandboxServer, db2: SandboxServer, db3: SandboxServer;
    const mysql = version.startsWith('mysql');

    beforeAll(async () => {
      sandbox = await createCluster({ version, replicas: 2, durable: true, performanceSchema: true });
      scope.defer(() => sandbox.stop());
      [db1, db2, db3] = [sandbox.server('db1'), sandbox.server('db2'), sandbox.server('db3')];
      const { user } = sandbox.accounts.monitor;
      for (const server of sandbox.servers)
        await server.run(['SET sql_log_bin = 0', `GRANT PROCESS ON *.* TO ${user}@'%'`, 'SET sql_log_bin = 1']);
      await db1.run([
        'CREATE DATABASE app',
        'CREATE TABLE app.t (id INT PRIMARY KEY AUTO_INCREMENT, x LONGTEXT)',
        'CREATE TABLE app.u LIKE app.t',
      ]);
      const locksteps = [await watch(sandbox), await watch(sandbox)];
      for (const lockstep of locksteps) scope.defer(() => lockstep.stop());
      alarms = await Alarms.watch(
        scope,
        locksteps.map(({ url }) => url),
        { pace: 1 / 120, limits: { lag: 3, gtid_gap: 5, relay_log: 2 ** 20, retention: 3 * day } },
      );
      await alarms.firing(['Watchdog']);
      await alarms.quiet();
    });

    afterAll(() => scope.end());

    it('of threads that stop: with an error, and by hand', async () => {
      await collide(db1, db2);
      await stopReplication(db3);
      const [stopped] = await alarms.firing(
        ['ReplicationStopped', 'db2', { thread: 'SQL', procedure: 'restart-replication', severity: 'critical' }],
        ['ReplicationStoppedByHand', 'db3'],
      );
      expect(stopped?.annotations).toMatchObject({
        summary: 'The SQL thread of sandbox/db2 stopped with an error',
        description: 'The SQL thread of sandbox/db2 stopped with error 1062.',
        runbook_url: 'docs/runbooks/ReplicationStopped.md',
      });
      await db2.run(['SET sql_log_bin = 0', 'DELETE FROM collision.rows_of', 'SET sql_log_bin = 1']);
      await startReplication(db2);
      await startReplication(db3);
      await alarms.resolved(['ReplicationStopped'], ['ReplicationStoppedByHand']);
    });

    it('of settings: durability, retention, semi-sync, TLS that nobody must use, a channel that checks nothing', async () => {
      const { user } = sandbox.accounts.replication;
      const replication = quoteAccount({ user, host: '%' });
      const kept = await askOne(db1, retention());
      await db3.sql('SET GLOBAL sync_binlog = 0');
      await db1.sql(`SET ${retention()} = ${retention().endsWith('seconds') ? 2 * day : 2}`);
      await db1.sql("CREATE USER careless@'%' IDENTIFIED BY 'not-4-secret'");
      await refollow(db3, { ...sandbox.channelTls(db3), verify: false });
      if (!mysql)
        await db1.run(['SET sql_log_bin = 0', `ALTER USER ${replication} REQUIRE NONE`, 'SET sql_log_bin = 1']);
      await semiSync(true);
      await db1.sql("INSERT INTO app.t (x) VALUES ('nobody acknowledges')");
      await alarms.firing(
        ['DurabilityRelaxed', 'db3'],
        ['RetentionShort', 'db2'],
        ['RetentionShort', 'db3'],
        ['TlsNotRequired', 'db1', { procedure: 'require-tls' }],
        ['ChannelNotVerifying', 'db3', { procedure: 'secure-channel' }],
        ['SemiSyncDegraded', 'db1'],
        ...(mysql ? [] : [['ChannelFallbackPossible', 'db3'] as const]),
      );
      if (!mysql)
        await db1.run(['SET sql_log_bin = 0', `ALTER USER ${replication} REQUIRE X509`, 'SET sql_log_bin = 1']);
      await db3.sql('SET GLOBAL sync_binlog = 1');
      await db1.sql(`SET ${retention()} = ${kept}`);
      await db1.sql("DROP USER careless@'%'");
      await semiSync(false);
      await refollow(db3, sandbox.channelTls(db3));
      await alarms.quiet();
    });

    it('of lag: some and much, a gap that grows, a relay log that is large', async () => {
      const releases = [await lockTable(db2, 'app.t'), await lockTable(db3, 'app.u')];
      await db1.run([
        'SET timestamp = UNIX_TIMESTAMP() - 3600',
        "INSERT INTO app.t (x) VALUES ('an hour ago')",
        'SET timestamp = DEFAULT',
        "INSERT INTO app.u (x) VALUES (REPEAT('x', 2097152))",
      ]);
      const writing = setInterval(() => void db1.sql("INSERT INTO app.u (x) VALUES ('more')"), 250);
      try {
        await alarms.firing(
          ['ReplicationFarBehind', 'db2'],
          ['ReplicationLagging', 'db3'],
          ['GtidGapGrowing', 'db3'],
          ['RelayLogLarge', 'db3'],
        );
        expect(await alarms.inhibited()).toContain('ReplicationLagging db2');
      } finally {
        clearInterval(writing);
        for (const release of releases) await release();
      }
      for (const replica of sandbox.replicas) {
        await untilCaughtUp(replica, db1);
        // A channel that is configured anew begins a new relay log.
        await refollow(replica, sandbox.channelTls(replica));
      }
      await alarms.quiet();
    });

    it('of a link: down, and silent', async () => {
      const link = await openLink(scope, db1.address);
      await stopReplication(db2);
      await sandbox.follow(db2, db1, { through: link.address });
      await link.cut();
      const [connecting] = await alarms.firing(['ReplicationConnecting', 'db2']);
      expect(connecting?.annotations['description']).toMatch(/last with error (?:2003|2013|2026) /);
      await link.mend();
      await untilReplicating(db2);
      link.blackhole();
      await alarms.firing(['LagUnknown', 'db2']);
      await link.mend();
      await stopReplication(db2);
      await sandbox.follow(db2, db1);
      await alarms.quiet();
    });

    it('of roles: writable, unknown, twice the same id, errant', async () => {
      await sandbox.open(db2);
      const mend = await errant(db2);
      db3.configure({ read_only: 0, ...(mysql ? {} : { tls_version: 'TLSv1.1,TLSv1.2,TLSv1.3' }) });
      await db3.restart(1_500);
      await db3.sql('SET GLOBAL server_id = 2');
      const stranger = await sandbox.add('stranger');
      await sandbox.follow(stranger, db1);
      await alarms.firing(
        ['WritableReplica', 'db2', { procedure: 'fence-writable-replica' }],
        ['WritableReplica', 'db3'],
        ['BootsWritable', 'db3'],
        ['ErrantTransactions', 'db2', { procedure: 'rebuild-replica' }],
        ['ServerIdClash', 'db2'],
        ['ServerIdClash', 'db3'],
        ['UnknownReplica', 'db1'],
        ...(mysql ? [] : [['TlsWeakProtocol', 'db3', { version: 'TLSv1.1' }] as const]),
      );
      await stranger.stop(0);
      await mend();
      await sandbox.close(db2);
      db3.configure({ read_only: 1, ...(mysql ? {} : { tls_version: undefined }) });
      await db3.restart(1_500);
      await untilReplicating(db3);
      await alarms.quiet();
    });

    it('of the cluster: two primaries, a replica missing, no primary', async () => {
      await stopReplication(db3);
      await db3.sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      await sandbox.open(db3);
      const [two] = await alarms.firing(['TwoPrimaries', undefined, { cluster: 'sandbox', severity: 'critical' }]);
      expect(two?.annotations['description']).toMatch(/^2 servers of sandbox accept writes/);
      await sandbox.close(db3);
      await alarms.firing(['ReplicaMissing', 'db3', { procedure: 'rejoin' }]);
      await sandbox.follow(db3, db1);
      await sandbox.close(db1);
      await alarms.firing(['NoPrimary', undefined, { cluster: 'sandbox', procedure: 'open-primary' }]);
      await sandbox.open(db1);
      await alarms.quiet();
    });

    it('of servers that are down; what follows from it is held back', async () => {
      await Promise.all([db1.kill(), db3.kill()]);
      const [primary] = await alarms.firing(['PrimaryDown', 'db1', { procedure: 'failover' }], ['ServerDown', 'db3']);
      expect(primary?.annotations['description']).toMatch(/: refused\. Nobody can write\.$/);
      expect(await alarms.inhibited()).toContain('ServerDown db1');
      await Promise.all([db1.start(), db3.start()]);
      await sandbox.open(db1);
      await alarms.quiet();
    });

    it('of TLS that is off, of a server and of a channel', async () => {
      const files = tlsFiles(db3);
      db3.setTls('off');
      await db3.restart(1_500);
      await stopReplication(db2);
      await sandbox.follow(db2, db1, { tls: 'off', start: false });
      await alarms.firing(['TlsOff', 'db3', { severity: 'critical' }], ['ChannelWithoutTls', 'db2']);
      db3.setTls(files);
      await db3.restart(1_500);
      await sandbox.follow(db2, db1);
      await alarms.quiet();
    });

    it('of certificates that end, or are not what they should be', async () => {
      const putBack = await Promise.all(sandbox.servers.map((server) => keepFiles(server)));
      const { authority } = sandbox;
      const soon = { notAfter: new Date(Date.now() + 20 * day * 1000) };
      await swapServerCertificate(authority, db2, { ...soon, use: 'leave' });
      await swapReplicaCertificate(authority, db2, soon);
      await swapReplicaCertificate(authority, db3, { notAfter: new Date(Date.now() + 3 * day * 1000) });
      await swapServerCertificate(authority, db3, { notAfter: new Date(Date.now() + 4_000) });
      const directory = path.join(await takeDirectory(scope), 'authority');
      const short = await createAuthority({ directory, commonName: 'Short', keyBits: 2048, days: 100 });
      const bundle = path.join(db1.tlsDirectory, 'ca.pem');
      await writeFile(bundle, (await readFile(bundle, 'utf8')) + short.authorityPem);
      await alarms.firing(
        ['CertificateDiffersFromFile', 'db2'],
        ['CertificateExpiring', 'db2', { procedure: 'renew-certificate' }],
        ['ClientCertificateExpiring', 'db2'],
        ['CertificateExpiringSoon', 'db3', { role: 'client' }],
        ['CertificateExpired', 'db3', { role: 'server', severity: 'critical' }],
        ['CaExpiring', 'db1', { procedure: 'trust-authority' }],
      );

      await Promise.all(putBack.map((restore) => restore()));
      const stranger = await sandboxAuthority(scope, 'Stranger');
      await issueServer(stranger, db2);
      const trusted = path.join(db2.tlsDirectory, 'ca.pem');
      await writeFile(trusted, stranger.authorityPem + authority.authorityPem);
      await db2.sql(db2.words.reloadTls);
      await swapServerCertificate(authority, db3, { names: ['elsewhere.example'] });
      await swapServerCertificate(authority, db1, { ...notYetValid(), use: mysql ? 'restart' : 'reload' });
      if (mysql) await sandbox.open(db1);
      await alarms.firing(
        ['CertificateNotVerifying', 'db2'],
        ['CertificateWrongName', 'db3'],
        ['CertificateNotYetValid', 'db1', { role: 'server' }],
      );

      await Promise.all(putBack.map((restore) => restore()));
      for (const server of sandbox.servers.filter(({ running }) => running)) await server.sql(server.words.reloadTls);
      await alarms.quiet();
    });

    it('of a binary log that is gone before it was read', async () => {
      await stopReplication(db3);
      await db1.sql("INSERT INTO app.t (x) VALUES ('db3 will never see this')");
      await untilCaughtUp(db2, db1);
      await db1.sql('FLUSH LOCAL BINARY LOGS');
      const { file } = await coordinatesOf(db1);
      await until('the binary logs to be purged', async () => {
        await db1.sql(`PURGE BINARY LOGS TO '${file}'`);
        return (await db1.sql('SHOW BINARY LOGS')).length === 1;
      });
      await startReplication(db3);
      const [purged] = await alarms.firing(['SourceLogPurged', 'db3', { procedure: 'rebuild-replica' }]);
      expect(purged?.annotations['description']).toContain('it can never catch up');
      // As a rebuild ends: it begins where the source is now.
      await stopReplication(db3);
      const now = await askOne(db1, mysql ? '@@global.gtid_executed' : '@@global.gtid_binlog_pos');
      await db3.sql(mysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER');
      await db3.sql(`SET GLOBAL ${mysql ? 'gtid_purged' : 'gtid_slave_pos'} = '${now.replace(/\s/g, '')}'`);
      await startReplication(db3);
      await untilReplicating(db3);
      await alarms.quiet();
    });

    it('arrived each once, though two Locksteps watch', () => {
      const titles = [...alarms.fired.values()].map(titleOf);
      expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
      expect(titles.filter((title) => /lockstep-\d/.test(title))).toEqual([]);
    });

    async function refollow(replica: SandboxServer, tls: ReturnType<SandboxCluster['channelTls']>): Promise<void> {
      await stopReplication(replica);
      await sandbox.follow(replica, db1, { tls });
    }

    /** Waits for replicas that are not there, for a tenth of a second. */
    async function semiSync(on: boolean): Promise<void> {
      const word = mysql ? 'source' : 'master';
      if (on && mysql) await db1.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
      await db1.sql(`SET GLOBAL rpl_semi_sync_${word}_timeout = 100`);
      await db1.sql(`SET GLOBAL rpl_semi_sync_${word}_enabled = ${on ? 1 : 0}`);
      if (!on && mysql) await db1.sql('UNINSTALL PLUGIN rpl_semi_sync_source');
    }

    function retention(): string {
      return version === 'mariadb-10.5' ? '@@global.expire_logs_days' : '@@global.binlog_expire_logs_seconds';
    }

    /** Gives the way back: the replica forgets its own history and takes the primary's up again. */
    async function errant(replica: SandboxServer): Promise<() => Promise<void>> {
      const before = mysql ? await askOne(replica, '@@global.gtid_executed') : '';
      await writeErrant(replica);
      return async () => {
        await stopReplication(replica);
        await replica.run(['SET sql_log_bin = 0', 'DROP DATABASE errant', 'SET sql_log_bin = 1']);
        await replica.sql(mysql ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER');
        if (mysql) await replica.sql(`SET GLOBAL gtid_purged = '${before.replace(/\s/g, '')}'`);
        await startReplication(replica);
        await untilReplicating(replica);
      };
    }
  },
  oneOfEach,
);

function tlsFiles(server: SandboxServer) {
  const file = (name: string) => path.join(server.tlsDirectory, name);
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') };
}
