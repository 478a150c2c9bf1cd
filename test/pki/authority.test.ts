import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { createAuthority, importAuthority, openAuthority, type Authority } from '../../src/pki/authority.js';
import { issue } from '../../src/pki/issue.js';
import { ledgerFile, readLedger } from '../../src/pki/ledger.js';
import { openssl, scratch, verdict } from './tools.js';

const base = scratch();
const client = { commonName: 'c', use: 'client', names: [] } as const;
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
const passphraseFile = path.join(base, 'passphrase');
const otherPassphraseFile = path.join(base, 'other-passphrase');
let authority: Authority;
beforeAll(async () => {
  writeFileSync(passphraseFile, 'correct horse battery staple\n', { mode: 0o600 });
  writeFileSync(otherPassphraseFile, 'wrong\n', { mode: 0o600 });
  authority = await createAuthority({ directory: path.join(base, 'made', 'ca'), commonName: 'CA', days: 730 });
}, 60_000);

describe('createAuthority', () => {
  it('lays the directory out, closed to others', () => {
    const { directory } = authority;
    expect(readdirSync(directory).sort()).toEqual(['ca.key', 'ca.pem', 'issued.jsonl']);
    expect(mode(directory)).toBe('700');
    expect(mode(path.join(directory, 'ca.key'))).toBe('600');
    expect(mode(path.join(directory, 'ca.pem'))).toBe('644');
    expect(mode(ledgerFile(directory))).toBe('600');
  });

  it('makes a self-signed authority of 3072 bits', () => {
    const text = openssl(authority.certificatePem, '-text');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE\n/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toContain('Public-Key: (3072 bit)');
    expect(authority.certificate).toMatchObject({ subject: 'CN=CA', issuer: 'CN=CA', isAuthority: true });
    expect(authority.certificate.notAfter * 1000 - Date.now()).toBeGreaterThan(729.9 * 86_400_000);
  });

  it('never overwrites one', async () => {
    const before = readFileSync(path.join(authority.directory, 'ca.pem'), 'utf8');
    await expect(createAuthority({ directory: authority.directory, commonName: 'other' })).rejects.toMatchObject({
      code: 'authority-exists',
      message: expect.stringContaining(authority.directory) as string,
    });
    expect(readFileSync(path.join(authority.directory, 'ca.pem'), 'utf8')).toBe(before);
  });

  it('lets one of several who create at once win', async () => {
    const directory = path.join(base, 'race');
    const tries = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((commonName) => createAuthority({ directory, commonName, keyBits: 2048 })),
    );
    const won = tries.filter((one) => one.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const one of tries)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'authority-exists' });
    const opened = await openAuthority({ directory });
    expect(opened.certificatePem).toBe(won[0]?.value.certificatePem);
    expect((await readLedger(directory)).entries.map(({ serial }) => serial)).toEqual([opened.certificate.serial]);
  });

  it('says so when an earlier creation was cut off', async () => {
    const directory = path.join(base, 'half');
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(path.join(directory, 'ca.key'), 'x', { mode: 0o600 });
    await expect(createAuthority({ directory, commonName: 'x' })).rejects.toThrow(/cut off, ca.key without ca.pem/);
  });

  it('closes an empty directory, refuses an open one that others use', async () => {
    const [empty, used] = [path.join(base, 'empty'), path.join(base, 'used')];
    for (const directory of [empty, used]) mkdirSync(directory, { mode: 0o755 });
    writeFileSync(path.join(used, 'my.cnf'), '');
    await createAuthority({ directory: empty, commonName: 'x', keyBits: 2048 });
    expect(mode(empty)).toBe('700');
    await expect(createAuthority({ directory: used, commonName: 'x' })).rejects.toMatchObject({
      code: 'directory-exposed',
    });
    expect(mode(used)).toBe('755');
  });

  it('says that a directory cannot be made', async () => {
    await expect(
      createAuthority({ directory: path.join(passphraseFile, 'ca'), commonName: 'x' }),
    ).rejects.toMatchObject({
      code: 'directory-unusable',
    });
  });

  it('refuses an e-mail address that is none', async () => {
    const wish = { directory: path.join(base, 'mail'), commonName: 'x', email: 'nobody' };
    await expect(createAuthority(wish)).rejects.toThrow(/"nobody"/);
    expect(readdirSync(base)).not.toContain('mail');
  });
});

