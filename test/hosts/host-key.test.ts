import { createHmac } from 'node:crypto';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, knownKeys, typeOf, verdictOf, wantedTypes } from '../../src/hosts/host-key.js';

const make = (type: 'ed25519' | 'ecdsa') =>
  type === 'ecdsa' ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }) : ssh2.utils.generateKeyPairSync('ed25519');
const [one, other, curve] = [make('ed25519').public, make('ed25519').public, make('ecdsa').public];
const blob = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64');
const at = (host: string, port = 22) => ({ host, port });
const hash = (name: string) => {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('a line of known_hosts', () => {
  it.each<[string, string, string, number, boolean]>([
    ['a name', 'db1.example', 'db1.example', 22, true],
    ['any case', 'DB1.example', 'db1.EXAMPLE', 22, true],
    ['another name', 'db1.example', 'db2.example', 22, false],
    ['a name that begins so', 'db1', 'db1.example', 22, false],
    ['one of several', 'db0,192.0.2.1,db1', '192.0.2.1', 22, true],
    ['a port', '[db1]:2222', 'db1', 2222, true],
    ['another port', '[db1]:2222', 'db1', 22, false],
    ['no port where there is one', 'db1', 'db1', 2222, false],
    ['a pattern', '*.example', 'db1.example', 22, true],
    ['a pattern within', 'db?.*.example', 'db1.a.b.example', 22, true],
    ['a pattern too long', 'db*1.example', 'db.example', 22, false],
    ['a pattern that overlaps itself', 'ab*ba', 'aba', 22, false],
    ['an exception', '*.example,!db1.example', 'db1.example', 22, false],
    ['an exception for others', '*.example,!db2.example', 'db1.example', 22, true],
    ['a hash', hash('db1.example'), 'db1.example', 22, true],
    ['a hash with a port', hash('[db1]:2222'), 'db1', 2222, true],
    ['a hash of another', hash('db2.example'), 'db1.example', 22, false],
    ['a comment', '#db1', 'db1', 22, false],
    ['a hostile pattern', `${'*a'.repeat(2000)}b`, 'a'.repeat(250), 22, false],
  ])('%s', (_, hosts, host, port, matches) => {
    expect(knownKeys(`junk\n\n  ${hosts}\t${one} comment\n`, at(host, port))).toHaveLength(matches ? 1 : 0);
  });

  it('for a certificate authority, of a wrong kind, or cut off says nothing', () => {
    const text = [
      `@cert-authority * ${one}`,
      `* ssh-rsa ${one.split(' ')[1] ?? ''}`,
      '* ssh-ed25519',
      '* ssh-ed25519 AA',
      '@x * a',
    ];
    expect(knownKeys(text.join('\n'), at('db1'))).toEqual([]);
  });
});

describe('a host key', () => {
  const known = (...lines: string[]) => ({ keys: knownKeys(lines.join('\n'), at('db1')), pinned: [] as string[] });

  it.each([
    ['known', 'known', known(`db1 ${other}`, `* ${one}`)],
    ['unknown', 'unknown', known(`db2 ${one}`)],
    ['unknown while another kind is known', 'unknown', known(`db1 ${curve}`)],
    ['changed', 'changed', known(`db1 ${other}`)],
    ['revoked, though it is known', 'revoked', known(`db1 ${one}`, `@revoked * ${one}`)],
    ['pinned', 'known', { ...known(`db1 ${other}`), pinned: [fingerprintOf(blob(other)), fingerprintOf(blob(one))] }],
    [
      'not the pinned one, though it is known',
      'changed',
      { ...known(`db1 ${one}`), pinned: [fingerprintOf(blob(other))] },
    ],
    [
      'revoked, though it is pinned',
      'revoked',
      { ...known(`@revoked db1 ${one}`), pinned: [fingerprintOf(blob(one))] },
    ],
  ])('is %s', (_, verdict, keys) => {
    expect(verdictOf(keys, blob(one))).toBe(verdict);
  });

  it('is asked for by its kind, the known kinds first, never with SHA-1', () => {
    expect(wantedTypes(known(`db1 ${curve}`))[0]).toBe('ecdsa-sha2-nistp256');
    expect(wantedTypes(known())[0]).toBe('ssh-ed25519');
    const rsa = { type: 'ssh-rsa', blob: Buffer.alloc(0), revoked: false };
    expect(wantedTypes({ keys: [rsa], pinned: [] }).slice(0, 2)).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
    expect(wantedTypes(known())).not.toContain('ssh-rsa');
  });

  it('that is no key has no kind', () => {
    expect(['', '00', '00000fff61'].map((hex) => typeOf(Buffer.from(hex, 'hex')))).toEqual(['', '', 'a']);
  });
});
