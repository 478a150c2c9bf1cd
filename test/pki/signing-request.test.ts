import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { acceptCertificate } from '../../src/pki/accept.js';
import { createAuthority, importAuthority, type Authority } from '../../src/pki/authority.js';
import { issue, sign } from '../../src/pki/issue.js';
import { readLedger } from '../../src/pki/ledger.js';
import { readRequest, requestCertificate, requestFor } from '../../src/pki/signing-request.js';
import { openssl, scratch, verdict } from './tools.js';

const base = scratch();
let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority({ directory: path.join(base, 'ca'), commonName: 'CA', keyType: 'p256' });
}, 60_000);

let made = 0;
/** A request as an administrator makes it on the database host: its key never leaves the file. */
function hostRequest(newKey: readonly string[], subject = '/CN=db1', more: readonly string[] = []): string {
  const [key, request] = [path.join(base, `host${++made}.key`), path.join(base, `host${made}.csr`)];
  const words = ['req', '-new', '-sha256', '-nodes', '-newkey', ...newKey, '-keyout', key, '-out', request];
  execFileSync('openssl', [...words, '-subj', subject, ...more], { stdio: 'pipe' });
  return readFileSync(request, 'utf8');
}

const rsa = ['rsa:2048'];
const curve = (name: string) => ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`];

describe('a signing request', () => {
  it.each([
    ['RSA', rsa],
    ['P-256', curve('P-256')],
    ['P-384', curve('P-384')],
    ['P-521', curve('P-521')],
  ])('that openssl made with %s is read, signed, and verified by openssl', async (_, newKey) => {
    const names = 'subjectAltName=DNS:db1.example.org,IP:10.0.0.1,IP:2001:db8::1,email:x@example.org';
    const pem = hostRequest(newKey, '/C=CH/ST=ZH/O=Example, Inc./CN=db1/emailAddress=dba@example.org', [
      '-addext',
      names,
    ]);
    const request = readRequest(pem);
    expect(request).toMatchObject({
      subjectText: 'C=CH, ST=ZH, O=Example\\, Inc., CN=db1, emailAddress=dba@example.org',
      subject: { commonName: 'db1' },
      names: ['db1.example.org', '10.0.0.1', '2001:db8::1'],
      use: 'both',
    });
    const issued = await sign(authority, { ...request.subject, names: request.names, use: 'server', request });
    expect(verdict(issued, authority.certificatePem, base, '-purpose', 'sslserver')).toBe('OK');
    const read = new X509Certificate(issued.certificatePem);
    expect(read.publicKey.equals(request.publicKey)).toBe(true);
    expect(read.subject).toBe('C=CH\nST=ZH\nO=Example\\, Inc.\nCN=db1\nemailAddress=dba@example.org');
    expect((await readLedger(authority.directory)).entries.at(-1)).toMatchObject({
      serial: issued.serial,
      use: 'server',
    });
  });

  it('decides nothing but the key: what the certificate says is for the signer to say', async () => {
    const request = readRequest(hostRequest(rsa, '/CN=root', ['-addext', 'basicConstraints=critical,CA:TRUE']));
    const issued = await sign(authority, { commonName: 'db7', names: ['db7'], use: 'client', request, days: 3 });
    const text = openssl(issued.certificatePem, '-text');
    expect(text).toContain('Subject: CN = db7');
    expect(text).toContain('CA:FALSE');
    expect(text).toMatch(/Extended Key Usage: \s*TLS Web Client Authentication\n/);
  });

  it('made here is one that openssl takes', async () => {
    for (const keyType of ['rsa', 'p256', 'p384'] as const) {
      const { requestPem, keyPem } = await requestCertificate({
        commonName: 'база',
        organization: 'Example',
        names: ['db1.example.org', '10.0.0.1', '2001:db8::1'],
        use: 'both',
        keyType,
      });
      const said = execFileSync('openssl', ['req', '-noout', '-verify', '-text', '-nameopt', 'utf8'], {
        input: requestPem,
        encoding: 'utf8',
        stdio: 'pipe',
      });
      expect(said).toContain('CN=база');
      expect(said).toContain('DNS:db1.example.org, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1');
      expect(keyPem.reveal()).toContain('BEGIN PRIVATE KEY');
      expect(readRequest(requestPem)).toMatchObject({ subject: { commonName: 'база' }, use: 'both' });
    }
  });

  it('by another key than its own is refused', async () => {
    const [one, other] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
    if (one === undefined || other === undefined) throw new Error('two pairs');
    const wish = { subject: { commonName: 'x' }, names: [], use: 'client' } as const;
    const forged = requestFor(wish, { publicKey: one.publicKey, privateKey: other.privateKey });
    expect(() => readRequest(forged)).toThrow(expect.objectContaining({ code: 'request-unproven' }));
    const { requestPem } = await requestCertificate({ commonName: 'x', names: ['abc'], use: 'client' });
    const bytes = Buffer.from(requestPem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
    bytes[bytes.indexOf('abc')] = 0x7a;
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    expect(() => readRequest(changed)).toThrow(expect.objectContaining({ code: 'request-unproven' }));
  });

  it.each([
    ['key-weak', () => hostRequest(['rsa:1024'])],
    ['key-weak', () => hostRequest(curve('secp256k1'))],
    ['request-unproven', () => hostRequest(rsa, '/CN=x', ['-sha1'])],
    ['request-unreadable', () => authority.certificatePem],
    ['request-unreadable', () => '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----'],
    ['request-unreadable', () => 'x'.repeat(100_000)],
  ])('that is of no use is refused: %s', (code, pem) => {
    expect(() => readRequest(pem(), 'db1.csr')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('db1.csr') as string }),
    );
  });

  it('that was damaged anywhere is refused, never misread', async () => {
    const { requestPem } = await requestCertificate({
      commonName: 'db1',
      names: ['db1', '10.0.0.1'],
      use: 'both',
      keyType: 'p256',
    });
    const whole = Buffer.from(requestPem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
    const armoured = (bytes: Buffer) =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    expect(readRequest(armoured(whole)).names).toEqual(['db1', '10.0.0.1']);
    fc.assert(
      fc.property(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, flip, cut) => {
          const bytes = Buffer.from(whole);
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          expect(() => readRequest(armoured(cut ? whole.subarray(0, at) : bytes))).toThrow(
            expect.objectContaining({
              code: expect.stringMatching(/^(request-unreadable|request-unproven|key-weak)$/) as string,
            }),
          );
        },
      ),
      { numRuns: 1000 },
    );
    // Of indefinite length, as BER may be and DER may not.
    const content = whole.subarray(2 + ((whole[1] ?? 0) < 0x80 ? 0 : (whole[1] ?? 0) & 0x7f));
    const indefinite = Buffer.concat([Buffer.of(0x30, 0x80), content, Buffer.alloc(2)]);
    expect(() => readRequest(armoured(indefinite))).toThrow(expect.objectContaining({ code: 'request-unreadable' }));
  });
});

describe('an authority whose key is elsewhere', () => {
  it('issues nothing here, and its answers are taken in once they are fit', async () => {
    const directory = path.join(base, 'elsewhere');
    const known = await importAuthority({ directory, certificatePem: authority.authorityPem, keyPem: undefined });
    const wish = { commonName: 'db1', names: ['db1.example.org'], use: 'server' } as const;
    await expect(issue(known, wish)).rejects.toMatchObject({ code: 'authority-elsewhere' });
    const { requestPem } = await requestCertificate(wish);
    const request = readRequest(requestPem);
    const answer = await sign(authority, { ...wish, names: ['DB1.example.org', 'db1'], request });
    const accepted = await acceptCertificate(known, { certificatePem: answer.chainPem, ...request, use: 'server' });
    expect(verdict(accepted, authority.certificatePem, base)).toBe('OK');
    expect((await readLedger(directory)).entries.map(({ use }) => use)).toEqual(['authority', 'server']);

    const stranger = await createAuthority({
      directory: path.join(base, 'stranger'),
      commonName: 'stranger',
      keyType: 'p256',
    });
    const wrong = await issue(stranger, { commonName: 'x', names: [], use: 'client', notBefore: new Date(0), days: 1 });
    const refused = acceptCertificate(known, { certificatePem: wrong.certificatePem, ...request, use: 'server' });
    await expect(refused).rejects.toMatchObject({ code: 'certificate-unfit' });
    await expect(refused).rejects.toThrow(
      /another key than the request; it does not name db1.example.org; it is for use as client alone, not as server; Its issuer "CN=stranger" is neither/,
    );
    expect((await readLedger(directory)).entries).toHaveLength(2);
  });
});

it('puts no key into the text of its errors', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  writeFileSync(path.join(base, 'key.pem'), key);
  expect(() => readRequest(key.toString(), 'key.pem')).toThrow(
    expect.objectContaining({
      message: 'key.pem cannot be read as a signing request: there is no signing request in it',
    }),
  );
});
