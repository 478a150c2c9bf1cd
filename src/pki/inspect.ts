import { X509Certificate } from 'node:crypto';
import { LockstepError, messageOf } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import type { Certificate, Verification } from '../domain/certificate.js';
import { renewalDue, type Renewal } from '../domain/renewal.js';
import { verifyChain } from './chain.js';
import { privateKeyOf } from './keys.js';

export interface Inspected {
  readonly certificate: Certificate;
  readonly state: 'valid' | 'expired' | 'not-yet-valid';
  /** Until its end, with fractions; negative once it has expired. */
  readonly daysLeft: number;
  /** When it is renewed unless configured otherwise; undefined for an authority, which is replaced instead. */
  readonly renewal: Renewal | undefined;
}

export interface Inspection {
  /** In the order of the file: the one that matters first, then those above it. Never empty. */
  readonly certificates: readonly [Inspected, ...Inspected[]];
  /** Whether the key belongs to the first certificate; undefined without a key. */
  readonly keyMatches: boolean | undefined;
  /** Of the first certificate; undefined without authorities to verify against. */
  readonly verification: Verification | undefined;
  /** Nothing is wrong with what was looked at: every certificate in date, the key its own, the chain verified. */
  readonly sound: boolean;
}

export interface InspectOptions {
  /** Default: a key that stands in the text itself, as some servers keep it. */
  readonly keyPem?: Secret | undefined;
  readonly passphrase?: Secret | undefined;
  /** PEM of the trusted authorities. */
  readonly authorityPem?: string | undefined;
  /** Milliseconds since the Unix epoch. Default: now. */
  readonly now?: number | undefined;
}

/**
 * What a certificate file says, and whether it holds.
 * @param given PEM text with one or more certificates, or DER
 * @param where names it in messages: its file
 * @throws LockstepError `certificate-unreadable`, `key-unreadable`, `passphrase-missing`, `passphrase-wrong`
 */
export function inspect(given: string | Buffer, where: string, options: InspectOptions = {}): Inspection {
  const now = options.now ?? Date.now();
  const all = presented(given, where);
  const [first, ...others] = all;
  const key = options.keyPem ?? ownKey(given);
  const keyMatches =
    key === undefined ? undefined : first.checkPrivateKey(privateKeyOf(key, `of ${where}`, options.passphrase));
  const verification =
    options.authorityPem === undefined ? undefined : verifyChain(all, x509sOf(options.authorityPem), now);
  const certificates: [Inspected, ...Inspected[]] = [
    inspected(first, now),
    ...others.map((one) => inspected(one, now)),
  ];
  return {
    certificates,
    keyMatches,
    verification,
    sound:
      certificates.every(({ state }) => state === 'valid') && keyMatches !== false && verification?.verified !== false,
  };
}

function presented(given: string | Buffer, where: string): [X509Certificate, ...X509Certificate[]] {
  try {
    const text = given.toString();
    const [first, ...others] = text.includes('-----BEGIN') ? x509sOf(text) : [new X509Certificate(given)];
    if (first === undefined) throw new LockstepError('certificate-unreadable', 'there is no certificate in it');
    return [first, ...others];
  } catch (cause) {
    throw new LockstepError(
      'certificate-unreadable',
      `${where} cannot be read as a certificate: ${messageOf(cause)}`,
      'Give a file with certificates in PEM form, or one in DER form.',
      { cause },
    );
  }
}

function ownKey(given: string | Buffer): Secret | undefined {
  const block = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z]+ )?PRIVATE KEY-----/.exec(
    given.toString(),
  );
  return block === null ? undefined : new Secret(block[0]);
}

function inspected(one: X509Certificate, now: number): Inspected {
  const certificate = certificateOf(one);
  const { notBefore, notAfter } = certificate;
  return {
    certificate,
    state: now > notAfter * 1000 ? 'expired' : now < notBefore * 1000 ? 'not-yet-valid' : 'valid',
    daysLeft: (notAfter * 1000 - now) / 86_400_000,
    renewal: certificate.isAuthority ? undefined : renewalDue(certificate, {}, now / 1000),
  };
}
