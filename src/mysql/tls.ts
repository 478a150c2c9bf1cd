import { createHash } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  type DetailedPeerCertificate,
  type SecureContext,
  type TLSSocket,
  checkServerIdentity,
  connect,
  createSecureContext,
} from 'node:tls';
import { LockstepError } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import { certificateOf, certificatesOf } from '../base/x509.js';
import type { Certificate, Handshake } from '../domain/certificate.js';
import { type Target, type TlsTarget, expectedName, whereabouts } from './target.js';
import { verificationOf } from './verification.js';

/**
 * Logins with the same CA, certificate and key share one context: a thousand servers would else hold as many trust
 * stores. It holds no session that could be resumed, for none is ever handed back to it.
 * @throws Node's error, or a LockstepError, when the CA, the certificate or the key cannot be used
 */
export function secureContextOf(tls: TlsTarget): SecureContext {
  const name = contentOf(tls);
  const context = contexts.get(name) ?? createContext(tls);
  // The one used last stands last, so that the first is the one to go.
  contexts.delete(name);
  contexts.set(name, context);
  const [oldest] = contexts.keys();
  if (contexts.size > mostContexts && oldest !== undefined) contexts.delete(oldest);
  return context;
}

const contexts = new Map<string, SecureContext>();
/** More clusters than this with files of their own are rare, and only make contexts anew. */
const mostContexts = 64;

function contentOf({ ca, cert, key, minVersion }: TlsTarget): string {
  const hash = createHash('sha256');
  const parts = [ca ?? [], cert ?? '', key instanceof Secret ? key.reveal() : (key ?? ''), minVersion ?? ''].flat();
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('base64');
}

function createContext(tls: TlsTarget): SecureContext {
  const { ca, cert, key, minVersion = 'TLSv1.2' } = tls;
  return createSecureContext({
    minVersion,
    ...(ca === undefined ? {} : { ca: authoritiesOf(ca) }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: key instanceof Secret ? key.reveal() : key }),
  });
}

/**
 * Begins TLS on a socket. Nothing is refused here: the certificate is wanted even, and above all, when it is bad.
 * No session is resumed, for a resumed one shows no certificate.
 */
export function beginTls(socket: Socket, context: SecureContext, target: Target): TLSSocket {
  const name = expectedName(target);
  return connect({
    socket,
    secureContext: context,
    rejectUnauthorized: false,
    // The name is judged in `metOn`; here it would hide what is wrong with the chain.
    checkServerIdentity: () => undefined,
    // Server name indication is for DNS names only (RFC 6066).
    ...(isIP(name) === 0 ? { servername: name } : {}),
  });
}

export type TlsMet = Required<Pick<Handshake, 'protocol' | 'cipher' | 'chain' | 'verification'>>;

/** What an established TLS connection showed, with the verdict on its certificate. */
export function metOn(secure: TLSSocket, target: Target): TlsMet {
  const name = expectedName(target);
  const where = whereabouts(target.address);
  // getPeerX509Certificate must not be called as well: whichever comes second gives nothing (Node 20).
  const peer = secure.getPeerCertificate(true);
  const chain = chainOf(peer);
  const nameError = target.tls?.verify === 'identity' && chain.length > 0 ? checkServerIdentity(name, peer) : undefined;
  return {
    protocol: secure.getProtocol() ?? undefined,
    cipher: secure.getCipher().name,
    chain,
    verification: verificationOf(chain, chainErrorOf(secure), nameError, where, name),
  };
}

/** Node takes text without a certificate for a CA that vouches for nobody, and says nothing. */
function authoritiesOf(ca: NonNullable<TlsTarget['ca']>): string[] {
  const bundles = (typeof ca === 'string' || Buffer.isBuffer(ca) ? [ca] : ca).map(String);
  if (!bundles.some((bundle) => certificatesOf(bundle).length > 0))
    throw new LockstepError('certificate-unreadable', 'the CA holds no certificate in PEM form');
  return bundles;
}

/** Node types it as an Error and gives the code as a string. */
function chainErrorOf(secure: TLSSocket): string | undefined {
  if (secure.authorized) return undefined;
  const error: unknown = secure.authorizationError;
  return typeof error === 'string' ? error : error instanceof Error ? error.message : 'unknown';
}

/** Leaf first. Node adds the trusted authority at the end where the server did not send it. A self-signed certificate is its own issuer, hence the look at what is already there. */
function chainOf(leaf: DetailedPeerCertificate): Certificate[] {
  const chain: Certificate[] = [];
  const met = new Set<string>();
  let next: Partial<DetailedPeerCertificate> | undefined = leaf;
  while (next?.raw !== undefined && next.fingerprint256 !== undefined && !met.has(next.fingerprint256)) {
    met.add(next.fingerprint256);
    chain.push(certificateOf(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
