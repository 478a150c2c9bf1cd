import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { LoginError, type Target, type TlsTarget, openSession } from '../../src/mysql/session.js';
import { createAuthority } from '../../src/pki/authority.js';
import { type Issued, issue } from '../../src/pki/issue.js';
import { type Impostor, type Wire, authSwitch, errorPacket, framed, greeting, impostor, okPacket } from './impostor.js';

const password = 'Tr0ub4dor&3-never-seen';
const user = 'lockstep_monitor';
const day = 86_400_000;

let directory: string;
let ca: string;
const issued = new Map<string, Issued>();
const opened: Impostor[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lockstep-mysql-'));
  const long = new Date(Date.now() - 400 * day);
  const options = { keyBits: 2048, notBefore: long };
  const authority = await createAuthority({ directory: path.join(directory, 'ca'), commonName: 'ca', ...options });
  const other = await createAuthority({ directory: path.join(directory, 'other'), commonName: 'other', ...options });
  ca = authority.certificatePem;
  const here = { use: 'server' as const, names: ['127.0.0.1', 'db1.example'] };
  const over = { notBefore: new Date(Date.now() - 30 * day), notAfter: new Date(Date.now() - day) };
  const soon = { notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 30 * day) };
  const elsewhere = { ...here, names: ['elsewhere.example'] };
  issued.set('good', await issue(authority, { commonName: 'good', ...here }));
  issued.set('expired', await issue(authority, { commonName: 'expired', ...here, ...over }));
  issued.set('expired-elsewhere', await issue(authority, { commonName: 'both', ...elsewhere, ...over }));
  issued.set('soon', await issue(authority, { commonName: 'soon', ...here, ...soon }));
  issued.set('elsewhere', await issue(authority, { commonName: 'elsewhere', ...elsewhere }));
  issued.set('foreign', await issue(other, { commonName: 'foreign', ...here }));
  issued.set('client', await issue(other, { commonName: 'client-of-other', use: 'client', names: [] }));
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

afterAll(() => rm(directory, { recursive: true }));

async function open(play: (wire: Wire) => unknown): Promise<Impostor> {
  const one = await impostor(play);
  opened.push(one);
  return one;
}

function pair(name: string) {
  const found = issued.get(name);
  if (found === undefined) throw new Error(`no certificate "${name}"`);
  return { cert: found.chainPem, key: found.keyPem.reveal() };
}

function target(address: Target['address'], tls: Partial<TlsTarget> | undefined = {}): Target {
  return {
    address,
    user,
    password: () => Promise.resolve(new Secret(password)),
    tls: { verify: 'identity', ca, ...tls },
  };
}

/** The login's failure; a deadline of 400 ms keeps those short that are meant to hang. */
async function refused(given: Target, milliseconds = 400): Promise<LoginError> {
  const outcome = await openSession(given, { signal: AbortSignal.timeout(milliseconds) }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof LoginError)) throw new Error(`expected a LoginError, got ${String(outcome)}`);
  expect(outcome.message).not.toContain(password);
  expect(JSON.stringify(outcome)).not.toContain(password);
  return outcome;
}

/** Greets, takes TLS with this certificate and the login packet, and then does as the test says. */
function after(certificate: string, play: (wire: Wire, login: Buffer) => unknown, options = {}) {
  return async (wire: Wire) => {
    wire.send(greeting());
    await wire.beginTls({ ...pair(certificate), ...options });
    await play(wire, await wire.receive());
  };
}

