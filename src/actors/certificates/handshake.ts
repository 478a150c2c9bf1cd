import { isIP } from 'node:net';
import tls from 'node:tls';
import type { Secret } from '../../base/secret.js';

/** A certificate with those between it and the root, PEM, and its key. */
export interface Pair {
  readonly cert: string;
  readonly key: Secret;
}

/**
 * Over loopback: a server with this pair, and a client that trusts these authorities and looks for this name.
 * @throws what the client says when it refuses
 */
export async function acceptsServer(
  pair: Pair,
  expects: string | undefined,
  ca: string,
  signal: AbortSignal,
): Promise<void> {
  await met({ ...pem(pair) }, async (port) => {
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      ca,
      rejectUnauthorized: true,
      ...(expects === undefined || isIP(expects) !== 0 ? {} : { servername: expects }),
      checkServerIdentity: (_, certificate) =>
        expects === undefined ? undefined : tls.checkServerIdentity(expects, certificate),
    });
    await ended(socket, signal);
  });
}

/** The other way round: a server that trusts these authorities, and a client that presents this pair. @throws why the server refuses */
export async function acceptsClient(pair: Pair, ca: string, signal: AbortSignal): Promise<void> {
  await met({ ...pem(pair), ca, requestCert: true, rejectUnauthorized: true }, async (port) => {
    // Whether the server that stands in here is to be trusted is not the question.
    const socket = tls.connect({ port, host: '127.0.0.1', ...pem(pair), rejectUnauthorized: false });
    await ended(socket, signal);
  });
}

/** A server for as long as `work` takes. It says a byte to whom it accepted, and its own failure is the one that tells why. */
async function met(options: tls.TlsOptions, work: (port: number) => Promise<void>): Promise<void> {
  const server = tls.createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.end('.');
  });
  let refusal: unknown;
  server.on('tlsClientError', (error) => (refusal = error));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    await work(typeof address === 'object' && address !== null ? address.port : 0);
  } catch (cause) {
    throw options.requestCert === true && refusal !== undefined ? refusal : cause;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Settles when the other side has accepted: with TLS 1.3 a client learns that only from what comes after the handshake. */
function ended(socket: tls.TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = () => socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', over, { once: true });
    let accepted = false;
    socket.on('data', () => (accepted = true));
    socket.once('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', over);
      if (accepted) resolve();
      else reject(new Error('the handshake was broken off'));
    });
  });
}

function pem({ cert, key }: Pair) {
  return { cert, key: key.reveal() };
}
