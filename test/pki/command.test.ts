import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Command } from 'commander';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { pkiCommand } from '../../src/cli/pki.js';
import { scratch } from './tools.js';

const base = scratch();
const directory = path.join(base, 'pki');
const out = path.join(base, 'ssl');
const file = (name: string) => path.join(out, name);

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

/** What the command prints on standard output. */
async function lockstep(...words: string[]): Promise<string> {
  let printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
  await strict(pkiCommand()).parseAsync(words, { from: 'user' });
  return printed;
}

/** Throws where the process would exit, and keeps usage errors off the terminal. */
function strict(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.commands.forEach(strict);
  return command;
}

beforeAll(async () => {
  // The authority of the wiki page that all this grew out of.
  const subject = ['--organization', 'W3C', '--organizational-unit', 'WebPlatform Docs', '--email', 'dba@example.org'];
  const said = await lockstep(
    'init',
    '--directory',
    directory,
    '--common-name',
    'db1-masterdb.production.wpdn',
    ...subject,
    '--days',
    '730',
  );
  expect(said).toContain('O=W3C, OU=WebPlatform Docs, CN=db1-masterdb.production.wpdn, emailAddress=dba@example.org');
  expect(said).toMatch(/valid {4}.* UTC, 7(29|30) days left/);
  expect(said).toContain(path.join(directory, 'ca.key'));
  await lockstep(
    'issue',
    '--directory',
    directory,
    '--common-name',
    'db1',
    '--name',
    'db1.example.org',
    '10.0.0.1',
    '--name',
    '::1',
    '--out',
    out,
  );
}, 60_000);

describe('pki issue', () => {
  it('writes files that openssl verifies for both uses', () => {
    for (const purpose of ['sslserver', 'sslclient']) {
      const said = execFileSync(
        'openssl',
        ['verify', '-purpose', purpose, '-CAfile', file('ca.pem'), file('cert.pem')],
        { encoding: 'utf8' },
      );
      expect(said).toContain('OK');
    }
  });

  it('names a server by its common name unless told otherwise', async () => {
    const said: unknown = JSON.parse(
      await lockstep(
        'issue',
        '--directory',
        directory,
        '--common-name',
        'db2',
        '--out',
        out,
        '--base-name',
        'db2',
        '--days',
        '90',
        '--json',
      ),
    );
    expect(said).toMatchObject({
      certificate: { subject: 'CN=db2', names: ['db2'] },
      files: { certificate: file('db2-cert.pem'), key: file('db2-key.pem') },
    });
    expect(JSON.stringify(said)).not.toContain('PRIVATE');
  });

  it('replaces only when told to', async () => {
    const before = readFileSync(file('cert.pem'), 'utf8');
    const again = ['issue', '--directory', directory, '--common-name', 'db1', '--out', out];
    await expect(lockstep(...again)).rejects.toMatchObject({
      code: 'file-exists',
      message: `${file('cert.pem')} exists already`,
    });
    expect(readFileSync(file('cert.pem'), 'utf8')).toBe(before);
    expect(await lockstep(...again, '--replace')).toContain(`wrote    ${file('key.pem')}`);
    expect(readFileSync(file('cert.pem'), 'utf8')).not.toBe(before);
  });

  it('does not change silently whom a directory trusts', async () => {
    const other = path.join(base, 'other');
    await lockstep('init', '--directory', other, '--common-name', 'other', '--key-bits', '2048');
    const wish = ['issue', '--directory', other, '--common-name', 'db3', '--out', out, '--base-name', 'db3'];
    await expect(lockstep(...wish)).rejects.toThrow(`${file('ca.pem')} holds other authorities`);
    expect(existsSync(file('db3-key.pem'))).toBe(false);
  });
});

