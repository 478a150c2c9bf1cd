import { createPublicKey } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { writeAtomically } from '../base/atomic.js';
import { x509sOf } from '../base/x509.js';
import { authorityFiles, placeCertificate, placeKey, prepareDirectory, readKey } from './authority-files.js';
import {
  authorityBits,
  authorityOf,
  passphraseOf,
  type Authority,
  type AuthorityOptions,
  type Protection,
} from './authority.js';
import { generateKey, privateKeyOf } from './keys.js';
import { entryOf } from './ledger.js';
import { requestFor } from './signing-request.js';
import { checkSubject } from './subject.js';

/**
 * Makes the key of an authority, and the request for its certificate, which another authority signs: the first half of
 * an intermediate authority. Both lie in its directory, as `ca.key` and `ca.csr`, until {@link completeAuthority}.
 * @returns the request, PEM
 * @throws LockstepError as `createAuthority`
 */
export async function requestAuthority(
  options: Omit<AuthorityOptions, 'days' | 'notBefore' | 'parent'>,
): Promise<string> {
  const { directory } = options;
  checkSubject(options);
  const passphrase = await passphraseOf(options);
  await prepareDirectory(directory);
  const keys = await generateKey(options, authorityBits);
  const request = requestFor({ subject: options, names: [], use: 'intermediate' }, keys);
  await placeKey(directory, keys.privateKey, passphrase);
  await writeAtomically(authorityFiles(directory).request, request, { mode: 0o644 });
  return request;
}

/**
 * The second half: takes the certificate in, once it is sure that it is an authority's, and this one's.
 * @param options `certificatePem`: its own certificate first, then those above it, up to the root
 * @throws LockstepError `authority-missing`, `authority-mismatch`, `authority-exists`, `key-…`, `passphrase-…`
 */
export async function completeAuthority(
  options: Protection & { readonly directory: string; readonly certificatePem: string },
): Promise<Authority> {
  const { directory } = options;
  const files = authorityFiles(directory);
  const passphrase = await passphraseOf(options);
  const key = privateKeyOf(await readKey(directory), files.key, passphrase);
  const bundle = x509sOf(options.certificatePem)
    .sort(
      (one, other) =>
        Number(other.publicKey.equals(createPublicKey(key))) - Number(one.publicKey.equals(createPublicKey(key))),
    )
    .map((one) => one.toString())
    .join('');
  const authority = authorityOf(directory, bundle, key);
  await placeCertificate(directory, bundle, entryOf(authority.certificate, 'intermediate'));
  await rm(files.request, { force: true });
  return authority;
}
