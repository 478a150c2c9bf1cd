import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createAuthority, type Authority } from '../../src/pki/authority.js';
import { issueServer, keepFiles, sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { command } from '../../src/sandbox/command.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { notYetValid, swapReplicaCertificate, swapServerCertificate } from '../../src/sandbox/faults.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import type { WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';
import { hasProblem, reasonDown, watchBriskly } from './readings.js';
import type { Scrape } from './scrape.js';

const day = 86_400_000;

await describeEach('certificates', (version) => {
  const mysql = version.startsWith('mysql');
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let lockstep: WatchingLockstep;
  let server: SandboxServer;
  let putBack: () => Promise<void>;
  const file = (name: string, of = server) => path.join(of.tlsDirectory, name);

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 1, settings: { general_log: 1, log_output: 'TABLE' } });
    scope.defer(() => sandbox.stop());
    server = sandbox.primary;
    putBack = await keepFiles(server);
    lockstep = await watchBriskly(sandbox);
    scope.defer(() => lockstep.stop());
  });

  afterAll(() => scope.end());

  beforeEach(async () => {
    await lockstep.probeUntil(
      'db1',
      'the baseline',
      (scrape) => scrape.value('mysql_up') === 1 && scrape.value('mysql_certificate_verified') === 1,
    );
  });

  /** Whatever it was, the good one again; and everything recovers by itself. */
  afterEach(async () => {
    await putBack();
    await server.start();
    await sandbox.open(server);
    await server.sql(server.words.reloadTls);
    await lockstep.probeUntil(
      'db1',
      'the good certificate',
      (scrape) =>
        scrape.value('mysql_up') === 1 &&
        scrape.value('mysql_certificate_verified') === 1 &&
        scrape.state('mysql_login_failure', 'reason') === undefined &&
        scrape.value('mysql_certificate_served_equals_file') === 1,
    );
  });

  /** MySQL does not reload what it thinks to be bad, but starts with it. */
  async function use(how: 'reload' | 'restart'): Promise<void> {
    if (how === 'reload') await server.sql(server.words.reloadTls);
    if (how === 'reload') return;
    await server.stop(0);
    await server.start();
    await sandbox.open(server);
  }

  it('are those that openssl finds on the wire and in the files', async () => {
    const scrape = await lockstep.probeUntil('db2', 'a look', (seen) => seen.value('mysql_up') === 1);
    const scraped = Date.now() / 1000;
    const replica = sandbox.server('db2');
    const wire = await onTheWire(replica);
    const wanted: [role: string, origin: string, Openssl][] = [
      ['server', 'handshake', wire],
      ['server', 'file', await inFile(file('cert.pem', replica))],
      ['client', 'file', await inFile(file('client-cert.pem', replica))],
      ['ca', 'handshake', await inFile(sandbox.client.ca)],
      ['ca', 'file', await inFile(file('ca.pem', replica))],
    ];
    for (const [role, origin, expected] of wanted) {
      const labels = { role, origin, channel: '' };
      const [info, ...more] = scrape.all('mysql_certificate_info', labels);
      expect(more, `${role} ${origin}`).toEqual([]);
      expect(dates(scrape, role, origin), `${role} ${origin}`).toEqual([expected.notBefore, expected.notAfter]);
      expect(info?.labels).toMatchObject({
        subject: expected.subject,
        issuer: expected.issuer,
        serial: expected.serial,
        fingerprint: expected.fingerprint,
        key_algorithm: 'rsa',
        key_bits: '2048',
      });
    }
    expect(dates(scrape, 'server', 'status')).toEqual([wire.notBefore, wire.notAfter]);
    const own = await inFile(sandbox.client.cert);
    const page = await lockstep.metricsUntil('a page', () => true);
    expect(page.value('lockstep_client_certificate_not_after_timestamp_seconds', { cluster: 'sandbox' })).toBe(
      own.notAfter,
    );
    expect(page.all('lockstep_client_certificate_info')[0]?.labels).toMatchObject({ cluster: 'sandbox', subject: own.subject, issuer: own.issuer, serial: own.serial, fingerprint: own.fingerprint }); // prettier-ignore
    expect(scrape.all('mysql_certificate_info', { role: 'server', origin: 'handshake' })[0]?.labels['names']).toBe(
      `${replica.address.host},db2`,
    );
    expect(scrape.value('mysql_certificate_verified')).toBe(1);
    expect(scrape.state('mysql_certificate_verification', 'reason')).toBe('ok');
    expect(scrape.value('mysql_certificate_served_equals_file')).toBe(1);
    expect(scrape.value('mysql_handshake_timestamp_seconds')).toBeCloseTo(scraped, -1);
    expect(scrape.value('mysql_login_timestamp_seconds')).toBeCloseTo(scraped, -1);
  });

  it('are told in full to who asks for nothing else', async () => {
    const fresh = await watchBriskly(sandbox);
    try {
      const scrape = await fresh.probe('db2', ['certificates']);
      for (const [role, origin] of [
        ['server', 'handshake'],
        ['server', 'status'],
        ['server', 'file'],
        ['ca', 'file'],
        ['client', 'file'],
      ] as const)
        expect(dates(scrape, role, origin), `${role} ${origin}`).toHaveLength(2);
      expect(scrape.value('mysql_certificate_served_equals_file')).toBe(1);
      expect(scrape.all('mysql_have_ssl')).toEqual([]);
    } finally {
      await fresh.stop();
    }
  });

  it('differ between file and wire from the swap to the reload, and soon end', async () => {
    const before = await onTheWire(server);
    const notAfter = new Date(Date.now() + 3 * day);
    await swapServerCertificate(sandbox.authority, server, { notAfter, use: 'leave' });
    const after = await inFile(file('cert.pem'));
    expect(after.fingerprint).not.toBe(before.fingerprint);
    const swapped = await lockstep.probeUntil(
      'db1',
      'the difference',
      (scrape) => scrape.value('mysql_certificate_served_equals_file') === 0,
    );
    expect(fingerprint(swapped, 'handshake')).toBe(before.fingerprint);
    expect(fingerprint(swapped, 'file')).toBe(after.fingerprint);
    expect(dates(swapped, 'server', 'file')).toEqual([after.notBefore, after.notAfter]);
    await lockstep.metricsUntil('the problem', (scrape) => hasProblem(scrape, 'certificate-differs-from-file'));
    await use('reload');
    const loaded = await lockstep.probeUntil(
      'db1',
      'the new one on the wire',
      (scrape) => scrape.value('mysql_certificate_served_equals_file') === 1,
    );
    expect(fingerprint(loaded, 'handshake')).toBe(after.fingerprint);
    expect(dates(loaded, 'server', 'handshake')).toEqual([after.notBefore, after.notAfter]);
    expect(loaded.value('mysql_certificate_verified')).toBe(1);
    await lockstep.metricsUntil('the problem', (scrape) => hasProblem(scrape, 'certificate-expiring'));
  });

  it('expire while they are served: whoever is in stays in, and nobody else is let see the password', async () => {
    // The server took it while it was good, as servers do: its key is of the kind that is made in no time.
    const notAfter = new Date(Date.now() + 2_500);
    await swapServerCertificate(sandbox.authority, server, { keyType: 'p256', notAfter });
    const bad = await inFile(file('cert.pem'));
    await lockstep.probeUntil('db1', 'it to be accepted', (seen) => fingerprint(seen, 'handshake') === bad.fingerprint);
    const expired = await lockstep.probeUntil(
      'db1',
      'its end',
      (seen) => seen.state('mysql_certificate_verification', 'reason') === 'expired',
    );
    expect(expired.value('mysql_certificate_verified')).toBe(0);
    expect(dates(expired, 'server', 'handshake')).toEqual([bad.notBefore, bad.notAfter]);
    expect(bad.notAfter).toBeLessThan(Date.now() / 1000);
    // The session that was verified before still serves.
    expect(expired.value('mysql_up')).toBe(1);
    expect(expired.value('mysql_uptime_seconds')).toBeGreaterThan(0);
    expect(expired.state('mysql_login_failure', 'reason')).toBe('tls-unverified');
    await lockstep.metricsUntil('the problem', (scrape) => hasProblem(scrape, 'certificate-expired'));
    await expectOnlyNobody();

    // A good file is in its place, and the server has not read it: that is what the operator needs to hear now.
    await putBack();
    await lockstep.probeUntil('db1', 'the file', (seen) => seen.value('mysql_certificate_served_equals_file') === 0);

    await endSessions(server, sandbox.accounts.monitor.user);
    const out = await lockstep.probeUntil('db1', 'nobody to be in', (seen) => reasonDown(seen) === 'tls-unverified');
    expect(dates(out, 'server', 'handshake')).toEqual([bad.notBefore, bad.notAfter]);
    expect(out.all('mysql_have_ssl')).toEqual([]);
    expect(out.value('mysql_tls_offered')).toBe(1);
    await expectOnlyNobody();
  });

  it.each<[reason: string, problem: string, how: 'reload' | 'restart', put: () => Promise<unknown>]>([
    [
      'not-yet-valid',
      'certificate-not-yet-valid',
      mysql ? 'restart' : 'reload',
      () => issueServer(sandbox.authority, server, notYetValid()),
    ],
    [
      'wrong-name',
      'certificate-wrong-name',
      'reload',
      () => issueServer(sandbox.authority, server, { names: ['elsewhere.example', '192.0.2.7'] }),
    ],
    ['unknown-authority', 'certificate-not-verifying', 'reload', () => byStranger()],
    ['self-signed', 'certificate-not-verifying', 'reload', () => selfSigned()],
    ['incomplete-chain', 'certificate-not-verifying', mysql ? 'restart' : 'reload', () => withoutIntermediate()],
  ])('are %s: named, dated, and not believed', async (reason, problem, how, put) => {
    await put();
    const bad = await inFile(file('cert.pem'));
    await use(how);
    const seen = await lockstep.probeUntil(
      'db1',
      'the verdict',
      (scrape) => scrape.state('mysql_certificate_verification', 'reason') === reason,
    );
    expect(seen.value('mysql_certificate_verified')).toBe(0);
    expect(dates(seen, 'server', 'handshake')).toEqual([bad.notBefore, bad.notAfter]);
    expect(fingerprint(seen, 'handshake')).toBe(bad.fingerprint);
    expect(seen.state('mysql_login_failure', 'reason')).toBe('tls-unverified');
    if (how === 'restart') expect(reasonDown(seen)).toBe('tls-unverified');
    else expect(seen.value('mysql_up')).toBe(1);
    await lockstep.metricsUntil('the problem', (scrape) => hasProblem(scrape, problem));
    await expectOnlyNobody();
    if (reason !== 'wrong-name') return;
    // Who asks for the chain alone is content with it, and so is who expects the other name.
    for (const tls of [{ verify: 'ca' }, { server_name: 'elsewhere.example' }]) {
      const content = await watchBriskly(sandbox, { keys: { tls: { ca_file: sandbox.client.ca, ...tls } } });
      const scrape = await content.probe('db1');
      await content.stop();
      expect(scrape.state('mysql_certificate_verification', 'reason'), JSON.stringify(tls)).toBe('ok');
      expect(scrape.value('mysql_up')).toBe(1);
    }
  });

  it('of a server that is down are still there', async () => {
    const before = await lockstep.probe('db1');
    await server.kill();
    const down = await lockstep.probeUntil('db1', 'the end', (scrape) => reasonDown(scrape) === 'refused');
    for (const origin of ['handshake', 'file', 'status'])
      expect(dates(down, 'server', origin), origin).toEqual(dates(before, 'server', origin));
    expect(down.all('mysql_certificate_info').map(({ labels }) => labels)).toEqual(
      before.all('mysql_certificate_info').map(({ labels }) => labels),
    );
    expect(down.value('mysql_certificate_served_equals_file')).toBe(1);
    expect(down.value('lockstep_collector_success', { collector: 'certificates' })).toBe(0);
  });

  it('of a replica, for its source, are read from the file', async () => {
    const replica = sandbox.server('db2');
    const restore = await keepFiles(replica);
    await swapReplicaCertificate(sandbox.authority, replica, { notAfter: new Date(Date.now() + 3 * day) });
    const soon = await inFile(file('client-cert.pem', replica));
    await lockstep.probeUntil('db2', 'the new one', (scrape) => dates(scrape, 'client', 'file')[1] === soon.notAfter);
    await lockstep.metricsUntil('the problem', (scrape) => hasProblem(scrape, 'client-certificate-expiring', 'db2'));
    await restore();
    await lockstep.metricsUntil('it to go', (scrape) => !hasProblem(scrape, 'client-certificate-expiring', 'db2'));
  });

  it('of an authority that ends within the threshold are a problem', async () => {
    const strict = await watchBriskly(sandbox, { keys: { thresholds: { authority: '5000d' } } });
    const scrape = await strict.metrics();
    await strict.stop();
    expect(hasProblem(scrape, 'ca-expiring')).toBe(true);
    expect(hasProblem(await lockstep.metrics(), 'ca-expiring')).toBe(false);
  });

  /** Since now the server sees logins, and none of them is our own account's. */
  async function expectOnlyNobody(): Promise<void> {
    await server.run(['SET sql_log_bin = 0', 'TRUNCATE TABLE mysql.general_log', 'SET sql_log_bin = 1']);
    const logins = async () =>
      (
        await server.sql(
          "SELECT CONVERT(argument USING utf8mb4) AS argument FROM mysql.general_log WHERE command_type = 'Connect'",
        )
      ).map((row) => row['argument'] ?? '');
    await until('logins of nobody', async () => {
      await lockstep.probe('db1');
      return (await logins()).filter((login) => login.startsWith('lockstep-unverified@')).length >= 2;
    });
    expect((await logins()).filter((login) => login.includes(sandbox.accounts.monitor.user))).toEqual([]);
  }

  /** Another authority's, with the server's trust in our own kept. */
  async function byStranger(): Promise<void> {
    const stranger = await sandboxAuthority(sandbox.scope, 'Stranger');
    await issueServer(stranger, server);
    await writeFile(file('ca.pem'), stranger.authorityPem + sandbox.authority.authorityPem);
  }

  async function selfSigned(): Promise<void> {
    const { host } = server.address;
    await command('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '9', '-subj', '/CN=alone'],
      ...['-addext', `subjectAltName=IP:${host}`, '-keyout', file('key.pem'), '-out', file('cert.pem')],
    ]);
    const own = await readFile(file('cert.pem'), 'utf8');
    await writeFile(file('ca.pem'), own + sandbox.authority.authorityPem);
  }

  /** By an authority under ours that the server does not send along. */
  async function withoutIntermediate(): Promise<void> {
    const directory = path.join(await takeDirectory(sandbox.scope), 'authority');
    const parent: Authority = sandbox.authority;
    const middle = await createAuthority({ directory, commonName: 'Middle', keyBits: 2048, days: 30, parent });
    await issueServer(middle, server);
    const [leaf = ''] = (await readFile(file('cert.pem'), 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/);
    await writeFile(file('cert.pem'), leaf);
    await writeFile(file('ca.pem'), parent.authorityPem);
  }
});