describe('a login before any TLS', () => {
  it.each([
    ['says nothing', () => undefined, 'timeout', /said nothing/],
    ['hangs up', (wire: Wire) => wire.hangUp(), 'connection-lost', /without a greeting/],
    ['is an SSH server', (wire: Wire) => wire.raw('SSH-2.0-OpenSSH_9.2\r\n'), 'not-mysql', /SSH server/],
    ['is an HTTP server', (wire: Wire) => wire.raw('HTTP/1.1 400 Bad Request\r\n'), 'not-mysql', /HTTP server/],
    [
      'blocks our host',
      (wire: Wire) => wire.send(errorPacket(1129, "Host 'x' is blocked")),
      'host-blocked',
      /FLUSH LOCAL HOSTS/,
    ],
    [
      'is full',
      (wire: Wire) => wire.send(errorPacket(1040, 'Too many connections', '08004')),
      'too-many-connections',
      /max_connections/,
    ],
    [
      'knows no account of ours',
      (wire: Wire) => wire.send(errorPacket(1130, 'not allowed')),
      'access-denied',
      /from this machine/,
    ],
    ['falls silent in the TLS handshake', (wire: Wire) => wire.send(greeting()), 'timeout', /negotiating TLS/],
    [
      'speaks something else than TLS',
      async (wire: Wire) => {
        wire.send(greeting());
        await wire.receive();
        wire.raw('HTTP/1.1 400 Bad Request\r\n\r\n');
      },
      'tls-failed',
      /spoke something else/,
    ],
    [
      'hangs up in the TLS handshake',
      async (wire: Wire) => {
        wire.send(greeting());
        await wire.receive();
        wire.hangUp();
      },
      'connection-lost',
      /TLS handshake/,
    ],
  ] as const)('fails by a named reason when the server %s', async (_, play, reason, message) => {
    const server = await open(play);
    const error = await refused(target(server.address));
    expect(error.failure.reason).toBe(reason);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`127.0.0.1:${server.address.port}`);
    expect(server.heard()).not.toContain(user);
    await server.deserted();
  });

  it('fails by a named reason when nobody listens, or no such host exists', async () => {
    const server = await open(() => undefined);
    await server.close();
    opened.pop();
    expect((await refused(target(server.address))).failure.reason).toBe('refused');
    const nowhere = await refused(target({ host: 'db1.invalid', port: 3306 }), 5000);
    expect(nowhere.failure.reason).toBe('unknown-host');
    expect(nowhere.message).toContain('db1.invalid');
  });

  it('sends neither user nor password to a server that offers no TLS, and ends the exchange like a client', async () => {
    const server = await open(async (wire) => {
      wire.send(greeting({ tls: false, plugin: 'caching_sha2_password' }));
      await wire.receive();
      wire.send(authSwitch('mysql_clear_password', ''));
      await wire.receive();
      wire.send(errorPacket(1045, 'Access denied', '28000'));
    });
    const error = await refused(target(server.address));
    expect(error.failure.reason).toBe('tls-not-offered');
    expect(error.handshake).toMatchObject({ tlsOffered: false, greeting: '8.0.99-impostor', chain: [] });
    expect(server.heard()).toContain('lockstep-unverified');
    expect(server.heard()).not.toContain(user);
    expect(server.heard()).not.toContain(password);
  });

  it('heeds no packet that somebody adds in plaintext behind the greeting', async () => {
    const server = await open((wire) => wire.raw(Buffer.concat([framed(greeting()), framed(okPacket, 2)])));
    expect((await refused(target(server.address))).failure.reason).toBe('not-mysql');
    expect(server.heard()).toBe('');
  });

  it('gives up with the reason of a signal that is no deadline', async () => {
    const server = await open(() => undefined);
    const controller = new AbortController();
    const reason = new Error('Lockstep stops');
    setTimeout(() => controller.abort(reason), 50);
    await expect(openSession(target(server.address), { signal: controller.signal })).rejects.toBe(reason);
    await server.deserted();
  });
});

