import { X509Certificate, type KeyObject } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import type { Certificate } from '../domain/certificate.js';
import { authorityFiles, placeAuthority, prepareDirectory, readAuthority } from './authority-files.js';
import { compose, randomSerial, type Composition, type Signer } from './compose.js';
import { generateKey, privateKeyOf, readPassphrase, type KeyWish } from './keys.js';
import { entryOf, record } from './ledger.js';
import { prove } from './proof.js';
import { schemeOf } from './signature.js';
import { checkSubject, type Subject } from './subject.js';
import { validityOf } from './validity.js';

/**
 * A certificate authority that Lockstep holds: a directory (0700) of `ca.pem`, `ca.key` (0600) and `issued.jsonl`.
 * One whose key is elsewhere has no `ca.key`: requests go out, and what comes back is taken in by `acceptCertificate`.
 */
export interface Authority {
  readonly directory: string;
  readonly certificate: Certificate;
  /** Its own certificate. */
  readonly certificatePem: string;
  /** What those who trust it are given: its own certificate, then those above it, up to the root. */
  readonly authorityPem: string;
  /** undefined: it is elsewhere. */
  readonly key: KeyObject | undefined;
}

export interface AuthorityOptions extends Subject, KeyWish, Protection {
  /** Made when it does not exist; must not hold an authority yet. */
  readonly directory: string;
  /** Default 3650. */
  readonly days?: number | undefined;
  /** Default five minutes ago. */
  readonly notBefore?: Date | undefined;
  /** Makes an intermediate authority, signed by this one. Default: it signs itself. */
  readonly parent?: Authority | undefined;
}

/**
 * Makes an authority.
 * @throws LockstepError `authority-exists` (it never overwrites), `directory-exposed`, `directory-unusable`,
 * `subject-invalid`, `validity-invalid`, `key-size`, `passphrase-…`
 */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const { directory, parent } = options;
  checkSubject(options);
  const validity = validityOf({ days: options.days, notBefore: options.notBefore }, defaultDays, Date.now());
  const passphrase = await passphraseOf(options);
  await prepareDirectory(directory);
  const { publicKey, privateKey } = await generateKey(options, authorityBits);
  const wish: Composition = {
    subject: options,
    publicKey,
    validity,
    serial: randomSerial(),
    use: parent === undefined ? 'authority' : 'intermediate',
    names: [],
  };
  const pem = compose(wish, parent === undefined ? { key: privateKey, certificatePem: undefined } : signerOf(parent));
  prove(pem, wish, new X509Certificate(parent?.certificatePem ?? pem));
  const bundle = pem + (parent?.authorityPem ?? '');
  const entry = entryOf(certificateOf(pem), wish.use);
  if (parent !== undefined) await record(parent.directory, entry);
  await placeAuthority(directory, bundle, privateKey, passphrase, entry);
  return authorityOf(directory, bundle, privateKey);
}

/** What signs in its name. @throws LockstepError `authority-elsewhere` */
export function signerOf({ key, certificate, certificatePem, directory }: Authority): Signer {
  if (key !== undefined) return { key, certificatePem };
  throw new LockstepError(
    'authority-elsewhere',
    `the key of the authority "${certificate.subject}" is not in ${directory}: nothing can be issued here`,
    'Send it a signing request (lockstep pki issue --request), and take in what it answers (lockstep pki issue --certificate).',
  );
}

/**
 * Opens an authority that was made or imported here.
 * @throws LockstepError `authority-missing`, `authority-unreadable`, `authority-mismatch`, `key-exposed`,
 * `key-unreadable`, `passphrase-…`
 */
export async function openAuthority(options: Protection & { readonly directory: string }): Promise<Authority> {
  const { directory } = options;
  const { bundle, key } = await readAuthority(directory);
  const passphrase = await passphraseOf(options);
  return authorityOf(
    directory,
    bundle,
    key === undefined ? undefined : privateKeyOf(key, authorityFiles(directory).key, passphrase),
  );
}

/** The protection is that of the copy kept here. */
export interface ImportOptions extends Protection {
  readonly directory: string;
  /** Its certificate; those above it may follow. */
  readonly certificatePem: string;
  /** undefined: it stays where it is, and only what it signs there is taken in. */
  readonly keyPem: Secret | undefined;
  /** What opens `keyPem`. Default: it is not encrypted. */
  readonly keyPassphraseFile?: string | undefined;
}

/**
 * Takes over an authority that was made elsewhere (by openssl, by Salt's tls.create_ca, …), with its key or without.
 * @throws LockstepError as {@link createAuthority}, and `authority-mismatch`, `authority-unsupported`, `key-unreadable`
 */
export async function importAuthority(options: ImportOptions): Promise<Authority> {
  const { directory } = options;
  const given = await passphraseOf({ passphraseFile: options.keyPassphraseFile });
  const passphrase = await passphraseOf(options);
  const key = options.keyPem === undefined ? undefined : privateKeyOf(options.keyPem, 'to import', given);
  const bundle = x509sOf(options.certificatePem)
    .map((one) => one.toString())
    .join('');
  const authority = authorityOf(directory, bundle, key);
  if (key !== undefined) schemeOf(key);
  await prepareDirectory(directory);
  await placeAuthority(directory, bundle, key, passphrase, entryOf(authority.certificate, 'authority'));
  return authority;
}

const defaultDays = 3650;
/** Of an authority's RSA key. */
export const authorityBits = 3072;

/** What encrypts a key: the passphrase itself, or the first line of a file. Default: nothing, and its mode alone guards it. */
export interface Protection {
  readonly passphrase?: Secret | undefined;
  readonly passphraseFile?: string | undefined;
}

export async function passphraseOf({ passphrase, passphraseFile: file }: Protection): Promise<Secret | undefined> {
  return passphrase ?? (file === undefined ? undefined : readPassphrase(file));
}

/** @param bundle its own certificate first @throws LockstepError `authority-mismatch` */
export function authorityOf(directory: string, bundle: string, key: KeyObject | undefined): Authority {
  const all = x509sOf(bundle);
  const [own] = all;
  if (own?.ca !== true) {
    throw new LockstepError(
      'authority-mismatch',
      own === undefined
        ? `no certificate was found for the authority in ${directory}`
        : `the certificate for the authority in ${directory} is not an authority's: ${certificateOf(own).subject}`,
      'Give the certificate of the authority itself, in PEM form.',
    );
  }
  const certificate = certificateOf(own);
  if (key !== undefined && !own.checkPrivateKey(key)) {
    throw new LockstepError(
      'authority-mismatch',
      `the key of the authority in ${directory} does not belong to its certificate "${certificate.subject}"`,
      'Give the key and the certificate that were made together.',
    );
  }
  return {
    directory,
    certificate,
    certificatePem: own.toString(),
    authorityPem: all.map((one) => one.toString()).join(''),
    key,
  };
}