describe('openAuthority', () => {
  it('opens what was made', async () => {
    const opened = await openAuthority({ directory: authority.directory });
    expect(opened.certificate).toEqual(authority.certificate);
    expect(verdict(await issue(opened, client), authority.certificatePem, base)).toBe('OK');
  });

  it('says what is missing', async () => {
    await expect(openAuthority({ directory: path.join(base, 'nowhere') })).rejects.toMatchObject({
      code: 'authority-missing',
      remedy: expect.stringContaining('pki init') as string,
    });
  });

  it('refuses a key that others can read', async () => {
    const directory = path.join(base, 'open');
    await createAuthority({ directory, commonName: 'x', keyBits: 2048 });
    chmodSync(path.join(directory, 'ca.key'), 0o640);
    await expect(openAuthority({ directory })).rejects.toMatchObject({ code: 'key-exposed' });
  });

  it('refuses a key that belongs to another authority', async () => {
    const [one, two] = [path.join(base, 'one'), path.join(base, 'two')];
    await createAuthority({ directory: one, commonName: 'one', keyBits: 2048 });
    await createAuthority({ directory: two, commonName: 'two', keyBits: 2048 });
    writeFileSync(path.join(one, 'ca.key'), readFileSync(path.join(two, 'ca.key')));
    await expect(openAuthority({ directory: one })).rejects.toMatchObject({ code: 'authority-mismatch' });
    writeFileSync(path.join(one, 'ca.key'), 'garbage');
    await expect(openAuthority({ directory: one })).rejects.toMatchObject({ code: 'key-unreadable' });
    writeFileSync(path.join(one, 'ca.pem'), 'garbage');
    await expect(openAuthority({ directory: two })).resolves.toBeDefined();
  });
});

