import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, type Authority } from '../../src/pki/authority.js';
import { issue, type Issued } from '../../src/pki/issue.js';
import { writeIssued } from '../../src/pki/written.js';
import { scratch } from './tools.js';

const base = scratch();
const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
let authority: Authority;
let first: Issued;
let second: Issued;
beforeAll(async () => {
  authority = await createAuthority({ directory: path.join(base, 'ca'), commonName: 'CA', keyBits: 2048 });
  [first, second] = await Promise.all([
    issue(authority, { commonName: 'db1', use: 'both', names: ['db1'] }),
    issue(authority, { commonName: 'db1', use: 'both', names: ['db1'] }),
  ]);
}, 60_000);

describe('writeIssued', () => {
  it('writes three files with their modes, whatever the umask', async () => {
    const umask = process.umask(0o077);
    const files = await writeIssued(first, path.join(base, 'new', 'ssl')).finally(() => process.umask(umask));
    expect(files).toEqual({
      certificate: path.join(base, 'new/ssl/cert.pem'),
      key: path.join(base, 'new/ssl/key.pem'),
      authority: path.join(base, 'new/ssl/ca.pem'),
    });
    expect([files.certificate, files.key, files.authority].map(mode)).toEqual(['644', '600', '644']);
    expect(readFileSync(files.key, 'utf8')).toBe(first.keyPem.reveal());
    expect(readFileSync(files.certificate, 'utf8')).toBe(first.certificatePem);
    expect(readFileSync(files.authority, 'utf8')).toBe(authority.certificatePem);
  });

  it('replaces, keeping the owner and the group that could read the key', async () => {
    const directory = path.join(base, 'owned');
    const files = await writeIssued(first, directory, 'server');
    expect(readdirSync(directory).sort()).toEqual(['ca.pem', 'server-cert.pem', 'server-key.pem']);
    const root = process.getuid?.() === 0;
    if (root) chownSync(files.key, 12345, 23456);
    chmodSync(files.key, 0o640);
    await writeIssued(second, directory, 'server');
    expect(readFileSync(files.key, 'utf8')).toBe(second.keyPem.reveal());
    expect(mode(files.key)).toBe('640');
    if (root) expect(statSync(files.key)).toMatchObject({ uid: 12345, gid: 23456 });
  });

  it('leaves the old files and no others when it fails', async () => {
    const directory = path.join(base, 'blocked');
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'key.pem'), 'old key');
    // A directory cannot be replaced by a file: the first of the three renames fails.
    mkdirSync(path.join(directory, 'ca.pem'));
    await expect(writeIssued(first, directory)).rejects.toMatchObject({ code: 'files-unwritable' });
    expect(readdirSync(directory).sort()).toEqual(['ca.pem', 'key.pem']);
    expect(readFileSync(path.join(directory, 'key.pem'), 'utf8')).toBe('old key');
  });

  it('refuses a base name that leaves the directory', async () => {
    for (const name of ['../x', '', '.hidden', 'a/b']) {
      await expect(writeIssued(first, path.join(base, 'names'), name)).rejects.toMatchObject({ code: 'name-invalid' });
    }
    expect(readdirSync(base)).not.toContain('names');
  });
});
