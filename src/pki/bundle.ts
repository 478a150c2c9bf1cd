import { LockstepError } from '../base/errors.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import type { Certificate } from '../domain/certificate.js';

export interface Bundle {
  /** Certificates alone, one after the other: text and keys that stood around them are left out. */
  readonly pem: string;
  readonly certificates: readonly Certificate[];
}

/**
 * One file of all whom to trust: while an authority is replaced, the old and the new together. Each once, in the order
 * given. Expired ones stay in: whom to drop is the caller's to say.
 * @param without fingerprints (SHA-256, lower-case hex) of those to leave out
 * @throws LockstepError `not-an-authority` naming it, `bundle-empty`, `certificate-unreadable`
 */
export function bundle(pems: readonly string[], without: readonly string[] = []): Bundle {
  const found = new Map<string, { readonly pem: string; readonly certificate: Certificate }>();
  for (const one of pems.flatMap(x509sOf)) {
    const certificate = certificateOf(one);
    if (!certificate.isAuthority) {
      throw new LockstepError(
        'not-an-authority',
        `"${certificate.subject}" is not the certificate of an authority`,
        'Only authorities belong into a trust bundle: leave it out.',
      );
    }
    if (!without.includes(certificate.fingerprint))
      found.set(certificate.fingerprint, { pem: one.toString(), certificate });
  }
  const all = [...found.values()];
  if (all.length === 0) {
    // Servers and clients differ in what they make of an empty file; some then trust whatever the system does.
    throw new LockstepError('bundle-empty', 'the bundle would hold no authority', 'Give at least one that stays.');
  }
  return { pem: all.map(({ pem }) => pem).join(''), certificates: all.map(({ certificate }) => certificate) };
}
