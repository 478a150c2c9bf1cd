import type { KeyObject } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeAtomically } from '../base/atomic.js';
import { LockstepError, messageOf } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import { keyPem } from './keys.js';
import { record, type LedgerEntry } from './ledger.js';

export interface AuthorityFiles {
  readonly certificate: string;
  readonly key: string;
  /** Only while it waits for its certificate. */
  readonly request: string;
}

export function authorityFiles(directory: string): AuthorityFiles {
  const file = (name: string) => path.join(directory, name);
  return { certificate: file('ca.pem'), key: file('ca.key'), request: file('ca.csr') };
}

/**
 * Makes the directory (0700), or checks that an existing one can take an authority.
 * @throws LockstepError `authority-exists`, `directory-exposed`, `directory-unusable`
 */
export async function prepareDirectory(directory: string): Promise<void> {
  const present = await unlessUnusable(directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return readdir(directory);
  });
  refuseExisting(directory, present);
  const { mode } = await stat(directory);
  if ((mode & 0o077) === 0) return;
  if (present.length > 0) {
    throw new LockstepError(
      'directory-exposed',
      `${directory} holds other files and is open to other users (mode ${(mode & 0o777).toString(8)})`,
      `Name a directory for the authority alone, or close this one: chmod 700 ${directory}`,
    );
  }
  await unlessUnusable(directory, () => chmod(directory, 0o700));
}

/**
 * Writes key, ledger line and certificate, in this order: the key decides between two who create at once, and a
 * certificate in place means that the rest is there.
 * @param key undefined: it is elsewhere
 * @param entry the first line of its own ledger
 */
export async function placeAuthority(
  directory: string,
  bundle: string,
  key: KeyObject | undefined,
  passphrase: Secret | undefined,
  entry: LedgerEntry,
): Promise<void> {
  if (key === undefined) {
    await placeCertificate(directory, bundle, entry);
    return;
  }
  await placeKey(directory, key, passphrase);
  try {
    await placeCertificate(directory, bundle, entry);
  } catch (cause) {
    await rm(authorityFiles(directory).key, { force: true });
    throw cause;
  }
}

/** The key alone, for an authority that waits for its certificate. @throws LockstepError `authority-exists`, `directory-unusable` */
export async function placeKey(directory: string, key: KeyObject, passphrase: Secret | undefined): Promise<void> {
  const files = authorityFiles(directory);
  const pem = keyPem(key, passphrase);
  await unlessUnusable(directory, async () => {
    try {
      await writeAtomically(files.key, pem.reveal(), { mode: 0o600, exclusive: true });
    } catch (cause) {
      if (codeOf(cause) === 'EEXIST') refuseExisting(directory, ['ca.pem', 'ca.key']);
      throw cause;
    }
  });
}

/** Ledger line and certificate of an authority whose key is there, or elsewhere. @throws LockstepError `authority-exists` */
export async function placeCertificate(directory: string, bundle: string, entry: LedgerEntry): Promise<void> {
  const { certificate } = authorityFiles(directory);
  if (await isThere(certificate)) refuseExisting(directory, ['ca.pem']);
  await record(directory, entry);
  await writeAtomically(certificate, bundle, { mode: 0o644, exclusive: true });
}

/** @throws LockstepError `authority-missing`, `authority-waiting`, `authority-unreadable`, `key-exposed` */
export async function readAuthority(directory: string): Promise<{ bundle: string; key: Secret | undefined }> {
  const files = authorityFiles(directory);
  const waits = await isThere(files.request);
  if (waits && !(await isThere(files.certificate))) {
    throw new LockstepError(
      'authority-waiting',
      `the authority in ${directory} waits for its certificate`,
      `Have ${files.request} signed; then: lockstep pki init --directory ${directory} --certificate FILE`,
    );
  }
  const bundle = await part(files.certificate, directory);
  const key = (await isThere(files.key)) ? await readKey(directory) : undefined;
  return { bundle, key };
}

/** @throws LockstepError `authority-missing`, `authority-unreadable`, `key-exposed` */
export async function readKey(directory: string): Promise<Secret> {
  const files = authorityFiles(directory);
  const key = new Secret(await part(files.key, directory));
  if (((await stat(files.key)).mode & 0o077) !== 0) {
    throw new LockstepError(
      'key-exposed',
      `the key of the authority, ${files.key}, is open to others than its owner`,
      `Find out who may have copied it; if nobody: chmod 600 ${files.key}`,
    );
  }
  return key;
}

function refuseExisting(directory: string, present: readonly string[]): void {
  const [certificate, key] = [present.includes('ca.pem'), present.includes('ca.key')];
  if (!certificate && !key) return;
  if (!certificate && present.includes('ca.csr')) {
    throw new LockstepError(
      'authority-exists',
      `${directory} holds an authority that waits for its certificate`,
      `Have ${path.join(directory, 'ca.csr')} signed; then: lockstep pki init --directory ${directory} --certificate FILE`,
    );
  }
  throw new LockstepError(
    'authority-exists',
    certificate
      ? `${directory} holds an authority already, and what it issued would no longer be trusted if it were replaced`
      : `${directory} holds the key of an authority whose creation was cut off, ca.key without ca.pem`,
    certificate
      ? 'Issue from it, or name another directory.'
      : 'Make sure that nothing else is creating it just now, then remove ca.key.',
  );
}

async function isThere(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

async function part(file: string, directory: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const missing = codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR';
    throw new LockstepError(
      missing ? 'authority-missing' : 'authority-unreadable',
      missing ? `${directory} holds no authority: there is no ${file}` : `${file} cannot be read: ${messageOf(cause)}`,
      missing ? `Make one: lockstep pki init --directory ${directory} --common-name NAME` : undefined,
      { cause },
    );
  }
}

async function unlessUnusable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    throw new LockstepError(
      'directory-unusable',
      `no authority can be put into ${directory}: ${messageOf(cause)}`,
      'Name a directory that this user may create and write.',
      { cause },
    );
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
