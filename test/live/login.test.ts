import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import type { Address } from '../../src/domain/snapshot.js';
import {
  LoginError,
  QueryError,
  SessionLost,
  type Target,
  type TlsTarget,
  openSession,
} from '../../src/mysql/session.js';
import { issue } from '../../src/pki/issue.js';
import { sandboxAuthority } from '../../src/sandbox/certificates.js';
import { type SandboxCluster, createCluster } from '../../src/sandbox/cluster.js';
import { expired, notYetValid, swapServerCertificate } from '../../src/sandbox/faults.js';
import { versions } from '../../src/sandbox/versions.js';
import { describeEach } from './matrix.js';

/** So many broken connections from one address, and the server blocks it. */
const maxConnectErrors = 4;

await describeEach('a login', (version) => {
  const mariadb = versions[version].flavour === 'mariadb';
  let cluster: SandboxCluster;
  let relay: Relay;

  beforeAll(async () => {
    // With skip_name_resolve the server keeps no count of its clients' errors at all.
    const counting = { max_connect_errors: maxConnectErrors, skip_name_resolve: undefined };
    const settings = { ...counting, general_log: 1, general_log_file: 'general.log' };
    cluster = await createCluster({ version, replicas: 0, settings });
    relay = await openRelay(cluster.primary.address);
    cluster.scope.defer(() => relay.close());
  });

  afterAll(() => cluster.stop());

  /** As the operate account, which requires TLS. */
  function target(tls: Partial<TlsTarget> = {}, over: Partial<Target> = {}): Target {
    const { user, password } = cluster.accounts.operate;
    return {
      address: cluster.primary.address,
      user,
      password: () => Promise.resolve(password),
      tls: { verify: 'identity', ca: readFileSync(cluster.client.ca), ...tls },
      ...over,
    };
  }

  /** Through the relay, from an address that MariaDB counts against, to the certificate's name all the same. */
  const relayed = () => target({ serverName: cluster.primary.address.host }, { address: relay.address });

  it('verifies, and answers several statements in one round trip, everything as text', async () => {
    const session = await openSession(target(), soon());
    expect(session.handshake).toMatchObject({ tlsOffered: true, protocol: 'TLSv1.3' });
    expect(session.handshake.verification).toMatchObject({ verified: true, reason: 'ok' });
    expect(session.handshake.chain[0]?.names).toContain(cluster.primary.address.host);
    const answers = await session.query(
      `SELECT CONNECTION_ID() AS id, SUBSTRING_INDEX(USER(), '@', 1) AS user; DO 1;
       SELECT 18446744073709551615 AS big, CAST('2026-02-03 04:05:06' AS DATETIME) AS at, 'é?' AS text,
              JSON_OBJECT('a', 1) AS json, 1.50 AS exact, NULL AS nothing; SELECT 1 AS none FROM DUAL WHERE 1 = 0`,
      soon(),
    );
    expect(answers).toEqual([
      [{ id: String(session.threadId), user: cluster.accounts.operate.user }],
      [],
      [
        {
          big: '18446744073709551615',
          at: '2026-02-03 04:05:06',
          text: 'é?',
          json: '{"a": 1}',
          exact: '1.50',
          nothing: null,
        },
      ],
      [],
    ]);
    const [[ours] = []] = await session.query('SELECT @@session.sql_mode = @@global.sql_mode AS same', soon());
    expect(ours).toEqual({ same: '1' });
    await session.end();
    expect(session.closed).toBe(true);
  });

  it('says which statement failed, and lives on', async () => {
    const session = await openSession(target(), soon());
    const refused = await session
      .query('SELECT 1; SELECT no_such_column; SELECT 3', soon())
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(QueryError);
    expect(refused).toMatchObject({ errno: 1054, sqlState: '42S22', statement: 1 });
    expect(await session.query('SELECT 4 AS four', soon())).toEqual([[{ four: '4' }]]);
    session.close();
  });

  it('is lost when the server kills it, and ends on the server when the deadline passes', async () => {
    const killed = await openSession(target(), soon());
    const asked = killed.query('SELECT SLEEP(60)', soon()).catch((error: unknown) => error);
    await cluster.primary.sql(`KILL ${killed.threadId}`);
    const lost = await asked;
    expect(lost instanceof SessionLost || lost instanceof QueryError).toBe(true);
    await expect.poll(() => killed.closed).toBe(true);
    const late = await openSession(target(), soon());
    const signal = AbortSignal.timeout(100);
    await expect(late.query('SELECT SLEEP(2)', { signal })).rejects.toThrow(/timeout/i);
    const alive = async () =>
      (await cluster.primary.sql(`SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${late.threadId}`)).length;
    await expect.poll(alive, { timeout: 5000 }).toBe(0);
  });

  it('is refused by name: password, client certificate that the account requires, database', async () => {
    const wrong = await refusal(target({}, { password: () => Promise.resolve(new Secret('not-it')) }));
    expect(wrong.failure.reason).toBe('access-denied');
    expect(wrong.handshake?.verification?.verified).toBe(true);
    await cluster.primary.run([`CREATE USER holder@'%' IDENTIFIED BY 'holder-secret' REQUIRE X509`]);
    const holder = { user: 'holder', password: () => Promise.resolve(new Secret('holder-secret')) };
    expect((await refusal(target({}, holder))).failure.reason).toBe('access-denied');
    const ours = { cert: readFileSync(cluster.client.cert), key: readFileSync(cluster.client.key) };
    (await openSession(target(ours, holder), soon())).close();
    await cluster.primary.sql(`GRANT SELECT ON no_such.* TO ${cluster.accounts.operate.user}`);
    expect((await refusal(target({}, { database: 'no_such' }))).message).toContain('1049');
  });

  it('in plaintext is refused where TLS is required', async () => {
    const error = await refusal({ ...target(), tls: undefined });
    expect(error.failure.reason).toBe('access-denied');
    expect(error.handshake).toMatchObject({ tlsOffered: true, protocol: undefined });
  });

  it('names the client certificate that the server refuses', async () => {
    const stranger = await sandboxAuthority(cluster.scope, 'stranger');
    const old = { commonName: 'old', use: 'client' as const, names: [] };
    for (const [issuer, dates] of [
      [cluster.authority, expired()],
      [stranger, {}],
    ] as const) {
      const { certificatePem: cert, keyPem: key } = await issue(issuer, { ...old, ...dates });
      const error = await refusal(target({ cert, key }));
      expect(error.failure.reason).toBe('tls-failed');
      expect(error.message).toContain('"CN=old"');
    }
  });

  describe('that meets a bad certificate', () => {
    it.each([
      ['expired', () => ({ ...expired(), use: 'restart' as const }), 'expired'],
      ['not yet valid', () => ({ ...notYetValid(), use: 'restart' as const }), 'not-yet-valid'],
      ['for another name', () => ({ names: ['elsewhere.example'] }), 'wrong-name'],
      ['of an authority that we do not know', () => ({ use: 'restart' as const }), 'unknown-authority'],
    ])('%s: sees it, says why, sends nothing of ours, and is not counted', async (_, swap, reason) => {
      const ours = readFileSync(cluster.client.ca);
      const authority =
        reason === 'unknown-authority' ? await sandboxAuthority(cluster.scope, 'an impostor') : cluster.authority;
      await swapServerCertificate(authority, cluster.primary, swap());
      const before = await logged();
      for (let round = 0; round < 2 * maxConnectErrors; round++) {
        const given = relayed();
        const error = await refusal({
          ...given,
          tls: { verify: 'identity', ca: ours, serverName: cluster.primary.address.host },
        });
        expect(error.failure.reason).toBe('tls-unverified');
        expect(error.handshake?.verification).toMatchObject({ verified: false, reason });
        expect(error.handshake?.chain[0]?.notAfter).toBeGreaterThan(0);
      }
      const connects = (await logged()).slice(before.length);
      expect(connects).toContain('lockstep-unverified@');
      expect(connects).not.toContain(`${cluster.accounts.operate.user}@`);
      await swapServerCertificate(cluster.authority, cluster.primary, { use: 'restart' });
    });

    it('leaves the address free to log in with a good one, without a restart in between', async () => {
      await swapServerCertificate(cluster.authority, cluster.primary, { names: ['elsewhere.example'] });
      for (let round = 0; round < 2 * maxConnectErrors; round++)
        expect((await refusal(relayed())).failure.reason).toBe('tls-unverified');
      await swapServerCertificate(cluster.authority, cluster.primary, {});
      (await openSession(relayed(), soon())).close();
    });

    it.runIf(mariadb)('(where hanging up instead would have blocked it)', async () => {
      for (let round = 0; round <= maxConnectErrors; round++) {
        const socket = connect(relay.address);
        await once(socket, 'data');
        socket.destroy();
      }
      await expect.poll(async () => (await refusal(relayed())).failure.reason, { timeout: 5000 }).toBe('host-blocked');
      await cluster.primary.sql('FLUSH HOSTS');
      (await openSession(relayed(), soon())).close();
    });

    const logged = () => readFile(path.join(cluster.primary.dataDirectory, 'general.log'), 'utf8');
  });

  it('sends nothing of ours when TLS was turned off on the server', async () => {
    const { primary } = cluster;
    primary.configure(mariadb ? { skip_ssl: true } : { tls_version: '' });
    await primary.restart();
    const error = await refusal(target());
    expect(error.failure.reason).toBe('tls-not-offered');
    expect(error.handshake).toMatchObject({ tlsOffered: false, chain: [] });
    primary.configure(mariadb ? { skip_ssl: undefined } : { tls_version: undefined });
    await primary.restart();
  });

  it('says that the server is full, and that it is frozen', async () => {
    const { primary } = cluster;
    await primary.sql('SET GLOBAL max_connections = 10');
    const idle = Array.from({ length: 12 }, () => connect(primary.address).on('error', () => undefined));
    await Promise.all(idle.map((socket) => once(socket, 'data')));
    expect((await refusal(target())).failure.reason).toBe('too-many-connections');
    for (const socket of idle) socket.destroy();
    await primary.freeze();
    try {
      const frozen = await refusal(target(), 500);
      expect(frozen.failure.reason).toBe('timeout');
      expect(frozen.message).toMatch(/said nothing/);
    } finally {
      primary.thaw();
    }
  });
});

const soon = () => ({ signal: AbortSignal.timeout(10_000) });

async function refusal(given: Target, milliseconds = 10_000): Promise<LoginError> {
  const outcome = await openSession(given, { signal: AbortSignal.timeout(milliseconds) }).then(
    (session) => session.close(),
    (error: unknown) => error,
  );
  if (!(outcome instanceof LoginError)) throw new Error(`expected a LoginError, got ${String(outcome)}`);
  expect(outcome.message).not.toContain((await given.password()).reveal());
  return outcome;
}

interface Relay {
  readonly address: Address;
  readonly close: () => Promise<void>;
}

/** Connects on from a loopback address other than 127.0.0.1, for which MariaDB keeps no count. */
async function openRelay(to: Address): Promise<Relay> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ ...to, localAddress: '127.0.0.201' });
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
