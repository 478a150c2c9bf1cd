import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { certificatesOf } from '../../src/base/x509.js';
import { completeAuthority, requestAuthority } from '../../src/pki/authority-request.js';
import { createAuthority, openAuthority, type Authority } from '../../src/pki/authority.js';
import { bundle } from '../../src/pki/bundle.js';
import { issue } from '../../src/pki/issue.js';
import { requestLike } from '../../src/pki/reissue.js';
import { nameIn } from '../../src/pki/compose.js';
import { X509Certificate } from 'node:crypto';
import { scratch, verdict } from './tools.js';

const base = scratch();
const server = { commonName: 'db1', use: 'server', names: ['db1.example.org', '10.0.0.1'] } as const;
let old: Authority;
let fresh: Authority;
beforeAll(async () => {
  old = await createAuthority({ directory: path.join(base, 'old'), commonName: 'CA', keyBits: 2048 });
  // The same name, and another kind of key: what matters is the key.
  fresh = await createAuthority({ directory: path.join(base, 'new'), commonName: 'CA', keyType: 'p384' });
}, 60_000);

describe('bundle', () => {
  it('trusts the old and the new together, each once, and drops the old again', async () => {
    const both = bundle([old.authorityPem, fresh.authorityPem, `# text\n${old.authorityPem}`]);
    expect(both.certificates.map(({ fingerprint }) => fingerprint)).toEqual([
      old.certificate.fingerprint,
      fresh.certificate.fingerprint,
    ]);
    for (const authority of [old, fresh]) expect(verdict(await issue(authority, server), both.pem, base)).toBe('OK');
    const after = bundle([both.pem], [old.certificate.fingerprint]);
    expect(after.pem).toBe(fresh.certificatePem);
    expect(verdict(await issue(fresh, server), after.pem, base)).toBe('OK');
    expect(verdict(await issue(old, server), after.pem, base)).toMatch(/unable to get local issuer|signature failure/);
  });

  it('lets no key through, and nothing that is no authority', async () => {
    const key = readFileSync(path.join(old.directory, 'ca.key'), 'utf8');
    expect(bundle([key + old.certificatePem]).pem).toBe(old.certificatePem);
    const leaf = await issue(old, server);
    expect(() => bundle([leaf.certificatePem])).toThrow(expect.objectContaining({ code: 'not-an-authority' }));
    expect(() => bundle([''])).toThrow(expect.objectContaining({ code: 'bundle-empty' }));
    expect(() => bundle([old.certificatePem], [old.certificate.fingerprint])).toThrow(/no authority/);
  });
});

describe('requestLike', () => {
  it('says the same again, byte for byte, by a key of its own', async () => {
    const first = await issue(old, { ...server, organization: 'Søk', email: 'dba@example.org', keyType: 'p256' });
    const again = await issue(fresh, requestLike(first.certificatePem));
    const [one, other] = [first, again].map(({ certificatePem }) => new X509Certificate(certificatePem));
    if (one === undefined || other === undefined) throw new Error('two certificates');
    expect(nameIn(other).equals(nameIn(one))).toBe(true);
    expect(other.subjectAltName).toBe(one.subjectAltName);
    expect(other.keyUsage).toEqual(one.keyUsage);
    expect(other.publicKey.equals(one.publicKey)).toBe(false);
    expect(other.publicKey.asymmetricKeyDetails).toEqual(one.publicKey.asymmetricKeyDetails);
    expect(again.serial).not.toBe(first.serial);
  });

  it('gives a server without alternative names its common name as one', () => {
    const [key, file] = [path.join(base, 'bare.key'), path.join(base, 'bare.pem')];
    const words = ['req', '-x509', '-nodes', '-newkey', 'rsa:4096', '-keyout', key, '-out', file];
    execFileSync('openssl', [...words, '-subj', '/O=W3C/CN=db1.production.wpdn'], { stdio: 'pipe' });
    expect(requestLike(readFileSync(file, 'utf8'))).toMatchObject({
      use: 'both',
      names: ['db1.production.wpdn'],
      keyType: 'rsa',
      keyBits: 4096,
    });
  });
});

describe('an authority that another signs', () => {
  it('waits with its key, and issues once its certificate is there', async () => {
    const directory = path.join(base, 'intermediate');
    const passphraseFile = path.join(base, 'passphrase');
    writeFileSync(passphraseFile, 'correct horse', { mode: 0o600 });
    const request = await requestAuthority({
      directory,
      commonName: 'Databases',
      organization: 'Example',
      passphraseFile,
    });
    expect(readFileSync(path.join(directory, 'ca.csr'), 'utf8')).toBe(request);
    expect(statSync(path.join(directory, 'ca.key')).mode & 0o777).toBe(0o600);
    const waiting = { code: 'authority-waiting', remedy: expect.stringContaining('pki init') as string };
    await expect(openAuthority({ directory })).rejects.toMatchObject(waiting);
    await expect(createAuthority({ directory, commonName: 'x' })).rejects.toThrow(/waits for its certificate/);

    // By the real openssl, as a company's own authority does it.
    const [csr, cert, rules] = ['i.csr', 'i.pem', 'i.cnf'].map((name) => path.join(base, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(csr, request);
    writeFileSync(
      rules,
      'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n',
    );
    const [ca, key] = ['ca.pem', 'ca.key'].map((name) => path.join(old.directory, name)) as [string, string];
    const words = [
      'x509',
      '-req',
      '-in',
      csr,
      '-CA',
      ca,
      '-CAkey',
      key,
      '-CAcreateserial',
      '-days',
      '100',
      '-extfile',
      rules,
    ];
    execFileSync('openssl', [...words, '-out', cert], { stdio: 'pipe' });

    const wrong = { directory, certificatePem: fresh.certificatePem, passphraseFile };
    await expect(completeAuthority(wrong)).rejects.toMatchObject({ code: 'authority-mismatch' });
    // Whichever way round they were sent.
    const certificatePem = old.certificatePem + readFileSync(cert, 'utf8');
    const authority = await completeAuthority({ directory, certificatePem, passphraseFile });
    expect(authority.certificate).toMatchObject({ subject: 'O=Example, CN=Databases', issuer: 'CN=CA' });
    expect(existsSync(path.join(directory, 'ca.csr'))).toBe(false);
    const opened = await openAuthority({ directory, passphrase: new Secret('correct horse') });
    const leaf = await issue(opened, server);
    expect(certificatesOf(leaf.chainPem).map(({ subject }) => subject)).toEqual(['CN=db1', 'O=Example, CN=Databases']);
    expect(verdict(leaf, old.certificatePem, base)).toBe('OK');
    await expect(completeAuthority({ directory, certificatePem, passphraseFile })).rejects.toMatchObject({
      code: 'authority-exists',
    });
  });
});
