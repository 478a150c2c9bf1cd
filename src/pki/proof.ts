import { X509Certificate } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import { certificateOf } from '../base/x509.js';
import { nameIn, type Composition } from './compose.js';
import { useOf } from './extensions.js';
import { nameOf } from './subject.js';

/**
 * Reads a certificate back with OpenSSL and checks that it says what was asked for, before anybody gets it:
 * what lays certificates out and what will verify them are different programs.
 * @throws LockstepError `issued-wrong` listing what differs
 */
export function prove(pem: string, wish: Composition, authority: X509Certificate): void {
  const read = new X509Certificate(pem);
  const facts = certificateOf(read);
  const isAuthority = wish.use === 'authority' || wish.use === 'intermediate';
  const checks: readonly (readonly [boolean, string])[] = [
    [read.checkIssued(authority), 'its issuer is not the authority'],
    [read.verify(authority.publicKey), 'its signature is not by the authority'],
    [read.publicKey.equals(wish.publicKey), 'its key is another one'],
    [nameIn(read).equals(nameOf(wish.subject)), 'its subject differs'],
    [facts.notBefore * 1000 === wish.validity.notBefore.getTime(), 'it begins at another time'],
    [facts.notAfter * 1000 === wish.validity.notAfter.getTime(), 'it ends at another time'],
    [facts.serial === wish.serial, 'its serial number differs'],
    [facts.names.join() === wish.names.map(({ value }) => value).join(), 'its names differ'],
    [facts.isAuthority === isAuthority, 'it is the wrong kind of certificate'],
    [isAuthority || useOf(read.keyUsage) === wish.use, 'it is for another use'],
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
