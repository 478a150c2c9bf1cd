import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateOf, certificatesOf, shortAddress } from '../../src/base/x509.js';
import type { Certificate } from '../../src/domain/certificate.js';

// Certificates by openssl itself, so that reading is checked against somebody else's writing.
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'lockstep-x509-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function made(key: readonly string[], subject: string, names?: string): string {
  const file = path.join(directory, 'cert.pem');
  const extension = names === undefined ? [] : ['-addext', `subjectAltName=${names}`];
  execFileSync(
    'openssl',
    ['req', '-x509', '-nodes', '-utf8', '-newkey', ...key, '-keyout', '/dev/null', '-out', file, '-days', '30'].concat(
      ['-subj', subject],
      extension,
    ),
    { stdio: 'pipe' },
  );
  return readFileSync(file, 'utf8');
}

const p256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

function openssl(pem: string, ...question: string[]): string {
  return execFileSync('openssl', ['x509', '-noout', ...question], { input: pem, encoding: 'utf8' }).trim();
}

describe('certificateOf', () => {
  it('reads what openssl reads', () => {
    const pem = made(['rsa:2048'], '/O=Example/CN=db1', 'DNS:db1.example.org,IP:10.0.0.1,IP:::1,email:a@b.c');
    const read: Certificate = certificateOf(pem);
    expect(read).toMatchObject({
      subject: 'O=Example, CN=db1',
      issuer: 'O=Example, CN=db1',
      keyAlgorithm: 'rsa',
      keyBits: 2048,
      names: ['db1.example.org', '10.0.0.1', '::1'],
      isAuthority: true,
    });
    expect(`serial=${read.serial}`).toBe(openssl(pem, '-serial'));
    expect(`notAfter=${new Date(read.notAfter * 1000).toISOString()}`).toBe(
      openssl(pem, '-enddate', '-dateopt', 'iso_8601').replace(' ', 'T').replace('Z', '.000Z'),
    );
    expect(openssl(pem, '-fingerprint', '-sha256').split('=')[1]?.replaceAll(':', '').toLowerCase()).toBe(
      read.fingerprint,
    );
  });

  it.each([
    ['ec', p256, 256],
    ['ec', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'], 384],
    ['ed25519', ['ed25519'], undefined],
    ['other', ['ed448'], undefined],
  ])('names the key: %s %s', (keyAlgorithm, key, keyBits) => {
    expect(certificateOf(made(key, '/CN=x'))).toMatchObject({ keyAlgorithm, keyBits, names: [] });
  });

  it('keeps hostile names apart', () => {
    const pem = made(p256, '/O=A, Inc\\/CN=evil\\n/CN=ünïcode', 'DNS:"a", DNS:b');
    expect(certificateOf(pem).subject).toContain('CN=ünïcode');
    const read = certificateOf(made(p256, '/CN=x', 'URI:http://h/?DNS:not-a-name,DNS:real'));
    expect(read.names).toEqual(['real']);
  });

  it('reads DER, and an empty subject', () => {
    const pem = made(p256, '/');
    const der = execFileSync('openssl', ['x509', '-outform', 'DER'], { input: pem });
    expect(certificateOf(der)).toEqual(certificateOf(pem));
    expect(certificateOf(der).subject).toBe('');
  });

  it('says what is wrong', () => {
    expect(() => certificateOf('nonsense')).toThrow(/not an X.509 certificate/);
    expect(() => certificateOf(Buffer.from([0x30, 0x03, 1, 2, 3]))).toThrow(/not an X.509 certificate/);
  });
});

describe('certificatesOf', () => {
  it('reads a bundle with text around', () => {
    const [one, two] = [made(p256, '/CN=1'), made(p256, '/CN=2')];
    expect(certificatesOf(`# first\n${one}\nsubject=CN = 2\n${two}`).map(({ subject }) => subject)).toEqual([
      'CN=1',
      'CN=2',
    ]);
    expect(certificatesOf('nothing here')).toEqual([]);
  });

  it('refuses a bundle that was cut off', () => {
    const pem = made(p256, '/CN=1');
    expect(() => certificatesOf(pem + pem.slice(0, 100))).toThrow(/begins 2 certificates but holds 1/);
  });
});

it('shortens addresses', () => {
  expect(shortAddress('0:0:0:0:0:0:0:1')).toBe('::1');
  expect(shortAddress('FE80:0::0001')).toBe('fe80::1');
  expect(shortAddress('10.0.0.1')).toBe('10.0.0.1');
  expect(shortAddress('db1')).toBe('db1');
});
