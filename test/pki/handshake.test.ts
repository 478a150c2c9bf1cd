import { once } from 'node:events';
import tls from 'node:tls';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, type Authority } from '../../src/pki/authority.js';
import { issue, type Issued } from '../../src/pki/issue.js';
import { scratch } from './tools.js';

const base = scratch();
let root: Authority;
let middle: Authority;
let server: Issued;
let client: Issued;
beforeAll(async () => {
  root = await createAuthority({ directory: path.join(base, 'root'), commonName: 'root', keyBits: 2048 });
  middle = await createAuthority({
    directory: path.join(base, 'middle'),
    commonName: 'middle',
    keyBits: 2048,
    parent: root,
  });
  server = await issue(middle, { commonName: 'db1', use: 'server', names: ['db1.example.org', '127.0.0.2'] });
  client = await issue(root, { commonName: 'repl', use: 'client', names: [] });
}, 60_000);

interface Met {
  readonly greeting: string;
  /** Who the client saw. */
  readonly peer: string | string[] | undefined;
}

/**
 * A whole TLS exchange: the server demands a client certificate and answers with the name in it.
 * A `lenient` server says why it would have refused, where a strict one just hangs up.
 */
async function shake(
  shown: Issued,
  own: Issued | undefined,
  { lenient = false, ...options }: tls.ConnectionOptions & { lenient?: boolean } = {},
): Promise<Met> {
  const identity = { cert: shown.chainPem, key: shown.keyPem.reveal(), ca: root.certificatePem };
  const listener = tls.createServer({ ...identity, requestCert: true, rejectUnauthorized: !lenient }, (socket) =>
    socket.end(
      socket.authorized ? `hello ${String(socket.getPeerCertificate().subject.CN)}` : String(socket.authorizationError),
    ),
  );
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.2');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const socket = tls.connect({
    host: '127.0.0.2',
    port: address.port,
    ca: root.certificatePem,
    ...(own === undefined ? {} : { cert: own.chainPem, key: own.keyPem.reveal() }),
    ...options,
  });
  try {
    let greeting = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (greeting += chunk));
    await once(socket, 'end');
    return { greeting, peer: socket.getPeerCertificate().subject.CN };
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe('a handshake with node:tls', () => {
  it('verifies both sides, through an intermediate', async () => {
    expect(await shake(server, client)).toEqual({ greeting: 'hello repl', peer: 'db1' });
    const named = {
      servername: 'db1.example.org',
      checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
        tls.checkServerIdentity('db1.example.org', certificate),
    };
    expect(await shake(server, client, named)).toMatchObject({ greeting: 'hello repl' });
  });

  it('fails on another name, no client certificate, the wrong use, and an unknown authority', async () => {
    const wrongName = {
      checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
        tls.checkServerIdentity('127.0.0.3', certificate),
    };
    await expect(shake(server, client, wrongName)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    await expect(shake(server, undefined)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
    await expect(shake(client, client)).rejects.toMatchObject({ code: 'INVALID_PURPOSE' });
    expect(await shake(server, server, { lenient: true })).toMatchObject({ greeting: 'INVALID_PURPOSE' });
    const stranger = await createAuthority({
      directory: path.join(base, 'stranger'),
      commonName: 'stranger',
      keyBits: 2048,
    });
    await expect(shake(server, client, { ca: stranger.certificatePem })).rejects.toThrow(
      /local issuer|first certificate/,
    );
    const expired = await issue(root, {
      commonName: 'x',
      use: 'both',
      names: ['127.0.0.2'],
      notBefore: new Date(0),
      days: 1,
    });
    await expect(shake(expired, client)).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
  });
});
