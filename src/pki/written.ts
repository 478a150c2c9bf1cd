import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { stage, syncDirectory, type Staged } from '../base/atomic.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Secret } from '../base/secret.js';
import type { Certified } from './issue.js';

/** Absolute or relative as the directory was given. */
export interface WrittenFiles {
  /** The certificate, followed by intermediates where there are any (0644). */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
}

/** Where {@link writeIssued} puts things: `cert.pem`, `key.pem`, `ca.pem`, or `BASE-cert.pem`, `BASE-key.pem`, `ca.pem`. */
export function issuedFiles(directory: string, baseName?: string): WrittenFiles {
  if (baseName !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(baseName)) {
    throw new LockstepError(
      'name-invalid',
      `${JSON.stringify(baseName)} cannot be the beginning of a file name`,
      'Use letters, digits, dots, hyphens and underscores.',
    );
  }
  const prefix = baseName === undefined ? '' : `${baseName}-`;
  return {
    certificate: path.join(directory, `${prefix}cert.pem`),
    key: path.join(directory, `${prefix}key.pem`),
    authority: path.join(directory, 'ca.pem'),
  };
}

/**
 * Writes certificate, key (0600, where there is one) and authority; the directory is made (0755) when it does not exist. Files that are
 * there are replaced and keep their owner, so that a running server can still read them. All three are on the disk in
 * full before the first gets its name, so that a full disk or a crash while writing leaves the old ones.
 * @throws LockstepError `files-unwritable`, `name-invalid`
 */
export async function writeIssued(
  issued: Certified & { readonly keyPem?: Secret },
  directory: string,
  baseName?: string,
): Promise<WrittenFiles> {
  const files = issuedFiles(directory, baseName);
  const staged: Staged[] = [];
  try {
    await mkdir(directory, { recursive: true });
    staged.push(await stage(files.authority, issued.authorityPem, { mode: 0o644 }));
    if (issued.keyPem !== undefined) {
      staged.push(await stage(files.key, issued.keyPem.reveal(), { mode: 0o600 }));
    }
    staged.push(await stage(files.certificate, issued.chainPem, { mode: 0o644 }));
    for (const one of staged) await one.commit();
    await syncDirectory(directory);
  } catch (cause) {
    await Promise.all(staged.map((one) => one.discard()));
    throw new LockstepError(
      'files-unwritable',
      `the certificate could not be written into ${directory}: ${messageOf(cause)}`,
      'Check that the directory can be written and has space; then issue again.',
      { cause },
    );
  }
  return files;
}
