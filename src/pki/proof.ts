import { X509Certificate, type KeyObject } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import { certificateOf } from '../base/x509.js';
import type { Composition } from './compose.js';

/**
 * Reads a certificate back with OpenSSL and checks that it says what was asked for, before anybody gets it:
 * what lays certificates out and what will verify them are different programs.
 * @param key the private key that belongs to it
 * @throws LockstepError `issued-wrong` listing what differs
 */
export function prove(pem: string, wish: Composition, key: KeyObject, authority: X509Certificate): void {
  const read = new X509Certificate(pem);
  const facts = certificateOf(read);
  const isAuthority = wish.use === 'authority' || wish.use === 'intermediate';
  const checks: readonly (readonly [boolean, string])[] = [
    [read.checkIssued(authority), 'its issuer is not the authority'],
    [read.verify(authority.publicKey), 'its signature is not by the authority'],
    [read.checkPrivateKey(key), 'its key is another one'],
    [facts.notBefore * 1000 === wish.validity.notBefore.getTime(), 'it begins at another time'],
    [facts.notAfter * 1000 === wish.validity.notAfter.getTime(), 'it ends at another time'],
    [facts.serial === wish.serial, 'its serial number differs'],
    [facts.names.join() === wish.names.map(({ value }) => value).join(), 'its names differ'],
    [facts.isAuthority === isAuthority, 'it is the wrong kind of certificate'],
  ];
  const wrong = checks.flatMap(([ok, what]) => (ok ? [] : [what]));
  if (wrong.length > 0) {
    throw new LockstepError(
      'issued-wrong',
      `the certificate made for ${JSON.stringify(wish.subject.commonName)} was thrown away: ${wrong.join('; ')}`,
      'Check that the certificate and the key of the authority belong together.',
    );
  }
}
