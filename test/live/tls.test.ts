import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openSession, type Session } from '../../src/mysql/session.js';
import { Scope } from '../../src/base/scope.js';
import { issueClient, sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import type { ServerTls, Settings, TlsFiles } from '../../src/sandbox/settings.js';
import type { WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';
import { hasProblem, reasonDown, watchBriskly } from './readings.js';
import type { Scrape } from './scrape.js';

await describeEach('TLS of a server', (version) => {
  const mysql = version.startsWith('mysql');
  /** 10.5 keeps no protocol and cipher of other sessions anywhere. */
  const tellsSessions = version !== 'mariadb-10.5';
  const source = mysql ? 'tls_channel_status' : 'have_ssl';
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let server: SandboxServer;
  let files: TlsFiles;
  /** As it should be: TLS or nothing. */
  let lockstep: WatchingLockstep;
  /** Told to do without. */
  let plaintext: WatchingLockstep;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 0, performanceSchema: true });
    scope.defer(() => sandbox.stop());
    server = sandbox.primary;
    const { tlsDirectory } = server;
    files = { ca: `${tlsDirectory}/ca.pem`, cert: `${tlsDirectory}/cert.pem`, key: `${tlsDirectory}/key.pem` };
    lockstep = await watchBriskly(sandbox);
    scope.defer(() => lockstep.stop());
    plaintext = await watchBriskly(sandbox, { keys: { tls: { mode: 'disabled' } } });
    scope.defer(() => plaintext.stop());
  });

  afterAll(() => scope.end());

  beforeEach(async () => {
    await lockstep.probeUntil('db1', 'the baseline', (scrape) => scrape.value('mysql_up') === 1);
  });

  it('is on: its state, the protocols that it accepts, and the session that looks', async () => {
    const scrape = await lockstep.probe('db1');
    expect(scrape.all('mysql_have_ssl').map(({ labels, value }) => [labels['source'], labels['state'], value])).toEqual(
      expect.arrayContaining([
        [source, 'YES', 1],
        [source, 'DISABLED', 0],
        [source, 'NO', 0],
      ]),
    );
    expect(scrape.all('mysql_have_ssl')).toHaveLength(3);
    expect(scrape.value('mysql_tls_offered')).toBe(1);
    expect(accepted(scrape)).toEqual({ TLSv1: 0, 'TLSv1.1': 0, 'TLSv1.2': 1, 'TLSv1.3': 1 });
    const [session, ...more] = scrape.all('mysql_tls_session_info');
    expect(more).toEqual([]);
    const cipher = mysql ? 'TLS_AES_128_GCM_SHA256' : 'TLS_AES_256_GCM_SHA384';
    expect(session?.labels).toMatchObject({ version: 'TLSv1.3', cipher });
    expect(scrape.value('mysql_up')).toBe(1);
    expect(scrape.state('mysql_down', 'reason')).toBeUndefined();
    expect(scrape.state('mysql_login_failure', 'reason')).toBeUndefined();
  });

  it('is required, or not: the setting, and what the cluster says of it', async () => {
    await makeAccount(server, 'careless', '%', 'NONE');
    const open = await lockstep.metricsUntil('the problem', (scrape) => hasProblem(scrape, 'tls-not-required'));
    expect(open.value('mysql_cluster_problems', { problem: 'tls-not-required' })).toBe(1);
    expect((await lockstep.probe('db1')).value('mysql_tls_required')).toBe(0);
    await server.sql('SET GLOBAL require_secure_transport = ON');
    try {
      await lockstep.probeUntil('db1', 'the requirement', (scrape) => scrape.value('mysql_tls_required') === 1);
      await lockstep.metricsUntil('the problem to go', (scrape) => !hasProblem(scrape, 'tls-not-required'));
      // Older servers refuse as they refuse a wrong password (1045), newer ones with a number of its own (3159).
      await plaintext.probeUntil('db1', 'the refusal', (scrape) => reasonDown(scrape) === 'access-denied');
    } finally {
      await server.sql('SET GLOBAL require_secure_transport = OFF');
      await server.sql("DROP USER careless@'%'");
    }
    await lockstep.probeUntil('db1', 'no requirement', (scrape) => scrape.value('mysql_tls_required') === 0);
  });

  it('counts the sessions by protocol and cipher, where the server tells', async () => {
    const before = await lockstep.probe('db1');
    if (!tellsSessions) {
      expect(before.all('mysql_tls_sessions')).toEqual([]);
      return;
    }
    const [own] = before.all('mysql_tls_session_info');
    const ours = { version: own?.labels['version'] ?? '', cipher: own?.labels['cipher'] ?? '' };
    const sessions: Session[] = [];
    try {
      for (let count = 0; count < 4; count += 1) sessions.push(await tlsSession(sandbox, server));
      // Ours as well, and while it is replaced two of them.
      const scrape = await lockstep.probeUntil('db1', 'four more sessions', (seen) => {
        const count = seen.value('mysql_tls_sessions', ours) ?? 0;
        return count === 5 || count === 6;
      });
      // The administrator's, over the socket.
      expect(scrape.value('mysql_tls_sessions', { version: '', cipher: '' })).toBeGreaterThanOrEqual(1);
    } finally {
      for (const session of sessions) await session.end();
    }
    await lockstep.probeUntil('db1', 'them to go', (seen) => (seen.value('mysql_tls_sessions', ours) ?? 0) <= 2);
  });

  it('counts the accounts that may come over the network without it, and nothing else', async () => {
    const before = (await lockstep.probe('db1')).value('mysql_accounts_without_tls') ?? NaN;
    expect(before).toBe(0);
    const made: [name: string, host: string, require: string][] = [
      ['open1', '%', 'NONE'],
      ['open2', '10.0.0.%', 'NONE'],
      ['', '%', 'NONE'], // anonymous: anybody
      ['encrypted', '%', 'SSL'],
      ['certified', '%', 'X509'],
      ['named', '%', "SUBJECT '/CN=named'"],
      ['here', 'localhost', 'NONE'],
      ['here', '127.0.0.1', 'NONE'],
      ['here', '::1', 'NONE'],
    ];
    for (const account of made) await makeAccount(server, ...account);
    await server.sql('CREATE ROLE a_role');
    try {
      await lockstep.probeUntil('db1', 'three accounts', (scrape) => scrape.value('mysql_accounts_without_tls') === 3);
      await server.sql("ALTER USER open1@'%' REQUIRE SSL");
      await lockstep.probeUntil('db1', 'two accounts', (scrape) => scrape.value('mysql_accounts_without_tls') === 2);
    } finally {
      for (const [name, host] of made) await server.sql(`DROP USER '${name}'@'${host}'`);
      await server.sql('DROP ROLE a_role');
    }
    await lockstep.probeUntil('db1', 'none', (scrape) => scrape.value('mysql_accounts_without_tls') === 0);
    // The count comes from column grants: the monitor account can read no hash.
    const grants = await server.sql(`SHOW GRANTS FOR ${sandbox.accounts.monitor.user}@'%'`);
    const text = grants.flatMap((row) => Object.values(row)).join('\n');
    expect(text).toMatch(/SELECT \([^)]*`?ssl_type`?[^)]*\) ON `mysql`\.`user`/i);
    expect(text).not.toMatch(/authentication_string|GRANT SELECT ON (\*\.\*|`mysql`)/i);
  });

  it('tells a session of TLS 1.2, and a client certificate that the server refuses', async () => {
    if (mysql) {
      await server.run(["SET GLOBAL tls_version = 'TLSv1.2'", 'ALTER INSTANCE RELOAD TLS']);
    } else {
      await restart(sandbox, server, files, { tls_version: 'TLSv1.2' });
    }
    const client = await readFile(sandbox.client.cert);
    const key = await readFile(sandbox.client.key);
    try {
      const scrape = await lockstep.probeUntil(
        'db1',
        'a session of TLS 1.2',
        (seen) => seen.all('mysql_tls_session_info', { version: 'TLSv1.2' }).length === 1,
      );
      expect(accepted(scrape)).toEqual({ TLSv1: 0, 'TLSv1.1': 0, 'TLSv1.2': 1, 'TLSv1.3': 0 });
      expect(scrape.all('mysql_tls_session_info')[0]?.labels['cipher']).toMatch(/^ECDHE-RSA-/);
      const dates = handshakeDates(scrape);
      expect(dates).toHaveLength(2);

      const stranger = await issueClient(
        await sandboxAuthority(scope, 'Nobody trusts this'),
        await takeDirectory(scope),
        'lockstep',
      );
      await writeFile(sandbox.client.cert, await readFile(stranger.cert));
      await writeFile(sandbox.client.key, await readFile(stranger.key));
      const refused = await lockstep.probeUntil(
        'db1',
        'the refusal',
        (seen) => seen.state('mysql_login_failure', 'reason') === 'tls-failed',
      );
      // The session from before goes on, and the certificate that the server had shown is not forgotten.
      expect(refused.value('mysql_up')).toBe(1);
      expect(handshakeDates(refused)).toEqual(dates);
      expect(refused.value('mysql_tls_offered')).toBe(1);
    } finally {
      await writeFile(sandbox.client.cert, client);
      await writeFile(sandbox.client.key, key);
      if (mysql) {
        await server.run(["SET GLOBAL tls_version = 'TLSv1.2,TLSv1.3'", 'ALTER INSTANCE RELOAD TLS']);
      } else {
        await restart(sandbox, server, files, { tls_version: undefined });
      }
    }
    await lockstep.probeUntil(
      'db1',
      'TLS 1.3 again',
      (seen) => seen.all('mysql_tls_session_info', { version: 'TLSv1.3' }).length === 1,
    );
  });

  it.skipIf(mysql)('calls old protocols weak (MySQL 9.7 no longer has them)', async () => {
    await restart(sandbox, server, files, { tls_version: 'TLSv1.0,TLSv1.1,TLSv1.2,TLSv1.3' });
    try {
      const scrape = await lockstep.probeUntil(
        'db1',
        'the old protocols',
        (seen) => seen.value('mysql_tls_version_accepted', { version: 'TLSv1.1' }) === 1,
      );
      expect(accepted(scrape)).toEqual({ TLSv1: 1, 'TLSv1.1': 1, 'TLSv1.2': 1, 'TLSv1.3': 1 });
      await lockstep.metricsUntil('the problem', (seen) => hasProblem(seen, 'tls-weak-protocol'));
    } finally {
      await restart(sandbox, server, files, { tls_version: undefined });
    }
  });

  it('is off: who requires it is told that it is not offered, who does without sees it disabled', async () => {
    const { user } = sandbox.accounts.monitor;
    await restart(sandbox, server, 'off');
    try {
      const refused = await lockstep.probeUntil('db1', 'no TLS', (seen) => reasonDown(seen) === 'tls-not-offered');
      expect(refused.value('mysql_up')).toBe(0);
      expect(refused.state('mysql_login_failure', 'reason')).toBe('tls-not-offered');
      // have_ssl cannot be asked for, so this one must speak.
      expect(refused.value('mysql_tls_offered')).toBe(0);
      expect(refused.all('mysql_have_ssl')).toEqual([]);
      expect((await lockstep.probe('db1', ['certificates'])).value('mysql_tls_offered')).toBe(0);
      await lockstep.metricsUntil('the problem', (seen) => hasProblem(seen, 'server-down'));

      await server.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' REQUIRE NONE`]);
      const seen = await plaintext.probeUntil('db1', 'a session', (scrape) => scrape.value('mysql_up') === 1);
      expect(seen.state('mysql_have_ssl', 'state')).toBe('DISABLED');
      expect(seen.all('mysql_have_ssl', { state: 'DISABLED' })[0]?.labels['source']).toBe(source);
      expect(seen.value('mysql_tls_offered')).toBe(0);
      expect(seen.all('mysql_tls_session_info')).toEqual([]);
      expect(seen.all('mysql_certificate_not_after_timestamp_seconds', { origin: 'handshake' })).toEqual([]);
      expect(seen.all('mysql_certificate_verified')).toEqual([]);
      await plaintext.metricsUntil('the problem', (scrape) => hasProblem(scrape, 'tls-off'));
    } finally {
      await server.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' REQUIRE SSL`]);
      await restart(sandbox, server, files);
    }
    const back = await lockstep.probeUntil('db1', 'TLS again', (scrape) => scrape.value('mysql_up') === 1);
    expect(back.value('mysql_tls_offered')).toBe(1);
    expect(back.state('mysql_have_ssl', 'state')).toBe('YES');
  });

  it.skipIf(!mysql)(
    'is silently off on MySQL when its key does not fit, and that shows (MariaDB does not start)',
    async () => {
      const key = await readFile(files.key);
      await writeFile(files.key, 'not a key\n');
      await restart(sandbox, server, files);
      try {
        const seen = await lockstep.probeUntil('db1', 'no TLS', (scrape) => reasonDown(scrape) === 'tls-not-offered');
        expect(seen.value('mysql_tls_offered')).toBe(0);
      } finally {
        await writeFile(files.key, key);
        await server.sql('ALTER INSTANCE RELOAD TLS');
      }
      await lockstep.probeUntil('db1', 'TLS again', (scrape) => scrape.value('mysql_tls_offered') === 1);
    },
  );
});

