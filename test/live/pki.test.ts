import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { Secret } from '../../src/base/secret.js';
import { certificateOf } from '../../src/base/x509.js';
import { openSession } from '../../src/mysql/session.js';
import { createAuthority, type Authority } from '../../src/pki/authority.js';
import { bundle } from '../../src/pki/bundle.js';
import { issue, sign, type Certified } from '../../src/pki/issue.js';
import { readRequest } from '../../src/pki/signing-request.js';
import { requestLike } from '../../src/pki/reissue.js';
import { writeIssued } from '../../src/pki/written.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { command } from '../../src/sandbox/command.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach } from './matrix.js';

/**
 * What `src/pki` issues, as real servers take it: loaded, served, verified by Lockstep's own login and by a replica of
 * the same version, and its client certificates verified by the server.
 */
await describeEach('what is issued', (version) => {
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let primary: SandboxServer;
  let replica: SandboxServer;
  let base: string;
  /** An ECDSA root, and an RSA authority below it. */
  let root: Authority;
  let middle: Authority;
  /** The files of both servers as they were. */
  const made: { readonly file: string; readonly content: Buffer }[] = [];

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 1 });
    scope.defer(() => sandbox.stop());
    primary = sandbox.primary;
    replica = sandbox.server('db2');
    base = await takeDirectory(scope);
    root = await createAuthority({ directory: path.join(base, 'root'), commonName: 'New root', keyType: 'p384' });
    const directory = path.join(base, 'middle');
    middle = await createAuthority({ directory, commonName: 'New databases', keyBits: 2048, parent: root });
    for (const { tlsDirectory } of [primary, replica])
      for (const name of await readdir(tlsDirectory)) {
        const file = path.join(tlsDirectory, name);
        made.push({ file, content: await readFile(file) });
      }
  });
  // Each begins with what the servers were made with.
  beforeEach(async () => {
    for (const { file, content } of made) await writeFile(file, content);
    for (const server of [primary, replica]) await server.sql(server.words.reloadTls);
    await reconnect();
  });
  afterAll(() => scope.end());

  it('in the order of a rotation: both are trusted, everything is issued anew, the old one is dropped', async () => {
    const old = sandbox.authority;
    const both = bundle([old.authorityPem, middle.authorityPem]);
    expect(both.certificates.map(({ subject }) => subject)).toEqual([
      'CN=Sandbox authority',
      'CN=New databases',
      'CN=New root',
    ]);
    for (const server of [primary, replica]) await trust(server, both.pem);
    await reconnect();
    expect(await seenBy(old.authorityPem)).toMatchObject({ issuer: 'CN=Sandbox authority' });

    // The primary's key is made where it is, as an administrator does it, and only the request leaves the machine.
    const [key, request] = [path.join(primary.tlsDirectory, 'key.pem'), path.join(base, 'db1.csr')];
    const subject = ['-subj', '/O=Example/CN=db1', '-addext', `subjectAltName=IP:${primary.address.host}`];
    await command('openssl', [
      'req',
      '-new',
      '-sha256',
      '-nodes',
      '-newkey',
      'rsa:2048',
      '-keyout',
      key,
      '-out',
      request,
      ...subject,
    ]);
    const asked = readRequest(await readFile(request, 'utf8'));
    const served = await sign(middle, { ...asked.subject, names: asked.names, use: 'server', request: asked });
    await place(primary, served, both.pem);
    await primary.sql(primary.words.reloadTls);
    for (const trusted of [both.pem, root.certificatePem]) {
      expect(await seenBy(trusted)).toMatchObject({ subject: 'O=Example, CN=db1', issuer: 'CN=New databases' });
    }
    await expect(seenBy(old.authorityPem)).rejects.toMatchObject({ handshake: { verification: { verified: false } } });
    await opensslVerifies(served);

    // MySQL refuses to drop an authority by which its own certificate still is.
    const alone = bundle([middle.authorityPem]).pem;
    if (version.startsWith('mysql')) await expect(trust(replica, alone)).rejects.toMatchObject({ errno: 3888 });
    const own = await readFile(path.join(replica.tlsDirectory, 'cert.pem'), 'utf8');
    await place(replica, await issue(middle, requestLike(own)), both.pem);
    await replica.sql(replica.words.reloadTls);

    // The replica: ECDSA all the way for what it presents to its source, with the subject that it had before.
    const file = path.join(replica.tlsDirectory, 'client-cert.pem');
    const before = await readFile(file, 'utf8');
    const client = await issue(root, { ...requestLike(before), keyType: 'p256', keyBits: undefined });
    expect(certificateOf(client.certificatePem).subject).toBe(certificateOf(before).subject);
    await place(replica, client, both.pem, 'client');
    await reconnect();
    await opensslVerifies(client);

    const after = bundle([both.pem], [old.certificate.fingerprint]);
    for (const server of [primary, replica]) await trust(server, after.pem);
    await reconnect();
    expect(await seenBy(after.pem)).toMatchObject({ serial: served.serial });
    // What the old authority signed is refused now: the replica cannot come in with it.
    const refused = await issue(old, { commonName: 'db2-replication', use: 'client', names: [] });
    await expect(seenBy(after.pem, { cert: refused.chainPem, key: refused.keyPem })).rejects.toMatchObject({
      code: 'tls-failed',
      message: expect.stringMatching(
        /was shown the client certificate "CN=db2-replication" \(issued by "CN=Sandbox authority".*\) and (?:refused it: unknown ca|hung up right after)/,
      ) as unknown,
    });
    expect(await seenBy(after.pem, { cert: client.chainPem, key: client.keyPem })).toMatchObject({
      serial: served.serial,
    });
  });

  it('a server certificate of every kind of key, from either authority', async () => {
    const all = bundle([sandbox.authority.authorityPem, middle.authorityPem]).pem;
    await trust(replica, all);
    for (const keyType of ['rsa', 'p256', 'p384'] as const) {
      for (const authority of [root, middle]) {
        const names = [primary.address.host, 'db1.example'];
        const issued = await issue(authority, { commonName: 'db1', use: 'both', names, keyType });
        await place(primary, issued, all);
        await primary.sql(primary.words.reloadTls);
        expect(await seenBy(root.certificatePem), `${keyType} from ${authority.certificate.subject}`).toMatchObject({
          serial: issued.serial,
          keyAlgorithm: keyType === 'rsa' ? 'rsa' : 'ec',
        });
        await reconnect();
      }
    }
  });

  async function trust(server: SandboxServer, pem: string): Promise<void> {
    await writeFile(path.join(server.tlsDirectory, 'ca.pem'), pem);
    await server.sql(server.words.reloadTls);
  }

  async function place(server: SandboxServer, issued: Certified, authorityPem: string, baseName?: string) {
    await writeIssued({ ...issued, authorityPem }, server.tlsDirectory, baseName);
  }

  /** A handshake in both directions: the replica verifies its source, which demands its certificate (REQUIRE X509). */
  async function reconnect(): Promise<void> {
    await stopReplication(replica, 'io');
    await startReplication(replica, 'io');
    await untilReplicating(replica, '');
  }

  /** The certificate that the primary serves, to one who trusts these alone and looks for its address in it. */
  async function seenBy(ca: string, own: { readonly cert?: string; readonly key?: Secret } = {}) {
    const { operate } = sandbox.accounts;
    const password = () => Promise.resolve(operate.password);
    const session = await openSession(
      { address: primary.address, user: operate.user, password, tls: { verify: 'identity', ca, ...own } },
      { signal: AbortSignal.timeout(20_000) },
    );
    const [leaf] = session.handshake.chain;
    session.close();
    return leaf;
  }

  async function opensslVerifies({ chainPem }: Certified): Promise<void> {
    const [chain, trusted] = [path.join(base, 'chain.pem'), path.join(base, 'trusted.pem')];
    await writeFile(chain, chainPem);
    await writeFile(trusted, root.certificatePem);
    expect(
      await command('openssl', ['verify', '-x509_strict', '-CAfile', trusted, '-untrusted', chain, chain]),
    ).toContain('OK');
  }
});
