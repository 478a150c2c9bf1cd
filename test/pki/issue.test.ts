import { createPrivateKey, X509Certificate } from 'node:crypto';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, type Authority } from '../../src/pki/authority.js';
import { issue, type Issued } from '../../src/pki/issue.js';
import { readLedger } from '../../src/pki/ledger.js';
import { openssl, scratch, verdict } from './tools.js';

const base = scratch();
const day = 86_400_000;
let authority: Authority;
let server: Issued;
beforeAll(async () => {
  authority = await createAuthority({
    directory: path.join(base, 'ca'),
    commonName: 'db1-masterdb.production.wpdn',
    organization: 'W3C',
    organizationalUnit: 'WebPlatform Docs',
    email: 'dba@example.org',
    days: 730,
    keyBits: 2048,
  });
  server = await issue(authority, {
    commonName: 'db1',
    use: 'server',
    names: ['db1.example.org', '*.db.example.org', '10.0.0.1', '0:0:0:0:0:0:0:1', 'DB1.example.org'],
  });
}, 60_000);

describe('an issued certificate', () => {
  it('says what was asked for', () => {
    const text = openssl(server.certificatePem, '-text');
    expect(text).toContain('Version: 3');
    expect(text).toContain('Signature Algorithm: sha256WithRSAEncryption');
    expect(text).toContain(
      'Issuer: O = W3C, OU = WebPlatform Docs, CN = db1-masterdb.production.wpdn, emailAddress = dba@example.org',
    );
    expect(text).toContain('Subject: CN = db1');
    expect(text).toContain('Public-Key: (2048 bit)');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(text).toMatch(/Extended Key Usage: \s*TLS Web Server Authentication\n/);
    expect(text).toContain(
      'DNS:DB1.example.org, DNS:*.db.example.org, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    const key = (name: string, from: string) => new RegExp(`${name} Key Identifier: \\s*([0-9A-F:]+)`).exec(from)?.[1];
    expect(key('Authority', text)).toBe(key('Subject', openssl(authority.certificatePem, '-text')));
  });

  it('verifies strictly, for its use alone', async () => {
    const client = await issue(authority, { commonName: 'repl', use: 'client', names: [] });
    const both = await issue(authority, { commonName: 'db2', use: 'both', names: ['db2'] });
    const purpose = (issued: Issued) =>
      ['sslserver', 'sslclient'].map((use) => verdict(issued, authority.certificatePem, base, '-purpose', use));
    expect(purpose(server)).toEqual(['OK', expect.stringContaining('purpose')]);
    expect(purpose(client)).toEqual([expect.stringContaining('purpose'), 'OK']);
    expect(purpose(both)).toEqual(['OK', 'OK']);
  });

  it('comes with its own key, hidden', () => {
    const key = createPrivateKey(server.keyPem.reveal());
    expect(new X509Certificate(server.certificatePem).checkPrivateKey(key)).toBe(true);
    expect(JSON.stringify(server)).not.toContain('PRIVATE');
  });

  it('began five minutes ago and lasts a year', () => {
    expect(Math.abs(Date.now() - 5 * 60_000 - server.notBefore.getTime())).toBeLessThan(60_000);
    expect(Math.abs(Date.now() + 365 * day - server.notAfter.getTime())).toBeLessThan(60_000);
  });

  it('may have expired, or not begun', async () => {
    const at = (days: number) => new Date(Date.now() + days * day);
    const wish = { commonName: 'x', use: 'server', names: ['x'] } as const;
    const expired = await issue(authority, { ...wish, notBefore: at(-2), notAfter: at(-1) });
    expect(verdict(expired, authority.certificatePem, base)).toContain('certificate has expired');
    const future = await issue(authority, { ...wish, notBefore: at(1), days: 1 });
    expect(verdict(future, authority.certificatePem, base)).toContain('certificate is not yet valid');
    expect(future.notAfter.getTime() - future.notBefore.getTime()).toBe(day);
    const old = await issue(authority, { ...wish, notBefore: new Date('1980-02-29T00:00:00Z'), days: 1 });
    expect(openssl(old.certificatePem, '-enddate')).toBe('notAfter=Mar  1 00:00:00 1980 GMT');
  });

  it('never outlives its authority', async () => {
    const short = await createAuthority({
      directory: path.join(base, 'short'),
      commonName: 'short',
      days: 10,
      keyBits: 2048,
    });
    const wish = { commonName: 'x', use: 'client', names: [] } as const;
    const bounded = await issue(short, wish);
    expect(bounded.notAfter.getTime()).toBe(short.certificate.notAfter * 1000);
    await expect(issue(short, { ...wish, days: 11 })).rejects.toMatchObject({ code: 'validity-invalid' });
    const over = await createAuthority({
      directory: path.join(base, 'over'),
      commonName: 'over',
      days: 10,
      notBefore: new Date(Date.now() - 20 * day),
      keyBits: 2048,
    });
    await expect(issue(over, wish)).rejects.toMatchObject({ code: 'authority-expired' });
  });

  it('is written for any script, and beyond 2049', async () => {
    const far = await createAuthority({
      directory: path.join(base, 'far'),
      commonName: 'データベース',
      organization: 'Æther & Söhne, "AG"',
      days: 36_500,
      keyBits: 2048,
    });
    const issued = await issue(far, {
      commonName: 'база',
      use: 'server',
      names: ['db'],
      notAfter: new Date('2060-01-01T00:00:00Z'),
    });
    expect(verdict(issued, far.certificatePem, base)).toBe('OK');
    expect(openssl(issued.certificatePem, '-enddate')).toBe('notAfter=Jan  1 00:00:00 2060 GMT');
    expect(openssl(issued.certificatePem, '-subject', '-nameopt', 'utf8,sep_comma_plus_space')).toContain('база');
  });
});

describe('many at once', () => {
  it('get different serial numbers, all of them in the ledger', async () => {
    const many = await Promise.all(
      Array.from({ length: 12 }, (_, index) => issue(authority, { commonName: `c${index}`, use: 'client', names: [] })),
    );
    const serials = many.map(({ serial }) => serial);
    expect(new Set(serials).size).toBe(12);
    for (const serial of serials) expect(serial).toMatch(/^[0-9A-F]{32}$/);
    const { entries, damaged } = await readLedger(authority.directory);
    expect(damaged).toEqual([]);
    expect(entries[0]).toMatchObject({ use: 'authority', serial: authority.certificate.serial });
    for (const one of many) {
      const entry = entries.find(({ serial }) => serial === one.serial);
      expect(entry?.fingerprint).toBe(
        new X509Certificate(one.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase(),
      );
    }
  });
});

describe('refuses, quoting what was given', () => {
  const good = { commonName: 'x', use: 'server', names: ['x'] } as const;
  it.each([
    ['name-invalid', '"10.0.0.300"', { names: ['10.0.0.300'] }],
    ['name-invalid', '"db1.example.org."', { names: ['db1.example.org.'] }],
    ['name-invalid', '"fe80::1%eth0"', { names: ['fe80::1%eth0'] }],
    ['name-invalid', '"a.*.b"', { names: ['a.*.b'] }],
    ['name-invalid', '"bücher.example"', { names: ['bücher.example'] }],
    ['name-invalid', '"x\\ny"', { names: ['x\ny'] }],
    ['name-invalid', '""', { names: [''] }],
    ['names-missing', '"x"', { names: [] }],
    ['subject-invalid', '""', { commonName: '' }],
    ['subject-invalid', 'longer than 64', { commonName: 'x'.repeat(65) }],
    ['subject-invalid', 'control character', { commonName: 'a\u0000b' }],
    ['subject-invalid', '"db1-masterdb.production.wpdn"', { commonName: 'db1-masterdb.production.wpdn' }],
    ['validity-invalid', '0 is not a number of days', { days: 0 }],
    ['validity-invalid', '1.5 is not', { days: 1.5 }],
    ['validity-invalid', 'never holds', { notAfter: new Date(0) }],
    ['validity-invalid', 'not a date', { notBefore: new Date(Number.NaN) }],
    ['validity-invalid', 'both 3 days', { days: 3, notAfter: new Date() }],
    ['key-size', '1024', { keyBits: 1024 }],
  ])('%s: %s', async (code, quoted, wrong) => {
    const before = await readLedger(authority.directory);
    const refused = issue(authority, { ...good, ...wrong });
    await expect(refused).rejects.toMatchObject({ code });
    await expect(refused).rejects.toThrow(quoted);
    expect(await readLedger(authority.directory)).toEqual(before);
  });
});
