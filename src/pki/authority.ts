import { X509Certificate, type KeyObject } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import { certificateOf, x509sOf } from '../base/x509.js';
import type { Certificate } from '../domain/certificate.js';
import { authorityFiles, placeAuthority, prepareDirectory, readAuthority } from './authority-files.js';
import { compose, randomSerial, type Composition } from './compose.js';
import { generateKey, privateKeyOf, readPassphrase } from './keys.js';
import { entryOf, record } from './ledger.js';
import { prove } from './proof.js';
import { checkSubject, type Subject } from './subject.js';
import { validityOf } from './validity.js';

/** A certificate authority that Lockstep holds: a directory (0700) of `ca.pem`, `ca.key` (0600) and `issued.jsonl`. */
export interface Authority {
  readonly directory: string;
  readonly certificate: Certificate;
  /** Its own certificate. */
  readonly certificatePem: string;
  /** What those who trust it are given: its own certificate, then those above it, up to the root. */
  readonly authorityPem: string;
  readonly key: KeyObject;
}

export interface AuthorityOptions extends Subject {
  /** Made when it does not exist; must not hold an authority yet. */
  readonly directory: string;
  /** Default 3650. */
  readonly days?: number | undefined;
  /** Bits of the RSA key. Default 3072. */
  readonly keyBits?: number | undefined;
  /** Default five minutes ago. */
  readonly notBefore?: Date | undefined;
  /** Encrypts the key with the passphrase in this file. Default: not encrypted, guarded by its mode alone. */
  readonly passphraseFile?: string | undefined;
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
  const passphrase = await passphraseOf(options.passphraseFile);
  await prepareDirectory(directory);
  const { publicKey, privateKey } = await generateKey(options.keyBits ?? defaultBits);
  const wish: Composition = {
    subject: options,
    publicKey,
    validity,
    serial: randomSerial(),
    use: parent === undefined ? 'authority' : 'intermediate',
    names: [],
  };
  const pem = compose(wish, { key: parent?.key ?? privateKey, certificatePem: parent?.certificatePem });
  prove(pem, wish, privateKey, new X509Certificate(parent?.certificatePem ?? pem));
  const bundle = pem + (parent?.authorityPem ?? '');
  const entry = entryOf(certificateOf(pem), wish.use);
  if (parent !== undefined) await record(parent.directory, entry);
  await placeAuthority(directory, bundle, privateKey, passphrase, entry);
  return authorityOf(directory, bundle, privateKey);
}

/**
 * Opens an authority that was made or imported here.
 * @throws LockstepError `authority-missing`, `authority-unreadable`, `authority-mismatch`, `key-exposed`,
 * `key-unreadable`, `passphrase-…`
 */
export async function openAuthority(options: {
  readonly directory: string;
  /** Default: the key is not encrypted. */
  readonly passphraseFile?: string | undefined;
}): Promise<Authority> {
  const { directory } = options;
  const { bundle, key } = await readAuthority(directory);
  const passphrase = await passphraseOf(options.passphraseFile);
  return authorityOf(directory, bundle, privateKeyOf(key, authorityFiles(directory).key, passphrase));
}

export interface ImportOptions {
  readonly directory: string;
  /** Its certificate; those above it may follow. */
  readonly certificatePem: string;
  readonly keyPem: Secret;
  /** What opens `keyPem`. Default: it is not encrypted. */
  readonly keyPassphraseFile?: string | undefined;
  /** Encrypts the copy kept here. Default: not encrypted. */
  readonly passphraseFile?: string | undefined;
}

/**
 * Takes over an authority that was made elsewhere (by openssl, by Salt's tls.create_ca, …). RSA only.
 * @throws LockstepError as {@link createAuthority}, and `authority-mismatch`, `authority-unsupported`, `key-unreadable`
 */
export async function importAuthority(options: ImportOptions): Promise<Authority> {
  const { directory } = options;
  const given = await passphraseOf(options.keyPassphraseFile);
  const passphrase = await passphraseOf(options.passphraseFile);
  const key = privateKeyOf(options.keyPem, 'to import', given);
  const bundle = x509sOf(options.certificatePem)
    .map((one) => one.toString())
    .join('');
  const authority = authorityOf(directory, bundle, key);
  if (key.asymmetricKeyType !== 'rsa') {
    throw new LockstepError(
      'authority-unsupported',
      `the authority "${authority.certificate.subject}" has a key of type ${String(key.asymmetricKeyType)}`,
      'Only authorities with an RSA key can issue here.',
    );
  }
  await prepareDirectory(directory);
  await placeAuthority(directory, bundle, key, passphrase, entryOf(authority.certificate, 'authority'));
  return authority;
}

const defaultDays = 3650;
const defaultBits = 3072;

async function passphraseOf(file: string | undefined): Promise<Secret | undefined> {
  return file === undefined ? undefined : readPassphrase(file);
}

/** @param bundle its own certificate first */
function authorityOf(directory: string, bundle: string, key: KeyObject): Authority {
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
  if (!own.checkPrivateKey(key)) {
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