async function restart(
  sandbox: SandboxCluster,
  server: SandboxServer,
  tls: ServerTls,
  settings: Settings = {},
): Promise<void> {
  server.setTls(tls);
  server.configure(settings);
  await server.stop(0); // a crash loses nothing that matters here, and is quicker than a clean end
  await server.start();
  await sandbox.open(server);
}

async function makeAccount(server: SandboxServer, user: string, host: string, require: string): Promise<void> {
  await server.sql(`CREATE USER '${user}'@'${host}' IDENTIFIED BY 'a-word' REQUIRE ${require}`);
}

/** A session of another client, with what Lockstep would present. */
async function tlsSession({ client, accounts }: SandboxCluster, server: SandboxServer): Promise<Session> {
  const tls = { verify: 'identity', ca: await readFile(client.ca) } as const;
  const password = () => Promise.resolve(accounts.operate.password);
  return openSession(
    { address: server.address, user: accounts.operate.user, password, tls },
    { signal: AbortSignal.timeout(10_000) },
  );
}

function accepted(scrape: Scrape): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { labels, value } of scrape.all('mysql_tls_version_accepted')) found[labels['version'] ?? ''] = value;
  return found;
}

function handshakeDates(scrape: Scrape): readonly number[] {
  return scrape
    .all('mysql_certificate_not_after_timestamp_seconds', { origin: 'handshake' })
    .map((series) => series.value);
}
