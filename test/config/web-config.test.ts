import path from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadWebConfig } from '../../src/config/web-config.js';
import { folderWith, lineOf, refusal } from './files.js';

const hash = '$2y$10$abcdefghijklmnopqrstuuVdtTTnl9Vu4kzQ5kC0Vd5RXlg5z8f5e';

function load(text: string) {
  return loadWebConfig(path.join(folderWith({ 'web.yml': text }), 'web.yml'));
}

async function faultsOf(text: string): Promise<readonly string[]> {
  return (await refusal(load(text))).faults.map(lineOf);
}

it('reads what the exporter-toolkit documents', async () => {
  const web = await load(`
tls_server_config:
  cert_file: tls/a.pem
  key_file: /etc/a.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers: { X-Frame-Options: deny, Strict-Transport-Security: max-age=3600 }
basic_auth_users: { alice: ${hash} }
`);
  expect(web.tls).toEqual({
    certFile: path.join(path.dirname(web.file), 'tls/a.pem'),
    keyFile: '/etc/a.key',
    clientAuth: 'require-and-verify',
    clientCaFile: path.join(path.dirname(web.file), 'ca.pem'),
    clientAllowedSans: ['prometheus.example'],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256'],
    preferServerCipherSuites: false,
    curves: ['P-256', 'X25519'],
  });
  expect(web.headers).toEqual([
    { name: 'X-Frame-Options', value: 'deny' },
    { name: 'Strict-Transport-Security', value: 'max-age=3600' },
  ]);
  expect(web.users[0]?.hash.reveal()).toBe(hash);
  expect(inspect(web, { depth: 9 })).not.toContain('$2y$');
});

it('takes an empty file for nothing configured', async () => {
  expect(await load('')).toMatchObject({ tls: undefined, headers: [], users: [] });
});

describe('refuses', () => {
  it.each([
    ['inline keys', 'tls_server_config: { cert: x, key: "-----BEGIN" }', 'unknown key "key"'],
    [
      'old protocols',
      'tls_server_config: { cert_file: a, key_file: b, min_version: TLS10 }',
      'given "TLS10", expected one of TLS12, TLS13',
    ],
    ['a rate limit', 'rate_limit: { burst: 1 }', 'unknown key "rate_limit"'],
    [
      'a missing key',
      'tls_server_config: { cert_file: a }',
      'tls_server_config.key_file: nothing given, expected the path of a file',
    ],
    [
      'verifying without authorities',
      'tls_server_config: { cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert }',
      'expected client_ca_file beside a client_auth_type that verifies',
    ],
    [
      'authorities that nothing uses',
      'tls_server_config: { cert_file: a, key_file: b, client_ca_file: c }',
      'which nothing else looks at',
    ],
    [
      'crossed versions',
      'tls_server_config: { cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12 }',
      'not above max_version',
    ],
    [
      'unknown suites',
      'tls_server_config: { cert_file: a, key_file: b, cipher_suites: [RC4] }',
      'given "RC4", expected one of',
    ],
    ['another header', 'http_server_config: { headers: { Server: x } }', 'unknown key "Server"'],
    [
      'a header of two lines',
      'http_server_config: { headers: { X-Frame-Options: "a\\r\\nSet-Cookie: b" } }',
      'one line of printable ASCII',
    ],
    ['a user with a colon', `basic_auth_users: { "a:b": ${hash} }`, 'user names without ":"'],
  ])('%s', async (_, text, expected) => {
    expect((await faultsOf(text)).join('\n')).toContain(expected);
  });

  it.each(['hunter2', '$1$hunter2', hash.replace('$10$', '$31$'), `${hash}x`])(
    '%j as a hash, without showing it',
    async (given) => {
      const found = await faultsOf(`basic_auth_users: { alice: '${given}' }`);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain('given a text (not shown), expected a bcrypt hash');
      expect(found[0]).not.toContain(given);
    },
  );
});
