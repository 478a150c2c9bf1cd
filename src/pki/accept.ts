import type { KeyObject } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import { namesMissing } from '../domain/server-names.js';
import type { Authority } from './authority.js';
import { verifyChain } from './chain.js';
import { useOf, type Use } from './extensions.js';
import { intermediatesIn, type Certified } from './issue.js';
import { entryOf, record } from './ledger.js';

export interface Reply {
  /** The certificate, then those between it and the root where the authority sent them. */
  readonly certificatePem: string;
  /** Of the key that the request was made for. */
  readonly publicKey: KeyObject;
  /** What it must be fit for. */
  readonly use: Use;
  /** What it must name; it may name more. */
  readonly names: readonly string[];
  /** Milliseconds since the Unix epoch. Default: now. */
  readonly now?: number | undefined;
}

/**
 * Takes what an authority whose key is elsewhere has sent for a request, once it is sure that servers and clients will
 * accept it: its key, its names, its use, in date, and verified up to the root.
 * @throws LockstepError `certificate-unfit` listing all that is wrong, `certificate-unreadable`
 */
export async function acceptCertificate(authority: Authority, reply: Reply): Promise<Certified> {
  const [leaf, ...others] = x509sOf(reply.certificatePem);
  if (leaf === undefined) {
    throw new LockstepError('certificate-unreadable', 'there is no certificate in the answer', 'Give it in PEM form.');
  }
  const certificate = certificateOf(leaf);
  const found = useOf(leaf.keyUsage);
  const missing = namesMissing(certificate, reply.names);
  const chain = verifyChain([leaf, ...others], x509sOf(authority.authorityPem), reply.now ?? Date.now());
  const wrong = [
    ...(leaf.publicKey.equals(reply.publicKey) ? [] : ['it belongs to another key than the request']),
    ...(certificate.isAuthority ? ["it is an authority's"] : []),
    ...(missing.length === 0 ? [] : [`it does not name ${missing.join(', ')}`]),
    ...(found === reply.use || found === 'both' ? [] : [`it is for use as ${found} alone, not as ${reply.use}`]),
    ...(chain.verified ? [] : [chain.message.replace(/\.$/, '')]),
  ];
  if (wrong.length > 0) {
    throw new LockstepError(
      'certificate-unfit',
      `the certificate "${certificate.subject}" is not fit for its place: ${wrong.join('; ')}`,
      'Ask the authority for another, for the same request; nothing was changed.',
    );
  }
  await record(authority.directory, entryOf(certificate, reply.use));
  const between = new Set([
    ...others.flatMap((one) => intermediatesIn(one.toString())),
    ...intermediatesIn(authority.authorityPem),
  ]);
  return {
    certificatePem: leaf.toString(),
    chainPem: [leaf.toString(), ...between].join(''),
    authorityPem: authority.authorityPem,
    serial: certificate.serial,
    notBefore: new Date(certificate.notBefore * 1000),
    notAfter: new Date(certificate.notAfter * 1000),
  };
}
