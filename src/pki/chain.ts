import type { X509Certificate } from 'node:crypto';
import { certificateOf } from '../base/x509.js';
import type { Verification, VerificationReason } from '../domain/certificate.js';

/**
 * Does a path of signatures lead from the first of `presented` to a root among `trusted`, every certificate on it in
 * date and long enough in its key? As OpenSSL does, it ends only at a certificate that signed itself; a trusted
 * intermediate helps on the way. Names, revocation and key usage are not looked at: only a handshake knows those.
 * @param now milliseconds since the Unix epoch
 */
export function verifyChain(
  presented: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  now: number,
): Verification {
  const [leaf] = presented;
  if (leaf === undefined) return failed('other', 'There is no certificate.');
  const paths = pathsFrom([leaf], [...trusted, ...presented]);
  const rooted = paths.filter((path) => {
    const end = path.at(-1);
    return end !== undefined && signed(end, end) && trusted.some((one) => same(one, end));
  });
  const faults = rooted.map((path) => faultOf(path, now));
  const [first] = faults;
  if (first === undefined || faults.includes(undefined)) {
    return rooted.length === 0
      ? whyUnrooted(leaf, paths, trusted)
      : {
          verified: true,
          reason: 'ok',
          message: 'It leads to a trusted authority and every certificate on the way holds.',
        };
  }
  return first;
}

/** Every way upwards from the end of `path`, each to a self-signed certificate or to where no issuer is known. */
function pathsFrom(path: readonly X509Certificate[], known: readonly X509Certificate[]): X509Certificate[][] {
  const last = path.at(-1);
  // Ten is far above any real chain; it bounds what a hostile bundle of cross-signed authorities can cost.
  if (last === undefined || signed(last, last) || path.length >= 10) return [[...path]];
  const issuers = unique(known.filter((one) => !path.some((seen) => same(seen, one)) && signed(last, one)));
  return issuers.length === 0 ? [[...path]] : issuers.flatMap((issuer) => pathsFrom([...path, issuer], known));
}

function signed(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && (issuer.ca || same(subject, issuer)) && subject.verify(issuer.publicKey);
  } catch {
    // A kind of key or signature that this OpenSSL does not know proves nothing.
    return false;
  }
}

function faultOf(path: readonly X509Certificate[], now: number): Verification | undefined {
  for (const one of path) {
    const { subject, notBefore, notAfter, keyAlgorithm, keyBits } = certificateOf(one);
    if (now > notAfter * 1000) return failed('expired', `"${subject}" expired at ${shown(notAfter)}.`);
    if (now < notBefore * 1000) return failed('not-yet-valid', `"${subject}" holds only from ${shown(notBefore)}.`);
    if (keyAlgorithm === 'rsa' && keyBits !== undefined && keyBits < 2048) {
      return failed(
        'weak',
        `The key of "${subject}" has only ${keyBits} bits: OpenSSL's usual security level refuses it.`,
      );
    }
  }
  return undefined;
}

function whyUnrooted(
  leaf: X509Certificate,
  paths: readonly X509Certificate[][],
  trusted: readonly X509Certificate[],
): Verification {
  if (signed(leaf, leaf)) return failed('self-signed', 'It signed itself and is not among the trusted authorities.');
  const end = paths[0]?.at(-1) ?? leaf;
  const { subject, issuer } = certificateOf(end);
  if (signed(end, end)) return failed('unknown-authority', `It leads to "${subject}", which is not trusted.`);
  const namesake = trusted.some((one) => certificateOf(one).subject === issuer);
  if (namesake) {
    return failed('unknown-authority', `A trusted authority is called "${issuer}" but did not sign "${subject}".`);
  }
  return end === leaf
    ? failed('unknown-authority', `Its issuer "${issuer}" is neither trusted nor in the file.`)
    : failed('incomplete-chain', `The issuer of "${subject}", "${issuer}", is missing.`);
}

function unique(all: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(all.map((one) => [one.fingerprint256, one])).values()];
}

function same(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

function shown(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function failed(reason: VerificationReason, message: string): Verification {
  return { verified: false, reason, message };
}
