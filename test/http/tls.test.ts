import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import path from 'node:path';
import { connect } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import type { HttpSettings, TlsSettings } from '../../src/http/settings.js';
import { ask, basic } from './ask.js';
import { authority, contents } from './certificates.js';
import { listen } from './listener.js';

const ours = authority();
const theirs = authority();
afterAll(() => {
  ours.end();
  theirs.end();
});

const server = ours.issue('server', 'server', 'IP:127.0.0.1');
const ops = contents(ours.issue('ops', 'ops', 'DNS:ops.example'));
const other = contents(ours.issue('other', 'other', 'DNS:other.example'));
const stranger = contents(theirs.issue('ops', 'ops', 'DNS:ops.example'));
const ca = readFileSync(ours.ca);

const tls: TlsSettings = {
  certFile: server.cert,
  keyFile: server.key,
  clientAuth: 'none',
  clientCaFile: undefined,
  clientAllowedSans: [],
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  preferServerCipherSuites: true,
  curves: [],
};

function web(changed: Partial<TlsSettings> = {}, users: { name: string; hash: Secret }[] = []) {
  return { web: { tls: { ...tls, ...changed }, headers: [], users } } satisfies Partial<HttpSettings>;
}

/** The status of /metrics, or `refused` when the connection ends first. */
async function status(url: string, options: object = {}): Promise<number | 'refused'> {
  return ask(`${url}/metrics`, { ca, ...options }).then(
    (answer) => answer.status,
    () => 'refused' as const,
  );
}

describe('the listener', () => {
  it('serves https, tells Prometheus so, and no plain http', async () => {
    const { url } = await listen(web());
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await status(url)).toBe(200);
    expect((await ask(`${url}/sd`, { ca })).text).toContain('"__scheme__":"https"');
    await expect(ask(`${url.replace('https', 'http')}/metrics`)).rejects.toThrow();
  });

  it('keeps to the protocol versions that are configured', async () => {
    const { url } = await listen(web({ minVersion: 'TLSv1.3' }));
    expect(await status(url, { maxVersion: 'TLSv1.2' })).toBe('refused');
    expect(await status(url)).toBe(200);
    const { url: old } = await listen(web({ maxVersion: 'TLSv1.2', cipherSuites: ['ECDHE-ECDSA-AES256-GCM-SHA384'] }));
    expect(await status(old, { minVersion: 'TLSv1.3' })).toBe('refused');
    expect(await status(old, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toBe('refused');
    expect(await status(old)).toBe(200);
  });

  it('serves a renewed certificate at the next handshake, and keeps the old while files do not fit', async () => {
    const own = {
      certFile: path.join(ours.folder, 'live.pem'),
      keyFile: path.join(ours.folder, 'live.key'),
    };
    copyFileSync(server.cert, own.certFile);
    copyFileSync(server.key, own.keyFile);
    const { url } = await listen(web(own));
    const names = async () => {
      const { port } = new URL(url);
      return new Promise<string | undefined>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: Number(port), ca }, () => {
          const { CN }: { CN?: unknown } = socket.getPeerCertificate().subject;
          socket.destroy();
          resolve(String(CN));
        });
        socket.once('error', reject);
      });
    };
    expect(await names()).toBe('server');
    const renewed = ours.issue('renewed', 'renewed', 'IP:127.0.0.1');
    copyFileSync(renewed.cert, own.certFile);
    expect(await names()).toBe('server');
    copyFileSync(renewed.key, own.keyFile);
    expect(await names()).toBe('renewed');
    writeFileSync(own.certFile, 'broken');
    expect(await names()).toBe('renewed');
  });

  it('names files that cannot be used', async () => {
    await expect(listen(web({ keyFile: '/nonexistent/key' }))).rejects.toMatchObject({
      code: 'tls-files-unusable',
      message: expect.stringContaining('/nonexistent/key') as string,
    });
    await expect(listen(web({ keyFile: path.join(ours.folder, 'ops.key') }))).rejects.toMatchObject({
      code: 'tls-files-unusable',
    });
  });

  it('refuses a reload that it cannot follow, and files that do not fit', async () => {
    const { url, http, settings } = await listen(web());
    expect(() => http.reconfigure({ ...settings, web: undefined })).toThrow('tls_server_config changed');
    expect(() => http.reconfigure({ ...settings, ...web({ clientAuth: 'request' }) })).toThrow('client_auth_type');
    expect(() => http.reconfigure({ ...settings, ...web({ keyFile: '/nonexistent' }) })).toThrow('cannot be used');
    expect(await status(url)).toBe(200);
    const renewed = ours.issue('reloaded', 'reloaded', 'IP:127.0.0.1');
    http.reconfigure({ ...settings, ...web({ certFile: renewed.cert, keyFile: renewed.key }) });
    expect(await status(url)).toBe(200);
  });

  it('is not held up by clients that never finish a handshake', async () => {
    const { url, http } = await listen(web());
    const { port } = new URL(url);
    const silent = connectPlain(Number(port), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const closed = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => undefined);
    expect(await status(url)).toBe(200);
    await http.stop();
    await closed;
  });
});