describe('a certificate that does not verify', () => {
  it.each([
    ['expired', 'expired', /expired on 20/],
    ['expired-elsewhere', 'expired', /expired on 20/],
    ['soon', 'not-yet-valid', /valid only from 20/],
    ['elsewhere', 'wrong-name', /elsewhere\.example, not for "127\.0\.0\.1"/],
    ['foreign', 'incomplete-chain', /"CN=other"/],
  ])('(%s) is seen with its dates and the reason %s', async (certificate, reason, message) => {
    const server = await open(after(certificate, (wire) => wire.send(errorPacket(1045, 'Access denied', '28000'))));
    const error = await refused(target(server.address), 2000);
    expect(error.failure.reason).toBe('tls-unverified');
    expect(error.handshake?.verification).toMatchObject({ verified: false, reason });
    expect(error.message).toMatch(message);
    const { notBefore, notAfter } = issued.get(certificate) ?? {};
    expect(error.handshake?.chain[0]).toMatchObject({
      notBefore: Math.floor(Number(notBefore) / 1000),
      notAfter: Math.floor(Number(notAfter) / 1000),
    });
    expect(server.heard()).not.toContain(user);
  });

  it('whose authority came along is from an unknown authority', async () => {
    const chain = pair('foreign').cert + (issued.get('foreign')?.authorityPem ?? '');
    const server = await open(after('foreign', (wire) => wire.hangUp(), { cert: chain }));
    const error = await refused(target(server.address), 2000);
    expect(error.handshake?.verification?.reason).toBe('unknown-authority');
    expect(error.handshake?.chain.map((one) => one.subject)).toEqual(['CN=foreign', 'CN=other']);
  });

  it.each([
    ['lets everybody in', (wire: Wire) => wire.send(okPacket)],
    ['asks for caching_sha2_password', ask('caching_sha2_password', 'abcdefghijklmnopqrst\0', [Buffer.from([1, 4])])],
    ['asks for sha256_password', ask('sha256_password', 'abcdefghijklmnopqrst\0')],
    ['asks for the password in the clear', ask('mysql_clear_password', '')],
    ['asks for mysql_native_password', ask('mysql_native_password', 'abcdefghijklmnopqrst\0')],
    ['asks for ed25519', ask('client_ed25519', Buffer.alloc(32, 7))],
    ['asks for parsec', ask('parsec', Buffer.alloc(32, 7), [Buffer.from(`\x01P\0${'s'.repeat(18)}`)])],
    ['asks for a dialog', ask('dialog', '\x02Password: ')],
    ['hangs up', (wire: Wire) => wire.hangUp()],
    ['falls silent', () => undefined],
  ] as const)('learns nothing of us though the server %s', async (_, play) => {
    const server = await open(after('elsewhere', play));
    const error = await refused(target(server.address), 700);
    expect(error.failure.reason).toBe('tls-unverified');
    expect(server.heard()).toContain('lockstep-unverified');
    expect(server.heard()).not.toContain(user);
    expect(server.heard()).not.toContain(password);
    expect(server.heard()).not.toContain('undefined');
    await server.deserted();
  });

  it('is accepted by its chain alone where names are not to be checked', async () => {
    const server = await open(after('elsewhere', (wire) => wire.send(okPacket)));
    const session = await openSession(target(server.address, { verify: 'ca' }), { signal: AbortSignal.timeout(2000) });
    expect(session.handshake.verification).toMatchObject({ verified: true, reason: 'ok' });
    session.close();
  });
});