interface Openssl {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

function inFile(name: string): Promise<Openssl> {
  return readFile(name, 'utf8').then(opened);
}

async function onTheWire({ address }: SandboxServer): Promise<Openssl> {
  const at = `${address.host}:${address.port}`;
  return opened(await command('openssl', ['s_client', '-starttls', 'mysql', '-connect', at]));
}

/** What openssl reads in a text with a certificate. */
async function opened(input: string): Promise<Openssl> {
  const options = ['-subject', '-issuer', '-serial', '-fingerprint', '-sha256', '-startdate', '-enddate'];
  const text = await command('openssl', ['x509', '-noout', '-nameopt', 'RFC2253', ...options], { input });
  const of = (name: string) => new RegExp(`^${name} ?= ?(.*)$`, 'im').exec(text)?.[1] ?? '';
  return {
    subject: of('subject'),
    issuer: of('issuer'),
    serial: of('serial'),
    fingerprint: of('sha256 fingerprint').replaceAll(':', '').toLowerCase(),
    notBefore: Date.parse(of('notBefore')) / 1000,
    notAfter: Date.parse(of('notAfter')) / 1000,
  };
}

function fingerprint(scrape: Scrape, origin: string): string | undefined {
  return scrape.all('mysql_certificate_info', { role: 'server', origin })[0]?.labels['fingerprint'];
}

/** Begin and end; `[]` when there is no such certificate. */
function dates(scrape: Scrape, role: string, origin: string): number[] {
  const labels = { role, origin, channel: '' };
  return [
    ...scrape.all('mysql_certificate_not_before_timestamp_seconds', labels),
    ...scrape.all('mysql_certificate_not_after_timestamp_seconds', labels),
  ].map(({ value }) => value);
}

async function endSessions(server: SandboxServer, user: string): Promise<void> {
  const rows = await server.sql(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${user}'`);
  for (const { id } of rows) await server.sql(`KILL ${Number(id)}`);
}