describe('pki inspect', () => {
  it('prints a readable verdict, without colour in a pipe', async () => {
    vi.stubEnv('CI', 'true');
    const said = await lockstep('inspect', file('cert.pem'), '--ca', file('ca.pem'), '--key', file('key.pem'));
    expect(said).toBe(stripVTControlCharacters(said));
    expect(said).toContain(`${file('cert.pem')}\n  subject  CN=db1\n`);
    expect(said).toMatch(/valid {4}\d{4}-\d\d-\d\d \d\d:\d\d UTC to .* UTC, 36[45] days left/);
    expect(said).toContain('key      RSA 2048 bits, the private key belongs to it');
    expect(said).toContain(`chain    verified against ${file('ca.pem')}`);
    expect(process.exitCode).toBeUndefined();
  });

  it('exits 1 when something is wrong', async () => {
    const words = ['issue', '--directory', directory, '--common-name', 'old', '--out', out, '--base-name', 'old'];
    await lockstep(...words, '--not-before', '2020-01-01', '--not-after', '2020-02-01T00:00:00Z');
    const said = await lockstep('inspect', file('old-cert.pem'), '--ca', file('ca.pem'), '--key', file('key.pem'));
    expect(said).toMatch(/2020-02-01 00:00 UTC, expired \d+ days ago/);
    expect(said).toContain('the private key given is another one');
    expect(said).toContain('chain    expired "CN=old" expired at 2020-02-01T00:00:00.000Z.');
    expect(process.exitCode).toBe(1);
  });

  it('prints JSON for several files', async () => {
    const said: unknown = JSON.parse(
      await lockstep('inspect', file('cert.pem'), file('ca.pem'), '--ca', file('ca.pem'), '--json'),
    );
    expect(said).toMatchObject([
      { file: file('cert.pem'), certificates: [{ certificate: { subject: 'CN=db1' }, state: 'valid' }], sound: true },
      { file: file('ca.pem'), certificates: [{ certificate: { isAuthority: true } }], verification: { reason: 'ok' } },
    ]);
  });

  it('quotes what it cannot read', async () => {
    await expect(lockstep('inspect', file('none.pem'))).rejects.toMatchObject({ code: 'file-unreadable' });
    writeFileSync(file('junk.pem'), 'junk');
    await expect(lockstep('inspect', file('junk.pem'))).rejects.toThrow(/junk\.pem cannot be read as a certificate/);
  });
});

describe('usage', () => {
  it('refuses wrong words, quoting them', async () => {
    const wish = ['issue', '--directory', directory, '--common-name', 'x', '--out', base];
    await expect(lockstep(...wish, '--days', 'soon')).rejects.toThrow(/'soon' is invalid. It is not a whole number/);
    await expect(lockstep(...wish, '--not-after', 'tomorrow')).rejects.toThrow(/'tomorrow' is invalid/);
    await expect(lockstep(...wish, '--use', 'spy')).rejects.toThrow(
      /'spy' is invalid. Allowed choices are server, client, both/,
    );
    await expect(lockstep('init', '--directory', base)).rejects.toThrow(/--common-name is missing/);
    await expect(lockstep('init', '--directory', base, '--import-certificate', 'x', '--days', '3')).rejects.toThrow(
      /cannot be used with/,
    );
    await expect(lockstep(...wish.with(2, path.join(base, 'nowhere')))).rejects.toMatchObject({
      code: 'authority-missing',
    });
  });

  it('takes over an authority', async () => {
    const taken = path.join(base, 'taken');
    const flags = [
      '--import-certificate',
      path.join(directory, 'ca.pem'),
      '--import-key',
      path.join(directory, 'ca.key'),
    ];
    const said: unknown = JSON.parse(await lockstep('init', '--directory', taken, ...flags, '--json'));
    expect(said).toMatchObject({ files: { key: path.join(taken, 'ca.key') }, certificate: { isAuthority: true } });
  });

  it('has help with examples for each', () => {
    for (const command of pkiCommand().commands) {
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).toContain(`lockstep pki ${command.name()} `);
    }
  });
});