describe('client_auth_type', () => {
  const clientCaFile = ours.ca;
  const cases: [TlsSettings['clientAuth'], none: number | 'refused', ops: number, stranger: number | 'refused'][] = [
    ['none', 200, 200, 200],
    ['request', 200, 200, 200],
    ['require-any', 'refused', 200, 200],
    ['verify-if-given', 200, 200, 'refused'],
    ['require-and-verify', 'refused', 200, 'refused'],
  ];
  it.each(cases)('%s', async (clientAuth, without, known, unknown) => {
    const verifies = clientAuth === 'verify-if-given' || clientAuth === 'require-and-verify';
    const { url } = await listen(web({ clientAuth, clientCaFile: verifies ? clientCaFile : undefined }));
    expect([await status(url), await status(url, ops), await status(url, stranger)]).toEqual([without, known, unknown]);
  });

  it('with client_allowed_sans lets in only who carries such a name', async () => {
    const { url } = await listen(
      web({ clientAuth: 'require-and-verify', clientCaFile, clientAllowedSans: ['ops.example', 'x'] }),
    );
    expect(await status(url, ops)).toBe(200);
    expect(await status(url, other)).toBe('refused');
  });
});

describe('a client certificate', () => {
  const verified = { clientAuth: 'verify-if-given', clientCaFile: ours.ca } as const;
  const reload = async (url: string, options: object) =>
    (await ask(`${url}/-/reload`, { method: 'POST', ca, ...options })).status;

  it('has the role of its common name', async () => {
    const { url } = await listen({ ...web(verified), roles: [{ subject: 'CN=ops', role: 'operator' }] });
    expect(await reload(url, ops)).toBe(200);
    expect(await reload(url, other)).toBe(403);
    expect(await reload(url, {})).toBe(401);
  });

  it('that nobody verified is nobody', async () => {
    const tokens = [{ name: 't', role: 'viewer', read: () => Promise.resolve(new Secret('t')) }] as const;
    const { url } = await listen({
      ...web({ clientAuth: 'request' }),
      tokens,
      roles: [{ subject: 'CN=ops', role: 'operator' }],
    });
    expect(await reload(url, stranger)).toBe(401);
    expect(await reload(url, ops)).toBe(401);
  });

  it('replaces a password only where it has a role, and never a wrong one', async () => {
    const users = [{ name: 'alice', hash: new Secret(hashSync('wonderland', 4)) }];
    const { url } = await listen({ ...web(verified, users), roles: [{ subject: 'CN=ops', role: 'viewer' }] });
    expect(await status(url, ops)).toBe(200);
    expect(await status(url, other)).toBe(401);
    expect(await status(url, { ...other, headers: { Authorization: basic('alice', 'wonderland') } })).toBe(200);
    expect(await status(url, { ...ops, headers: { Authorization: basic('alice', 'no') } })).toBe(401);
  });
});
