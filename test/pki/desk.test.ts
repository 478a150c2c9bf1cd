import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { certificateOf, certificatesOf } from '../../src/base/x509.js';
import { pkiCommand } from '../../src/cli/pki.js';
import { scratch } from './tools.js';

/** What an operator does with `lockstep pki` beyond making an authority and issuing: see command.test.ts for these. */

const base = scratch();
const at = (...parts: string[]) => path.join(base, ...parts);
const text = (...parts: string[]) => readFileSync(at(...parts), 'utf8');
/** All that the commands of this file have printed, and what their errors said. */
let said = '';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function lockstep(...words: string[]): Promise<string> {
  let printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed += String(chunk);
      return true;
    });
  }
  try {
    await strict(pkiCommand()).parseAsync(words, { from: 'user' });
  } catch (error) {
    said += error instanceof Error ? `${error.message} ${String(error.stack)} ${JSON.stringify(error)}` : String(error);
    throw error;
  } finally {
    said += printed;
  }
  return printed;
}

function strict(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.commands.forEach(strict);
  return command;
}

const config = `version: 1
authorities: { mysql: { directory: ca, passphrase_file: pass }, empty: { directory: none } }
clusters:
  shop:
    accounts: { monitor: { user: m, password_env: M } }
    names: [masterdb.example]
    server_tls: { authority: mysql, directory: /etc/mysql/tls, lifetime: 30d, renew_before: 10d, names: [192.0.2.100] }
    servers: { db1: { address: db1.example }, db2: { address: db2.example, server_tls: { names: [two.example] } } }
`;
const configured = ['--config', at('lockstep.yml')];

beforeAll(async () => {
  writeFileSync(at('lockstep.yml'), config);
  writeFileSync(at('pass'), 'correct horse battery staple\n', { mode: 0o600 });
  await lockstep('init', '--authority', 'mysql', ...configured, '--common-name', 'Example CA', '--key-type', 'p256');
  mkdirSync(at('host'));
  const words = ['req', '-new', '-sha256', '-nodes', '-newkey', 'rsa:2048', '-subj', '/O=Example/CN=db1.example'];
  execFileSync('openssl', [...words, '-keyout', at('host/key.pem'), '-out', at('host/db1.csr')], { stdio: 'pipe' });
}, 60_000);