describe('a certificate that verifies', () => {
  it('lets the login go on as who we are', async () => {
    const server = await open(after('good', (wire) => wire.send(okPacket)));
    const session = await openSession(target(server.address), { signal: AbortSignal.timeout(2000) });
    expect(server.heard()).toContain(user);
    expect(session).toMatchObject({ threadId: 77, closed: false });
    expect(session.handshake).toMatchObject({ tlsOffered: true, protocol: 'TLSv1.3', greeting: '8.0.99-impostor' });
    expect(session.handshake.chain[0]?.names).toEqual(['127.0.0.1', 'db1.example']);
    session.close();
    expect(session.closed).toBe(true);
    await server.deserted();
  });

  it('is found under the name that is configured', async () => {
    const names: (string | false | null)[] = [];
    const play = after('good', (wire) => wire.send(okPacket), {
      SNICallback: (name: string, give: (error: null) => void) => {
        names.push(name);
        give(null);
      },
    });
    const server = await open(play);
    const session = await openSession(target(server.address, { serverName: 'db1.example' }), {
      signal: AbortSignal.timeout(2000),
    });
    expect(names).toEqual(['db1.example']);
    session.close();
  });

  it('does not open a second session by resuming the first, which would hide the certificate', async () => {
    const server = await open(after('good', (wire) => wire.send(okPacket)));
    const given = target(server.address);
    for (let round = 0; round < 3; round++) {
      const session = await openSession(given, { signal: AbortSignal.timeout(2000) });
      expect(session.handshake.chain[0]?.subject).toBe('CN=good');
      session.close();
    }
  });

  it.each(['dialog', 'mysql_clear_password', 'auth_gssapi_client'])(
    'does not help a server that wants %s',
    async (plugin) => {
      const server = await open(after('good', ask(plugin, 'Password: ')));
      const error = await refused(target(server.address), 2000);
      expect(error.failure.reason).toBe('auth-plugin-unsupported');
      expect(error.message).toContain(`"${plugin}"`);
      expect(server.heard()).not.toContain(password);
    },
  );

  it.each([
    [1045, '28000', 'access-denied', /client certificate/],
    [1698, '28000', 'access-denied', /another way than a password/],
    [3118, 'HY000', 'access-denied', /locked/],
    [1203, '42000', 'too-many-connections', /max_user_connections/],
    [1524, 'HY000', 'auth-plugin-unsupported', /not loaded/],
    [1053, '08S01', 'connection-lost', /shutting down/],
    [1049, '42000', 'other', /1049/],
  ] as const)('does not help against error %i', async (errno, sqlState, reason, message) => {
    const server = await open(after('good', (wire) => wire.send(errorPacket(errno, 'no', sqlState))));
    const error = await refused(target(server.address), 2000);
    expect(error.failure.reason).toBe(reason);
    expect(error.message).toMatch(message);
    expect(error.handshake?.verification?.verified).toBe(true);
  });

  it('does not help against a server that falls silent or hangs up', async () => {
    const silent = await refused(target((await open(after('good', () => undefined))).address));
    expect(silent.failure.reason).toBe('timeout');
    expect(silent.message).toMatch(/authenticating/);
    const gone = await refused(target((await open(after('good', (wire) => wire.hangUp()))).address), 2000);
    expect(gone.failure.reason).toBe('connection-lost');
  });

  it('is seen even when our secret cannot be read', async () => {
    const server = await open(after('good', (wire) => wire.send(errorPacket(1045, 'Access denied', '28000'))));
    const unreadable = () => Promise.reject(new Error('no such file: /etc/lockstep/monitor.password'));
    const error = await refused({ ...target(server.address), password: unreadable }, 2000);
    expect(error.failure.reason).toBe('secret-unreadable');
    expect(error.message).toContain('/etc/lockstep/monitor.password');
    expect(error.handshake?.chain[0]?.subject).toBe('CN=good');
    expect(server.heard()).not.toContain(user);
  });
});

describe('TLS that does not come about', () => {
  it('because the server hangs up on our certificate without a word, as far as one can see', async () => {
    // With TLS 1.3 the handshake has ended for us by then; the alert is often lost. Real servers' alerts: test/live/login.test.ts.
    const server = await open(async (wire) => {
      wire.send(greeting());
      await wire.beginTls(pair('good'));
      wire.hangUp();
    });
    const { cert, key } = pair('client');
    const error = await refused(target(server.address, { cert, key: new Secret(key) }), 2000);
    expect(error.failure.reason).toBe('tls-failed');
    expect(error.message).toContain('"CN=client-of-other" (issued by "CN=other"');
    expect((await refused(target(server.address), 2000)).failure.reason).toBe('connection-lost');
  });

  it('because no version is common', async () => {
    const server = await open(after('good', () => undefined, { maxVersion: 'TLSv1.2' }));
    const error = await refused(target(server.address, { minVersion: 'TLSv1.3' }), 2000);
    expect(error.failure.reason).toBe('tls-failed');
    expect(error.message).toMatch(/no version of TLS in common/);
  });

  it('because our own files are no good, and then nobody is called', async () => {
    const server = await open(() => undefined);
    const mismatch = { cert: pair('client').cert, key: new Secret(pair('good').key) };
    for (const tls of [mismatch, { ca: 'no certificate' }, { cert: 'nonsense', key: new Secret('nonsense') }]) {
      const error = await refused(target(server.address, tls));
      expect(error.failure.reason).toBe('tls-failed');
      expect(error.message).toMatch(/cannot be used/);
    }
  });
});

/** Asks for a plugin, gives the further packets, one per answer, and lets in whoever is left. */
function ask(plugin: string, data: Buffer | string, more: readonly Buffer[] = []) {
  return async (wire: Wire) => {
    wire.send(authSwitch(plugin, data));
    await wire.receive();
    for (const packet of more) {
      wire.send(packet);
      await wire.receive();
    }
    wire.send(okPacket);
  };
}
