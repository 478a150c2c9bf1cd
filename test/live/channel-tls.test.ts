import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type FollowOptions, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { channelStatus, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import type { ServerTls } from '../../src/sandbox/settings.js';
import { until } from '../../src/sandbox/until.js';
import type { WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';
import { hasProblem, watchBriskly } from './readings.js';
import type { Scrape } from './scrape.js';

await describeEach('TLS of a channel', (version) => {
  const mysql = version.startsWith('mysql');
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let lockstep: WatchingLockstep;
  let source: SandboxServer;
  let replica: SandboxServer;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 2, performanceSchema: true });
    scope.defer(() => sandbox.stop());
    lockstep = await watchBriskly(sandbox);
    scope.defer(() => lockstep.stop());
    source = sandbox.primary;
    replica = sandbox.server('db2');
    // Without performance_schema streams are in the process list alone, which takes another privilege.
    const { user } = sandbox.accounts.monitor;
    await source.run(['SET sql_log_bin = 0', `GRANT PROCESS ON *.* TO ${user}@'%'`, 'SET sql_log_bin = 1']);
  });

  afterAll(() => scope.end());

  /** Make db2, or another, follow anew with another idea of TLS. */
  async function refollow(options: FollowOptions, who = replica): Promise<void> {
    await stopReplication(who);
    await sandbox.follow(who, source, options);
  }

  const unverified = () => ({ tls: { ...sandbox.channelTls(replica), verify: false } });

  async function require(requirement: 'X509' | 'SSL' | 'NONE'): Promise<void> {
    const { user } = sandbox.accounts.replication;
    await source.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' REQUIRE ${requirement}`, 'SET sql_log_bin = 1']);
  }

  describe('where the source tells', () => {
    beforeEach(async () => {
      await lockstep.metricsUntil('the baseline', (scrape) => negotiated(scrape) === 1);
    });

    it('is configured, verified and seen to be encrypted', async () => {
      const probe = await lockstep.probe('db2');
      expect(probe.value('mysql_replica_tls_enabled', { channel: '' })).toBe(1);
      expect(probe.value('mysql_replica_tls_verify', { channel: '' })).toBe(1);
      const { caFile, certFile, keyFile } = sandbox.channelTls(replica);
      const [info] = probe.all('mysql_replica_tls_info');
      expect(info?.labels).toMatchObject({ ca_file: caFile, cert_file: certFile, key_file: keyFile });

      const scrape = await lockstep.metrics();
      for (const server of ['db2', 'db3']) {
        expect(scrape.value('mysql_replica_tls_negotiated', { server })).toBe(1);
        expect(scrape.value('mysql_replica_tls_negotiated_known', { server })).toBe(1);
        expect(scrape.state('mysql_replica_tls_proof', 'proof', { server })).toBe('observed');
        expect(scrape.value('mysql_replica_tls_fallback_possible', { server })).toBe(0);
        // What the source itself has of the stream; 10.5 has nothing.
        const [session] = scrape.all('mysql_replica_tls_session_info', { server });
        if (version === 'mariadb-10.5') expect(session).toBeUndefined();
        else expect(session?.labels).toMatchObject(await streamOf(source));
      }
      const accounts = (await lockstep.probe('db1')).all('mysql_replication_accounts');
      expect(Object.fromEntries(accounts.map(({ labels, value }) => [labels['requires'] ?? '', value]))).toEqual({
        nothing: 0,
        ssl: 0,
        x509: 1,
        specified: 0,
      });
    });

    it('does not check whom it talks to', async () => {
      await refollow(unverified());
      const scrape = await lockstep.metricsUntil('the problem', (seen) =>
        hasProblem(seen, 'channel-not-verifying', 'db2'),
      );
      expect((await lockstep.probe('db2')).value('mysql_replica_tls_verify')).toBe(0);
      expect(scrape.value('mysql_replica_tls_negotiated', { server: 'db2' })).toBe(1);
      // The account takes nothing less.
      expect(scrape.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(0);
    });

    it('might go on in plaintext on MariaDB, once the account allows it', async () => {
      await refollow(unverified());
      await require('NONE');
      const scrape = await lockstep.metricsUntil(
        'what the account requires',
        (seen) => seen.value('mysql_replica_tls_fallback_possible', { server: 'db2' }) === (mysql ? 0 : 1),
      );
      expect(hasProblem(scrape, 'channel-fallback-possible', 'db2')).toBe(!mysql);
      expect(scrape.value('mysql_replica_tls_fallback_possible', { server: 'db3' })).toBe(0); // verifies
      await lockstep.probeUntil(
        'db1',
        'the account without a requirement',
        (seen) => seen.value('mysql_replication_accounts', { requires: 'nothing' }) === 1,
      );
    });

    it('is off beside one that is on, and the two are told apart', async () => {
      await require('NONE');
      await refollow({ tls: 'off' }, sandbox.server('db3'));
      const scrape = await lockstep.metricsUntil(
        'the problem',
        (seen) =>
          hasProblem(seen, 'channel-without-tls', 'db3') &&
          negotiated(seen, 'db3') === 0 &&
          negotiated(seen) === 1 &&
          // MySQL's streams give their replica's uuid. MariaDB's all come from this machine: what is configured has to do.
          proof(seen) === (mysql ? 'observed' : 'replica-enforces') &&
          proof(seen, 'db3') === (mysql ? 'observed' : 'none'),
      );
      expect((await lockstep.probe('db3')).value('mysql_replica_tls_enabled')).toBe(0);
      expect(scrape.value('mysql_replica_tls_negotiated_known', { server: 'db3' })).toBe(1);
      expect(scrape.value('mysql_replica_tls_fallback_possible', { server: 'db3' })).toBe(0);
    });

    afterEach(async () => {
      await require('X509');
      await refollow({});
      await refollow({}, sandbox.server('db3'));
    });
  });

  describe('where the source does not tell', () => {
    beforeAll(async () => {
      await restartSource({ performance_schema: 'OFF' });
      await lockstep.metricsUntil('the source without its eyes', (seen) => proof(seen) === 'replica-enforces');
    });

    afterEach(async () => {
      await require('X509');
      await source.sql('SET GLOBAL require_secure_transport = OFF');
      await refollow({});
    });

    it('is proved by a replica that would take nothing else', async () => {
      const scrape = await lockstep.metrics();
      expect(negotiated(scrape)).toBe(1);
      expect(scrape.value('mysql_replica_tls_negotiated_known', { server: 'db2' })).toBe(1);
      expect(scrape.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(0);
      expect(scrape.all('mysql_replica_tls_session_info')).toEqual([]);
      // MySQL refuses a source without TLS even unverified.
      await refollow(unverified());
      const wanted = mysql ? 'replica-enforces' : 'account-requires';
      await lockstep.metricsUntil(
        'the proof',
        (seen) => hasProblem(seen, 'channel-not-verifying', 'db2') && proof(seen) === wanted,
      );
    });

    it.skipIf(mysql)(
      'is proved by the account, then by the source, then by nothing (MariaDB, unverified)',
      async () => {
        await refollow(unverified());
        await require('SSL');
        const account = await lockstep.metricsUntil(
          'the account to be the proof',
          (seen) => proof(seen) === 'account-requires',
        );
        expect(negotiated(account)).toBe(1);
        await require('NONE');
        await source.sql('SET GLOBAL require_secure_transport = ON');
        const required = await lockstep.metricsUntil(
          'the source to be the proof',
          (seen) => proof(seen) === 'source-requires',
        );
        expect(negotiated(required)).toBe(1);
        expect(required.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(0);
        await source.sql('SET GLOBAL require_secure_transport = OFF');
        const none = await lockstep.metricsUntil('no proof', (seen) => proof(seen) === 'none');
        expect(negotiated(none)).toBeUndefined();
        expect(none.value('mysql_replica_tls_negotiated_known', { server: 'db2' })).toBe(0);
        expect(none.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(1);
      },
    );
  });

  describe('whose source has lost its TLS', () => {
    let plaintext: WatchingLockstep;

    beforeAll(async () => {
      plaintext = await watchBriskly(sandbox, { keys: { tls: { mode: 'disabled' } } });
      scope.defer(() => plaintext.stop());
      await require('NONE');
      const { user } = sandbox.accounts.monitor;
      for (const server of sandbox.servers)
        await server.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' REQUIRE NONE`, 'SET sql_log_bin = 1']);
      await refollow(unverified());
    });

    it.skipIf(mysql)('says Yes to everything and speaks plaintext (MariaDB, unverified)', async () => {
      await restartSource({ performance_schema: 'ON' }, 'off');
      await untilReplicating(replica);
      const seen = await plaintext.metricsUntil('the truth', (scrape) => negotiated(scrape) === 0);
      const says = await plaintext.probe('db2');
      expect(says.value('mysql_replica_tls_enabled')).toBe(1);
      expect(says.value('mysql_replica_io_running')).toBe(1);
      expect(await connectionTypes(source)).toEqual(['TCP/IP']);
      expect(seen.value('mysql_replica_tls_negotiated_known', { server: 'db2' })).toBe(1);
      expect(seen.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(1);
      expect(proof(seen)).toBe('observed'); // it is the knowledge that rests on it, either way
      expect(hasProblem(seen, 'channel-plaintext', 'db2')).toBe(true);
      expect(seen.all('mysql_replica_tls_session_info', { server: 'db2' })).toEqual([]);
      // The one that verifies does not fall for it.
      await plaintext.probeUntil('db3', 'the refusal', (scrape) => scrape.value('mysql_replica_io_errno') === 2026);
      expect(seen.value('mysql_replica_tls_negotiated_known', { server: 'db3' })).toBe(0);

      await restartSource({ performance_schema: 'OFF' }, 'off');
      await untilReplicating(replica);
      const blind = await plaintext.metricsUntil('nothing to tell', (scrape) => proof(scrape) === 'none');
      expect(negotiated(blind)).toBeUndefined();
      expect(blind.value('mysql_replica_tls_negotiated_known', { server: 'db2' })).toBe(0);
      expect(blind.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(1);
      expect(hasProblem(blind, 'channel-fallback-possible', 'db2')).toBe(true);
    });

    it.skipIf(!mysql)('stands still rather than speak plaintext (MySQL)', async () => {
      await restartSource({ performance_schema: 'ON' }, 'off');
      await plaintext.probeUntil('db2', 'the refusal', (scrape) => scrape.value('mysql_replica_io_errno') === 2026);
      const seen = await plaintext.metricsUntil('nothing streamed', (scrape) => known(scrape) === 0);
      expect(negotiated(seen)).toBeUndefined();
      expect(seen.value('mysql_replica_tls_fallback_possible', { server: 'db2' })).toBe(0);
      expect(hasProblem(seen, 'channel-plaintext', 'db2')).toBe(false);
    });
  });

  async function restartSource(
    settings: { performance_schema: 'ON' | 'OFF' },
    tls: ServerTls = files(),
  ): Promise<void> {
    source.setTls(tls);
    source.configure(settings);
    await source.stop(0);
    await source.start();
    await sandbox.open(source);
    // They come back by themselves, a second later: nothing waits for that here.
    for (const each of sandbox.replicas) {
      await stopReplication(each, 'io');
      await startReplication(each, 'io');
    }
    if (tls !== 'off') for (const each of sandbox.replicas) await untilReplicating(each);
    else await until('the streams to have ended', async () => (await channelStatus(replica))?.io !== 'No');
  }

  function files(): ServerTls {
    const directory = source.tlsDirectory;
    return { ca: `${directory}/ca.pem`, cert: `${directory}/cert.pem`, key: `${directory}/key.pem` };
  }
});

function negotiated(scrape: Scrape, server = 'db2'): number | undefined {
  return scrape.value('mysql_replica_tls_negotiated', { server });
}

function known(scrape: Scrape, server = 'db2'): number | undefined {
  return scrape.value('mysql_replica_tls_negotiated_known', { server });
}

function proof(scrape: Scrape, server = 'db2'): string | undefined {
  return scrape.state('mysql_replica_tls_proof', 'proof', { server });
}

/** Protocol and cipher suite of the streams, which are all alike, as the source's own tables have them. */
async function streamOf(source: SandboxServer): Promise<{ version: string | null; cipher: string | null }> {
  const rows = await source.sql(
    "SELECT DISTINCT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.status_by_thread JOIN performance_schema.threads USING (THREAD_ID) WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%' AND VARIABLE_NAME IN ('Ssl_version', 'Ssl_cipher')",
  );
  const of = (name: string) => rows.find((row) => row['name'] === name)?.['value'] ?? null;
  expect(rows).toHaveLength(2);
  return { version: of('Ssl_version'), cipher: of('Ssl_cipher') };
}

async function connectionTypes(source: SandboxServer): Promise<(string | null | undefined)[]> {
  const rows = await source.sql(
    "SELECT DISTINCT CONNECTION_TYPE AS type FROM performance_schema.threads WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%'",
  );
  return rows.map((row) => row['type']);
}
