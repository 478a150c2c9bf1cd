import { isIP } from 'node:net';
import tls from 'node:tls';
import { LockstepError, messageOf } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import type { FilePair, Peer, RehearseAction, Truster } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import { Generations } from './generations.js';

/** PEM of the authorities that somebody trusts. */
export type TrustReader = (of: Truster['file'], signal: AbortSignal) => Promise<string>;

interface Pair {
  readonly cert: string;
  readonly key: Secret;
}

/**
 * Shakes hands over loopback with what the next generation holds: presented as the server to everybody who connects to
 * it, and as a replica to everybody it connects to, each with the authorities that they trust.
 * @throws LockstepError `rehearsal-failed` naming who would refuse it, and why
 */
export async function rehearseCertificates(
  action: RehearseAction,
  host: Host,
  trust: TrustReader,
  signal: AbortSignal,
): Promise<Notes> {
  const { directory, serves, presents, noteAs } = action;
  const all = new Generations(host, directory, signal);
  const pairOf = async ({ certificate, key }: FilePair): Promise<Pair> => {
    const [cert, secret] = await Promise.all(
      [certificate, key].map((file) => host.read(all.at('next', file), { signal })),
    );
    return { cert: cert?.toString() ?? '', key: new Secret(secret?.toString() ?? '') };
  };
  let handshakes = 0;
  if (serves !== undefined) {
    const pair = await pairOf(serves.pair);
    for (const peer of serves.peers) {
      await refusedBy(peer.name, action.on, async () =>
        acceptsServer(pair, peer, await trust(peer.file, signal), signal),
      );
      handshakes += 1;
    }
  }
  for (const { pair, to } of presents) {
    const client = await pairOf(pair);
    await refusedBy(to.name, `${action.on} as a replica`, async () =>
      acceptsClient(client, await trust(to.file, signal), signal),
    );
    handshakes += 1;
  }
  return { [noteAs]: String(handshakes) };
}

/** A server with this pair, and a client that trusts these authorities and looks for this name. */
async function acceptsServer(pair: Pair, { expects }: Peer, ca: string, signal: AbortSignal): Promise<void> {
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

/** A server that trusts these authorities, and a client that presents this pair. */
async function acceptsClient(pair: Pair, ca: string, signal: AbortSignal): Promise<void> {
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

async function refusedBy(who: string, whose: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new LockstepError(
      'rehearsal-failed',
      `${who} would refuse the new certificate of ${whose}: ${messageOf(cause)}`,
      'Nothing was changed for anybody. Look at what they trust, at the names of the certificate and at its dates.',
      { cause },
    );
  }
}