describe('a passphrase', () => {
  it('encrypts the key on the disk and is asked for', async () => {
    const directory = path.join(base, 'locked');
    await createAuthority({ directory, commonName: 'locked', keyBits: 2048, passphraseFile });
    expect(readFileSync(path.join(directory, 'ca.key'), 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    const opened = await openAuthority({ directory, passphraseFile });
    expect(verdict(await issue(opened, client), opened.certificatePem, base)).toBe('OK');
    await expect(openAuthority({ directory })).rejects.toMatchObject({ code: 'passphrase-missing' });
    const wrong = openAuthority({ directory, passphraseFile: otherPassphraseFile });
    await expect(wrong).rejects.toMatchObject({ code: 'passphrase-wrong' });
    await expect(wrong).rejects.not.toThrow(/horse|wrong\n/);
  });

  it('comes from a file that is there, closed and not empty', async () => {
    const [open, empty] = [path.join(base, 'open-passphrase'), path.join(base, 'empty-passphrase')];
    writeFileSync(open, 'x', { mode: 0o644 });
    writeFileSync(empty, '\n', { mode: 0o600 });
    const make = (file: string) =>
      createAuthority({ directory: path.join(base, 'never'), commonName: 'x', passphraseFile: file });
    await expect(make(open)).rejects.toMatchObject({ code: 'passphrase-exposed' });
    await expect(make(empty)).rejects.toMatchObject({ code: 'passphrase-empty' });
    await expect(make(path.join(base, 'none'))).rejects.toMatchObject({ code: 'passphrase-unreadable' });
    expect(readdirSync(base)).not.toContain('never');
  });
});

describe('the ledger', () => {
  it('survives a line that was cut off', async () => {
    const directory = path.join(base, 'torn');
    const torn = await createAuthority({ directory, commonName: 'torn', keyBits: 2048 });
    const lost = await issue(torn, client);
    truncateSync(ledgerFile(directory), statSync(ledgerFile(directory)).size - 40);
    const kept = await issue(torn, client);
    const { entries, damaged } = await readLedger(directory);
    expect(damaged).toEqual([2]);
    expect(entries.map(({ serial }) => serial)).toEqual([torn.certificate.serial, kept.serial]);
    expect(entries.map(({ serial }) => serial)).not.toContain(lost.serial);
    appendFileSync(ledgerFile(directory), '\n[]\nnull\n');
    expect((await readLedger(directory)).damaged).toEqual([2, 5, 6]);
  });
});

describe('an intermediate authority', () => {
  it('issues chains that lead to the root, and no further authorities', async () => {
    const middle = await createAuthority({
      directory: path.join(base, 'middle'),
      commonName: 'middle',
      keyBits: 2048,
      parent: authority,
    });
    const opened = await openAuthority({ directory: middle.directory });
    const issued = await issue(opened, { commonName: 'db1', use: 'server', names: ['db1'] });
    expect(verdict(issued, authority.certificatePem, base)).toBe('OK');
    expect(issued.chainPem).toBe(issued.certificatePem + middle.certificatePem);
    expect(issued.authorityPem).toBe(middle.certificatePem + authority.certificatePem);
    expect(openssl(middle.certificatePem, '-text')).toContain('CA:TRUE, pathlen:0');
    expect((await readLedger(authority.directory)).entries.at(-1)).toMatchObject({
      use: 'intermediate',
      subject: 'CN=middle',
    });
  });
});

describe('importAuthority', () => {
  function foreign(key: readonly string[], ...more: string[]): { certificatePem: string; keyPem: Secret } {
    const [certificate, keyFile] = [path.join(base, 'foreign.pem'), path.join(base, 'foreign.key')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        ...key,
        '-keyout',
        keyFile,
        '-out',
        certificate,
        '-subj',
        '/C=CA/ST=Québec/O=W3C/CN=old CA',
        '-utf8',
        '-addext',
        'keyUsage=critical,keyCertSign,cRLSign',
        ...more,
      ],
      { stdio: 'pipe' },
    );
    return { certificatePem: readFileSync(certificate, 'utf8'), keyPem: new Secret(readFileSync(keyFile, 'utf8')) };
  }

  it('takes over one that openssl made, its key encrypted or not', async () => {
    const given = foreign(['rsa:2048'], '-nodes');
    const taken = await importAuthority({ directory: path.join(base, 'taken'), ...given });
    const issued = await issue(await openAuthority({ directory: taken.directory }), client);
    expect(verdict(issued, given.certificatePem, base)).toBe('OK');
    const locked = foreign(['rsa:2048'], '-passout', `file:${passphraseFile}`);
    const wish = { directory: path.join(base, 'taken2'), ...locked, passphraseFile: otherPassphraseFile };
    await expect(importAuthority(wish)).rejects.toMatchObject({ code: 'passphrase-missing' });
    await importAuthority({ ...wish, keyPassphraseFile: passphraseFile });
    await openAuthority({ directory: wish.directory, passphraseFile: otherPassphraseFile });
  });

  it('refuses what cannot issue here', async () => {
    const directory = path.join(base, 'refused');
    const curve = foreign(['ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], '-nodes');
    await expect(importAuthority({ directory, ...curve })).rejects.toMatchObject({ code: 'authority-unsupported' });
    const other = foreign(['rsa:2048'], '-nodes');
    await expect(importAuthority({ directory, ...other, keyPem: curve.keyPem })).rejects.toMatchObject({
      code: 'authority-mismatch',
    });
    const leaf = await issue(authority, client);
    await expect(importAuthority({ directory, ...leaf })).rejects.toThrow(/not an authority's: CN=c/);
    expect(readdirSync(base)).not.toContain('refused');
  });
});
