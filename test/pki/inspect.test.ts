import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { createAuthority, type Authority } from '../../src/pki/authority.js';
import { inspect } from '../../src/pki/inspect.js';
import { issue, type Issued } from '../../src/pki/issue.js';
import { scratch, verdict } from './tools.js';

const base = scratch();
const day = 86_400_000;
const wish = { commonName: 'db1', use: 'server', names: ['db1'] } as const;
let root: Authority;
let middle: Authority;
let other: Authority;
let namesake: Authority;
let plain: Issued;
let deep: Issued;
beforeAll(async () => {
  const make = (name: string, commonName: string, parent?: Authority) =>
    createAuthority({ directory: path.join(base, name), commonName, keyBits: 2048, parent });
  root = await make('root', 'root');
  middle = await make('middle', 'middle', root);
  other = await make('other', 'other');
  namesake = await make('namesake', 'root');
  plain = await issue(root, wish);
  deep = await issue(middle, wish);
}, 60_000);

/** Our verdict beside openssl's: they must agree on whether it holds. */
function verified(issued: Issued, trusted: string, presented = issued.chainPem): string | undefined {
  const { verification } = inspect(presented, 'x', { authorityPem: trusted });
  const theirs = verdict({ ...issued, chainPem: presented }, trusted, base);
  expect(verification?.verified, theirs).toBe(theirs === 'OK');
  return verification?.reason;
}

describe('the chain', () => {
  it('is judged as openssl judges it', async () => {
    expect(verified(plain, root.certificatePem)).toBe('ok');
    expect(verified(deep, root.certificatePem)).toBe('ok');
    expect(verified(deep, middle.authorityPem, deep.certificatePem)).toBe('ok');
    expect(verified(deep, other.certificatePem + root.certificatePem)).toBe('ok');
    expect(verified(plain, other.certificatePem)).toBe('unknown-authority');
    expect(verified(plain, namesake.certificatePem)).toBe('unknown-authority');
    expect(verified(plain, namesake.certificatePem + root.certificatePem)).toBe('ok');
    expect(verified(deep, root.certificatePem, deep.certificatePem)).toBe('unknown-authority');
    expect(verified(deep, other.certificatePem)).toBe('incomplete-chain');
    expect(verified(deep, other.certificatePem, deep.chainPem + root.certificatePem)).toBe('unknown-authority');
    // Trusting an intermediate alone is not enough, as in MySQL and node:tls.
    expect(verified(deep, middle.certificatePem)).toBe('incomplete-chain');
    const expired = await issue(root, { ...wish, notBefore: new Date(Date.now() - 2 * day), days: 1 });
    expect(verified(expired, root.certificatePem)).toBe('expired');
    const future = await issue(root, { ...wish, notBefore: new Date(Date.now() + day), days: 1 });
    expect(verified(future, root.certificatePem)).toBe('not-yet-valid');
  });

  it('breaks with its authority', async () => {
    const ended = await createAuthority({
      directory: path.join(base, 'ended'),
      commonName: 'ended',
      keyBits: 2048,
      notBefore: new Date(Date.now() - 10 * day),
      days: 9,
    });
    const issued = await issue(ended, { ...wish, notBefore: new Date(Date.now() - 10 * day), days: 8 });
    expect(verified(issued, ended.certificatePem)).toBe('expired');
    expect(inspect(ended.certificatePem, 'x', { authorityPem: root.certificatePem })).toMatchObject({
      verification: { verified: false, reason: 'self-signed' },
      sound: false,
    });
  });

  it('is not fooled by a changed certificate or by a leaf that plays authority', () => {
    const der = Buffer.from(plain.certificatePem.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    // The last bytes are the signature.
    der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
    expect(inspect(der, 'x', { authorityPem: root.certificatePem }).verification?.reason).toBe('unknown-authority');
    const [key, leaf, forged] = ['leaf.key', 'issuer.pem', 'forged.pem'].map((name) => path.join(base, name));
    if (key === undefined || leaf === undefined || forged === undefined) throw new Error('three files');
    const make = (...more: string[]) =>
      execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...more], { stdio: 'pipe' });
    make('-keyout', key, '-out', leaf, '-subj', '/CN=leaf', '-addext', 'basicConstraints=critical,CA:FALSE');
    make('-keyout', '/dev/null', '-out', forged, '-subj', '/CN=forged', '-CA', leaf, '-CAkey', key);
    const [leafPem, forgedPem] = [leaf, forged].map((file) => readFileSync(file, 'utf8'));
    const found = inspect(`${String(forgedPem)}${String(leafPem)}`, 'x', { authorityPem: String(leafPem) });
    expect(found.verification?.verified).toBe(false);
  });

  it('calls a short key weak', () => {
    const file = path.join(base, 'weak.pem');
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-keyout', '/dev/null', '-out', file, '-subj', '/CN=weak'],
      { stdio: 'pipe' },
    );
    const pem = readFileSync(file, 'utf8');
    expect(inspect(pem, 'x', { authorityPem: pem }).verification?.reason).toBe('weak');
  });
});

describe('inspect', () => {
  it('counts the days at a given time', () => {
    const at = (milliseconds: number) => inspect(plain.certificatePem, 'x', { now: milliseconds }).certificates[0];
    const [from, to] = [plain.notBefore.getTime(), plain.notAfter.getTime()];
    expect(at(to - day / 2)).toMatchObject({ state: 'valid', daysLeft: 0.5 });
    expect(at(to)).toMatchObject({ state: 'valid', daysLeft: 0 });
    expect(at(to + day)).toMatchObject({ state: 'expired', daysLeft: -1 });
    expect(at(from - 1)).toMatchObject({ state: 'not-yet-valid' });
    expect(at(from)).toMatchObject({ state: 'valid' });
  });

  it('compares the key, given apart or in the same file', () => {
    expect(inspect(plain.certificatePem, 'x', { keyPem: plain.keyPem })).toMatchObject({
      keyMatches: true,
      sound: true,
    });
    expect(inspect(plain.certificatePem, 'x', { keyPem: deep.keyPem })).toMatchObject({
      keyMatches: false,
      sound: false,
    });
    expect(inspect(plain.keyPem.reveal() + plain.certificatePem, 'x').keyMatches).toBe(true);
    expect(inspect(plain.certificatePem, 'x').keyMatches).toBeUndefined();
  });

  it('says what is wrong with a file, without what is in it', () => {
    for (const given of ['', 'hello', plain.keyPem.reveal(), plain.certificatePem.slice(0, 200), Buffer.alloc(100)]) {
      expect(() => inspect(given, '/etc/x.pem')).toThrow(/\/etc\/x\.pem cannot be read as a certificate/);
    }
    expect(() => inspect(plain.certificatePem, 'x', { keyPem: new Secret('hunter2') })).toThrow(/holds no private key/);
    expect(() => inspect(plain.certificatePem, 'x', { keyPem: new Secret('hunter2') })).not.toThrow(/hunter2/);
  });
});
