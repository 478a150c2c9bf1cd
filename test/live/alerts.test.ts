import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertList, alertNames, type AlertName } from '../../src/alerts/list.js';
import { Scope } from '../../src/base/scope.js';
import { createAuthority } from '../../src/pki/authority.js';
import { issue } from '../../src/pki/issue.js';
import { issueServer, keepFiles, sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type FollowOptions, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import {
  collide,
  lockTable,
  notYetValid,
  startReplication,
  stopReplication,
  swapReplicaCertificate,
  swapServerCertificate,
} from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { Alarms, titleOf } from './alarms.js';
import {
  acknowledge,
  beginWhere,
  clockBehind,
  errant,
  getAhead,
  locally,
  lockMonitor,
  purge,
  requireOfReplicas,
  takeAccountsFrom,
  tlsFiles,
  twoHeartbeats,
  waitForReplicas,
} from './alert-faults.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import { describeEach, oneOfEach } from './matrix.js';
import { askOne } from './stage.js';
import { addressOf } from './witness.js';

const day = 86_400;
/**
 * Seconds before they are scaled. On a busy machine a look may take longer than a scrape. A server must not be down for
 * that: while it holds back other alerts, Alertmanager tells nobody that those are over.
 */
const patience = { down: 600, primary: 600 };

/** What MySQL cannot be brought to. Tests below show it; here is why. */
const notOnMysql: Readonly<Partial<Record<AlertName, string>>> = {
  TlsWeakProtocol: 'it no longer has a protocol before TLS 1.2, and refuses to be configured with one',
  ChannelFallbackPossible: 'a channel with TLS stands still rather than go on in plaintext, whatever it verifies',
  ChannelPlaintext: 'for the same reason',
};

// Two Locksteps watch throughout: everything that arrives must arrive once. Most of the time passes with waiting.
await describeEach(
  'alerts',
  (version) => {
    const scope = new Scope();
    const locksteps: WatchingLockstep[] = [];
    let sandbox: SandboxCluster;
    let alarms: Alarms;
    let db1: SandboxServer, db2: SandboxServer, db3: SandboxServer, stranger: SandboxServer;
    const mysql = version.startsWith('mysql');
    const urls = () => locksteps.map(({ url }) => url);
    const known = () => ({
      servers: Object.fromEntries([db1, db2, db3].map((server) => [server.name, { address: addressOf(server) }])),
    });

    beforeAll(async () => {
      sandbox = await createCluster({ version, replicas: 2, durable: true, performanceSchema: true });
      scope.defer(() => sandbox.stop());
      [db1, db2, db3] = [sandbox.server('db1'), sandbox.server('db2'), sandbox.server('db3')];
      const { user } = sandbox.accounts.monitor;
      for (const server of sandbox.servers) await locally(server, `GRANT PROCESS ON *.* TO ${user}@'%'`);
      await db1.run([
        'CREATE DATABASE app',
        'CREATE TABLE app.t (id INT PRIMARY KEY AUTO_INCREMENT, x LONGTEXT)',
        'CREATE TABLE app.u LIKE app.t',
      ]);
      locksteps.push(await watch(sandbox), await watch(sandbox));
      for (const lockstep of locksteps) scope.defer(() => lockstep.stop());
      stranger = await sandbox.add('stranger'); // of whom they do not know
      alarms = await Alarms.watch(scope, urls(), {
        pace: 1 / 240,
        limits: { lag: 3, gtid_gap: 5, relay_log: 2 ** 20, retention: 3 * day, ...patience },
      });
      await alarms.firing(['Watchdog']);
      await alarms.quiet();
    });

    afterAll(() => scope.end());

    it('of threads, settings, accounts, a clock', async () => {
      const kept = await askOne(db1, retention());
      await collide(db1, db2);
      await stopReplication(db3);
      await sandbox.follow(db3, db1, { tls: unverified(db3), start: false });
      await db3.sql('SET GLOBAL sync_binlog = 0');
      await clockBehind(db3, 60);
      const giveBack = await takeAccountsFrom(sandbox, db3);
      await db1.sql(`SET ${retention()} = ${retention().endsWith('seconds') ? 2 * day : 2}`);
      await db1.sql("CREATE USER careless@'%' IDENTIFIED BY 'not-4-secret'");
      if (!mysql) await requireOfReplicas(sandbox, 'NONE');
      await lockMonitor(sandbox, db2, 'LOCK');
      await waitForReplicas(db1, true);
      await db1.sql("INSERT INTO app.t (x) VALUES ('nobody acknowledges')");
      await sandbox.follow(stranger, db1);
      const [stopped] = await alarms.firing(
        ['ReplicationStopped', 'db2', { thread: 'SQL', procedure: 'restart-replication', severity: 'critical' }],
        ['ReplicationStoppedByHand', 'db3'],
        ['ChannelNotVerifying', 'db3', { procedure: 'secure-channel' }],
        ['DurabilityRelaxed', 'db3'],
        ['ClockOffset', 'db3'],
        ['CollectorFailing', 'db3', { collector: 'accounts' }],
        ['RetentionShort', 'db2'],
        ['RetentionShort', 'db3'],
        ['TlsNotRequired', 'db1', { procedure: 'require-tls' }],
        ['LoginRefused', 'db2'],
        ['SemiSyncDegraded', 'db1'],
        ['UnknownReplica', 'db1'],
        ...(mysql ? [] : [['ChannelFallbackPossible', 'db3'] as const]),
      );
      expect(stopped?.annotations).toMatchObject({
        summary: 'The SQL thread of sandbox/db2 stopped with an error',
        description: 'The SQL thread of sandbox/db2 stopped with error 1062.',
        runbook_url: 'docs/runbooks/ReplicationStopped.md',
      });
      await stranger.stop(0);
      await lockMonitor(sandbox, db2, 'UNLOCK');
      await requireOfReplicas(sandbox, 'X509');
      await db1.sql("DROP USER careless@'%'");
      await db1.sql(`SET ${retention()} = ${kept}`);
      await giveBack();
      await clockBehind(db3, 0);
      await db3.sql('SET GLOBAL sync_binlog = 1');
      await refollow(db3, {});
      await locally(db2, 'DELETE FROM collision.rows_of');
      await startReplication(db2);
      // What was not acknowledged is told of once it is over, too.
      await db1.sql("INSERT INTO app.t (x) VALUES ('nobody acknowledges this either')");
      await acknowledge(db2);
      await db1.sql("INSERT INTO app.t (x) VALUES ('db2 acknowledges')");
      await alarms.firing(['SemiSyncWasDegraded', 'db1']);
      await waitForReplicas(db1, false);
      await alarms.quiet();
    });

    it('of lag, and of a Lockstep that is not well', async () => {
      await twoHeartbeats(sandbox);
      const third = await watch(sandbox, {
        keys: { ...known(), heartbeat: { table: 'beats.twice', utc: true } },
        whole: { compatibility: 'mysqld_exporter' },
      });
      scope.defer(() => third.stop());
      const { host } = new URL(third.url);
      await alarms.scrape([...urls(), third.url]);
      await third.rewrite('clusters: none');
      expect(await third.app.reload()).toMatchObject({ reloaded: false, code: 'config-invalid' });
      const releases = [await lockTable(db2, 'app.t'), await lockTable(db3, 'app.u')];
      await db1.run([
        'SET timestamp = UNIX_TIMESTAMP() - 3600',
        "INSERT INTO app.t (x) VALUES ('an hour ago')",
        'SET timestamp = DEFAULT',
        "INSERT INTO app.u (x) VALUES (REPEAT('x', 2097152))",
      ]);
      const writing = setInterval(() => void db1.sql("INSERT INTO app.u (x) VALUES ('more')").catch(() => undefined), 250); // prettier-ignore
      try {
        await alarms.firing(
          ['ReplicationFarBehind', 'db2'],
          ['ReplicationLagging', 'db3'],
          ['GtidGapGrowing', 'db3'],
          ['RelayLogLarge', 'db3'],
          ['ConfigurationReloadFailed', undefined, { instance: host }],
          ['ExpositionFaults', undefined, { instance: host }],
        );
        expect(await alarms.inhibited()).toContain('ReplicationLagging db2');
      } finally {
        clearInterval(writing);
        for (const release of releases) await release();
      }
      await third.stop();
      for (const replica of sandbox.replicas) {
        await untilCaughtUp(replica, db1);
        await refollow(replica, {}); // a channel that is configured anew begins a new relay log
      }
      await alarms.firing(
        ['ScrapeFailing', undefined, { instance: host }],
        ['ScrapeFailing', undefined, { instance: 'sandbox/db1', lockstep: host }],
      );
      await alarms.scrape(urls());
      await alarms.quiet('ExpositionFaults'); // it looks back for a while
    });

    it('of roles: writable, errant, twice the same id', async () => {
      await sandbox.open(db2);
      const mend = await errant(db2);
      db3.configure({ read_only: 0, ...(mysql ? {} : { tls_version: 'TLSv1.1,TLSv1.2,TLSv1.3' }) });
      await db3.restart(1_500);
      await db3.sql('SET GLOBAL server_id = 1');
      await stopReplication(db3, 'io');
      await startReplication(db3, 'io');
      const [, , , , , io] = await alarms.firing(
        ['WritableReplica', 'db2', { procedure: 'fence-writable-replica' }],
        ['BootsWritable', 'db3'],
        ['ErrantTransactions', 'db2', { procedure: 'rebuild-replica' }],
        ['ServerIdClash', 'db1'],
        ['ServerIdClash', 'db3'],
        ['ReplicationStopped', 'db3', { thread: 'IO' }],
        ...(mysql ? [] : [['TlsWeakProtocol', 'db3', { version: 'TLSv1.1' }] as const]),
      );
      expect(io?.annotations['description']).toBe(
        `The IO thread of sandbox/db3 stopped with error ${mysql ? 13117 : 1593}.`,
      );
      if (mysql) await expect(db3.sql("SET GLOBAL tls_version = 'TLSv1.1'")).rejects.toThrow(/TLSv1\.1|tls_version/);
      await mend();
      await sandbox.close(db2);
      db3.configure({ read_only: 1, ...(mysql ? {} : { tls_version: undefined }) });
      await db3.restart(1_500);
      await untilReplicating(db3);
      await alarms.quiet();
    });

    it('of the cluster, and of a link: down, and silent', async () => {
      const link = await openLink(scope, db1.address);
      await refollow(db2, { through: link.address });
      await link.cut();
      await stopReplication(db3);
      await db3.sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      await sandbox.open(db3);
      const [two, connecting] = await alarms.firing(
        ['TwoPrimaries', undefined, { cluster: 'sandbox', severity: 'critical' }],
        ['ReplicationConnecting', 'db2'],
      );
      expect(two?.annotations['description']).toMatch(/^2 servers of sandbox accept writes/);
      expect(connecting?.annotations['description']).toMatch(/last with error (?:2003|2013|2026) /);
      await link.mend();
      await untilReplicating(db2);
      link.blackhole();
      await sandbox.close(db3);
      await alarms.firing(['LagUnknown', 'db2'], ['ReplicaMissing', 'db3', { procedure: 'rejoin' }]);
      await sandbox.follow(db3, db1);
      await link.mend();
      await refollow(db2, {});
      await sandbox.close(db1);
      const backAgain = await getAhead(db2, db1);
      await alarms.firing(
        ['NoPrimary', undefined, { cluster: 'sandbox', procedure: 'open-primary' }],
        ['PrimaryBehind', 'db1', { procedure: 'failover' }],
      );
      await sandbox.open(db1);
      await backAgain();
      await alarms.quiet();
    });

    it('of servers that are down, and of TLS that is off', async () => {
      await stopReplication(db2);
      await sandbox.follow(db2, db1, { tls: 'off', start: false });
      await Promise.all([db1.kill(), db3.kill()]);
      const [primary] = await alarms.firing(
        ['PrimaryDown', 'db1', { procedure: 'failover' }],
        ['ServerDown', 'db3'],
        ['ChannelWithoutTls', 'db2'],
      );
      expect(primary?.annotations['description']).toMatch(/: (?:refused|timeout)\. Nobody can write\.$/);
      expect(await alarms.inhibited()).toContain('ServerDown db1');

      const files = tlsFiles(db3);
      db3.setTls('off');
      await Promise.all([db1.start(), db3.start()]);
      await sandbox.open(db1);
      await alarms.firing(['TlsOff', 'db3', { severity: 'critical' }]);

      // Somebody stands in between, and nothing keeps the replica from talking to him.
      db3.setTls(files);
      await db3.restart(1_500);
      await requireOfReplicas(sandbox, 'NONE');
      const link = await openLink(scope, db1.address);
      link.hideTls();
      await refollow(db3, { through: link.address, tls: unverified(db3), start: false });
      await startReplication(db3);
      if (mysql) {
        const [refused] = await alarms.firing(['ReplicationConnecting', 'db3']);
        expect(refused?.annotations['description']).toContain('last with error 2026 ');
      } else {
        await alarms.firing(['ChannelPlaintext', 'db3', { severity: 'critical', procedure: 'secure-channel' }]);
      }
      await requireOfReplicas(sandbox, 'X509');
      for (const replica of sandbox.replicas) await refollow(replica, {});
      await alarms.quiet();
    });

    it('of certificates that end, or are not what they should be', async () => {
      const putBack = await Promise.all(sandbox.replicas.concat(db1).map((server) => keepFiles(server)));
      const { authority } = sandbox;
      const soon = { notAfter: new Date(Date.now() + 20 * day * 1000) };
      await swapServerCertificate(authority, db2, { ...soon, use: 'leave' });
      await swapReplicaCertificate(authority, db2, soon);
      const { client } = sandbox;
      const own = await Promise.all(
        [client.cert, client.key].map(async (file) => [file, await readFile(file)] as const),
      );
      const ending = await issue(authority, { commonName: 'lockstep', use: 'client', names: [], ...soon });
      await Promise.all([writeFile(client.cert, ending.chainPem), writeFile(client.key, ending.keyPem.reveal())]);
      await swapReplicaCertificate(authority, db3, { notAfter: new Date(Date.now() + 3 * day * 1000) });
      await swapServerCertificate(authority, db3, { keyType: 'p256', notAfter: new Date(Date.now() + 3_000) });
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
        ['LockstepCertificateExpiring', undefined, { procedure: 'renew-certificate' }],
      );
      await Promise.all(own.map(([file, content]) => writeFile(file, content)));

      await Promise.all(putBack.map((restore) => restore()));
      const unknown = await sandboxAuthority(scope, 'Stranger');
      await issueServer(unknown, db2);
      const trusted = path.join(db2.tlsDirectory, 'ca.pem');
      await writeFile(trusted, unknown.authorityPem + authority.authorityPem);
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
      for (const server of [db1, db2, db3]) await server.sql(server.words.reloadTls);
      await alarms.quiet();
    });

    it('of a log that is gone, and of a server that nobody probes', async () => {
      await stopReplication(db3);
      await db1.sql("INSERT INTO app.t (x) VALUES ('db3 will never see this')");
      await untilCaughtUp(db2, db1);
      await purge(db1);
      await startReplication(db3);
      await alarms.scrape(urls(), 'db2');
      const [purged] = await alarms.firing(
        ['SourceLogPurged', 'db3', { procedure: 'rebuild-replica' }],
        ['ServerNotProbed', 'db2'],
      );
      expect(purged?.annotations['description']).toContain('it can never catch up');
      await alarms.scrape(urls());
      await beginWhere(db3, db1);
      await alarms.quiet();
    });

    it('of Locksteps that are all gone', async () => {
      await Promise.all(locksteps.map((lockstep) => lockstep.stop()));
      await alarms.firing(['LockstepAbsent']);
      const next = await watch(sandbox, { keys: known() });
      scope.defer(() => next.stop());
      await alarms.scrape([next.url]);
      await alarms.quiet();
    });

    it('of every name, but those that this flavour cannot be brought to', () => {
      const told = new Set([...alarms.fired.values()].map(({ labels }) => labels['alertname']));
      const beyond = mysql ? Object.keys(notOnMysql) : [];
      // What runs have found is shown where there are runs: verification.test.ts.
      const wanted = alertNames.filter((name) => alertList[name].subject !== 'automation' && name !== 'ReplicaDiffers');
      expect(wanted.filter((name) => !told.has(name)).sort()).toEqual(beyond.sort());
    });

    it('arrived each once, though two Locksteps watch', () => {
      const titles = [...alarms.fired.values()].map(titleOf);
      expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
    });

    async function refollow(replica: SandboxServer, options: FollowOptions): Promise<void> {
      await stopReplication(replica);
      await sandbox.follow(replica, db1, options);
    }

    function unverified(replica: SandboxServer) {
      return { ...sandbox.channelTls(replica), verify: false };
    }

    function retention(): string {
      return version === 'mariadb-10.5' ? '@@global.expire_logs_days' : '@@global.binlog_expire_logs_seconds';
    }
  },
  oneOfEach,
);
