import { createPublicKey, createPrivateKey, pbkdf2Sync, randomBytes, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ed25519Exchange, signWithPassword } from '../../src/mysql/auth/ed25519.js';
import { parsecExchange, respond } from '../../src/mysql/auth/parsec.js';
import { UnsupportedPlugin, authPlugins } from '../../src/mysql/auth/plugins.js';

describe('ed25519', () => {
  it('is the standard signature where the password happens to have the length of a standard seed', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ -~]{32}$/),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (password, nonce) => {
          const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(password)]);
          const standard = sign(null, nonce, createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
          expect(signWithPassword(password, nonce).equals(standard)).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([
    // The example of MariaDB's documentation of the plugin.
    ['secret', 'ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY'],
    // mysql.user.authentication_string of MariaDB 11.8.6.
    ['päss word', 'lc4/jQJe1SdtU/Z1XXdD3csInQEQcFF2wKTRVWm+CAQ'],
  ])('verifies under what MariaDB stores for the password %j', (password, stored) => {
    const nonce = randomBytes(32);
    const signature = signWithPassword(password, nonce);
    expect(verify(null, nonce, publicKey(Buffer.from(stored, 'base64')), signature)).toBe(true);
    expect(verify(null, randomBytes(32), publicKey(Buffer.from(stored, 'base64')), signature)).toBe(false);
  });

  it('ignores what follows the nonce, and signs nothing for an empty password', async () => {
    const nonce = randomBytes(32);
    const answer = await ed25519Exchange('secret')(Buffer.concat([nonce, Buffer.from([0])]));
    expect(answer.equals(signWithPassword('secret', nonce))).toBe(true);
    expect(await ed25519Exchange('')(nonce)).toHaveLength(0);
  });
});

describe('parsec', () => {
  // mysql.user.authentication_string of MariaDB 11.8.6 for the password "päss word": P0:salt:public key.
  const salt = Buffer.from('0usyNUBUQWF6KSloUyTTBLRH', 'base64');
  const stored = Buffer.from('DEMwU3vNS01MIPTmmSDCmUtpWwYGoAAEUcxbzcAS4Ws', 'base64');

  it('asks for the salt, then signs both scrambles with the key that MariaDB stores', async () => {
    const scramble = randomBytes(32);
    const exchange = parsecExchange('päss word');
    expect(await exchange(Buffer.concat([scramble, Buffer.from([0])]))).toHaveLength(0);
    const answer = await exchange(Buffer.concat([Buffer.from([0x50, 0]), salt]));
    expect(answer).toHaveLength(96);
    const signed = Buffer.concat([scramble, answer.subarray(0, 32)]);
    expect(verify(null, signed, publicKey(stored), answer.subarray(32))).toBe(true);
  });

  it('obeys the number of iterations', async () => {
    const [server, client] = [randomBytes(32), randomBytes(32)];
    const answer = await respond('x', server, Buffer.concat([Buffer.from([0x50, 2]), salt]), client);
    const seed = pbkdf2Sync('x', salt, 4096, 32, 'sha512');
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    expect(answer.subarray(32).equals(sign(null, Buffer.concat([server, client]), key))).toBe(true);
  });

  it.each([
    ['another derivation', [0x51, 0]],
    ['endless work', [0x50, 30]],
    ['nothing', []],
  ])('refuses a server that asks for %s', async (_, head) => {
    const salting = Buffer.concat([Buffer.from(head), head.length === 0 ? Buffer.alloc(0) : salt]);
    await expect(respond('x', randomBytes(32), salting, randomBytes(32))).rejects.toThrow(/not known here/);
  });
});

describe('the plugins', () => {
  it('leave to mysql2 what it does itself', () => {
    const plugins = authPlugins(() => ({ nobody: false, password: 'x' }));
    for (const name of ['mysql_native_password', 'caching_sha2_password', 'sha256_password'])
      expect(Object.hasOwn(plugins, name)).toBe(false);
    expect(Object.hasOwn(plugins, 'parsec')).toBe(true);
  });

  it.each(['dialog', 'mysql_clear_password', 'toString', '__proto__'])('name %j as one that is lacking', (name) => {
    const plugins = authPlugins(() => ({ nobody: false, password: 'x' }));
    expect(() => plugins[name]?.()).toThrow(UnsupportedPlugin);
    expect(() => plugins[name]?.()).toThrow(name);
  });
});

/** The key that MariaDB stores, in the form that node:crypto takes (RFC 8410). */
function publicKey(raw: Buffer) {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}