describe('a configured authority and server', () => {
  it('encrypt the key, and give names and lifetime', async () => {
    expect(text('ca/ca.key')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    await lockstep('issue', '--server', 'shop/db2', ...configured, '--out', at('db2'));
    const certificate = certificateOf(text('db2/cert.pem'));
    expect(certificate).toMatchObject({
      subject: 'CN=db2.example',
      names: ['db2.example', 'two.example', 'masterdb.example', '192.0.2.100'],
    });
    expect(Math.round((certificate.notAfter - certificate.notBefore) / 86_400)).toBe(30);
    const missing = lockstep('issue', '--server', 'shop/db3', ...configured, '--out', at('db3'));
    await expect(missing).rejects.toMatchObject({ code: 'server-unknown', remedy: 'It names: shop/db1, shop/db2.' });
    const wrong = lockstep('list', '--authority', 'mysq', ...configured);
    await expect(wrong).rejects.toMatchObject({ code: 'authority-unknown' });
    await expect(lockstep('list')).rejects.toThrow(/nothing says which authority/);
    await expect(lockstep('list', '--authority', 'empty', ...configured)).rejects.toMatchObject({
      code: 'authority-missing',
    });
  });
});

describe('pki sign', () => {
  it('certifies a key that stays on its host', async () => {
    expect(await lockstep('inspect', at('host/db1.csr'))).toMatch(
      /\(signing request\)\n {2}subject {2}O=Example, CN=db1\.example\n {2}use {6}both\n {2}key {6}RSA 2048 bits, it signed/,
    );
    const printed = await lockstep(
      'sign',
      at('host/db1.csr'),
      '--server',
      'shop/db1',
      ...configured,
      '--out',
      at('db1'),
    );
    expect(printed).toContain('names    db1.example, masterdb.example, 192.0.2.100');
    expect(readdirSync(at('db1')).sort()).toEqual(['ca.pem', 'cert.pem']);
    const inspected = lockstep('inspect', at('db1/cert.pem'), '--ca', at('db1/ca.pem'), '--key', at('host/key.pem'));
    expect(await inspected).toMatch(/the private key belongs to it[^]*verified against/);
    expect(process.exitCode).toBeUndefined();
    const again = ['sign', at('host/db1.csr'), '--authority', 'mysql', ...configured, '--out', at('db1')];
    await expect(lockstep(...again)).rejects.toMatchObject({ code: 'file-exists' });
    await expect(lockstep('sign', at('host/key.pem'), '--authority', 'mysql', ...configured)).rejects.toMatchObject({
      code: 'request-unreadable',
    });
  });
});

describe('pki renew', () => {
  it('does nothing before it is due, and then says the same again by another key', async () => {
    const wish = ['--common-name', 'old', '--organization', 'Example', '--name', 'old.example', '--out', at('old')];
    const dates = ['--not-before', new Date(Date.now() - 80 * 86_400_000).toISOString(), '--days', '100'];
    await lockstep('issue', '--authority', 'mysql', ...configured, ...wish, ...dates);
    const before = text('old/cert.pem');
    const renew = ['renew', at('old/cert.pem'), '--authority', 'mysql', ...configured];
    expect(await lockstep(...renew, '--before', '10d')).toMatch(/^not due: .*\n {2}renewal {2}It is due at /);
    expect(text('old/cert.pem')).toBe(before);
    writeFileSync(at('old/ca.pem'), text('old/ca.pem') + text('other/ca.pem'));
    const printed = await lockstep(...renew);
    expect(printed).toContain('trust    CN=Example CA; CN=other');
    const [old, now] = [certificateOf(before), certificateOf(text('old/cert.pem'))];
    expect(now).toMatchObject({ subject: 'O=Example, CN=old', names: ['old.example'], isAuthority: false });
    expect(now.serial).not.toBe(old.serial);
    expect(Math.round((now.notAfter - Date.now() / 1000) / 86_400)).toBe(100);
    expect(certificatesOf(text('old/ca.pem')).map(({ subject }) => subject)).toEqual(['CN=Example CA', 'CN=other']);
    expect(statSync(at('old/key.pem')).mode & 0o777).toBe(0o600);
    await lockstep('inspect', at('old/cert.pem'), '--ca', at('old/ca.pem'), '--key', at('old/key.pem'));
    expect(process.exitCode).toBeUndefined();
    expect(JSON.parse(await lockstep(...renew, '--json'))).toMatchObject({ renewed: false, due: false });
  });

  it('is due when a name is missing', async () => {
    const wish = ['issue', '--authority', 'mysql', ...configured, '--common-name', 'db1.example', '--out', at('few')];
    await lockstep(...wish);
    const renew = ['renew', at('few/cert.pem'), '--server', 'shop/db1', ...configured];
    await lockstep(...renew, '--out', at('few2'));
    expect(certificateOf(text('few2/cert.pem')).names).toEqual(['db1.example', 'masterdb.example', '192.0.2.100']);
    expect(await lockstep('renew', at('few2/cert.pem'), '--server', 'shop/db1', ...configured)).toContain('not due');
  });

  beforeAll(async () => {
    await lockstep('init', '--directory', at('other'), '--common-name', 'other', '--key-type', 'p256');
  });
});

describe('pki bundle', () => {
  it('puts authorities together and takes one out', async () => {
    await lockstep('bundle', at('ca/ca.pem'), at('other'), '--out', at('both.pem'));
    const all = certificatesOf(text('both.pem'));
    expect(all.map(({ subject }) => subject)).toEqual(['CN=Example CA', 'CN=other']);
    const out = [
      'bundle',
      at('both.pem'),
      '--out',
      at('both.pem'),
      '--without',
      String(all[0]?.fingerprint.toUpperCase()),
    ];
    await expect(lockstep(...out)).rejects.toMatchObject({ code: 'file-exists' });
    expect(await lockstep(...out, '--replace')).toContain('1 authority');
    expect(text('both.pem')).toBe(text('other/ca.pem'));
  });
});

describe('pki list', () => {
  it('tells what holds, what was replaced, and what is over', async () => {
    const listed: unknown = JSON.parse(await lockstep('list', '--authority', 'mysql', ...configured, '--json'));
    expect(listed).toMatchObject({
      issued: expect.arrayContaining([
        expect.objectContaining({ use: 'authority', state: 'valid' }),
        expect.objectContaining({ subject: 'O=Example, CN=old', state: 'replaced' }),
      ]) as unknown,
      damaged: [],
    });
    const table = await lockstep('list', '--authority', 'mysql', ...configured);
    expect(table).toMatch(/SUBJECT +USE +ENDS +NAMES +SERIAL\nCN=Example CA +authority/);
    expect(table).toMatch(/and \d expired or replaced/);
    expect(await lockstep('list', '--directory', at('ca'), '--all')).toMatch(/O=Example, CN=old +both .*replaced/);
  });
});

describe('an authority elsewhere', () => {
  it('is asked by requests, its answers checked', async () => {
    const known = at('known');
    await lockstep('init', '--directory', known, '--import-certificate', at('other/ca.pem'), '--key-elsewhere');
    expect(existsSync(path.join(known, 'ca.key'))).toBe(false);
    const wish = ['issue', '--directory', known, '--common-name', 'db9', '--out', at('db9')];
    await expect(lockstep(...wish)).rejects.toMatchObject({ code: 'authority-elsewhere' });
    await lockstep(...wish, '--request');
    expect(readdirSync(at('db9')).sort()).toEqual(['key.pem', 'request.csr']);
    await expect(lockstep(...wish, '--request', '--replace')).rejects.toThrow(/key.pem exists already/);
    await lockstep('sign', at('db9/request.csr'), '--directory', at('other'), '--out', at('answer'));
    const take = (file: string) => lockstep('issue', '--directory', known, '--certificate', file, '--out', at('db9'));
    await expect(take(at('db2/cert.pem'))).rejects.toMatchObject({ code: 'certificate-unfit' });
    expect(await take(at('answer/cert.pem'))).toContain('issued by CN=other');
    await lockstep('inspect', at('db9/cert.pem'), '--ca', at('db9/ca.pem'), '--key', at('db9/key.pem'));
    expect(process.exitCode).toBeUndefined();
  });

  it('signs one of ours, which then issues', async () => {
    const directory = at('middle');
    expect(await lockstep('init', '--directory', directory, '--common-name', 'Middle', '--request')).toContain(
      'waits for its certificate',
    );
    await expect(lockstep('issue', '--directory', directory, '--common-name', 'x')).rejects.toMatchObject({
      code: 'authority-waiting',
    });
    writeFileSync(at('m.cnf'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n');
    const sign = ['x509', '-req', '-in', at('middle/ca.csr'), '-CA', at('other/ca.pem'), '-CAkey', at('other/ca.key')];
    const more = ['-CAcreateserial', '-days', '50', '-extfile', at('m.cnf'), '-out', at('m.pem')];
    execFileSync('openssl', [...sign, ...more], { stdio: 'pipe' });
    writeFileSync(at('m-chain.pem'), text('m.pem') + text('other/ca.pem'));
    await lockstep('init', '--directory', directory, '--certificate', at('m-chain.pem'));
    await lockstep('issue', '--directory', directory, '--common-name', 'db5', '--out', at('db5'));
    const verify = ['verify', '-CAfile', at('other/ca.pem'), '-untrusted', at('db5/cert.pem'), at('db5/cert.pem')];
    expect(execFileSync('openssl', verify, { encoding: 'utf8' })).toContain('OK');
  });
});

it('no private key, nor any part of one, nor a passphrase is in anything printed or thrown, nor in a ledger', () => {
  const keys = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?:^|\/|-)(?:ca\.key|key\.pem)$/.test(file),
  );
  expect(keys.length).toBeGreaterThan(8);
  const ledgers = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('issued.jsonl'),
  );
  const everything = said + ledgers.map((file) => text(file)).join('');
  expect(said.length).toBeGreaterThan(5000);
  expect(everything).not.toContain('PRIVATE');
  expect(everything).not.toContain('correct horse');
  for (const file of keys) {
    for (const line of text(file).split('\n')) {
      if (line.length === 64) expect(everything, file).not.toContain(line.slice(8, 40));
    }
  }
});
