import { readFile } from 'node:fs/promises';
import { LockstepError } from '../base/errors.js';
import type { TlsMaterial } from '../base/exchange.js';
import type { TlsFiles } from './settings.js';

/** Reads the files now, so that renewed ones count at once. @throws LockstepError `tls-file-unreadable` */
export async function tlsOf({ caFile, certFile, keyFile }: TlsFiles): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([contentOf(caFile), contentOf(certFile), contentOf(keyFile)]);
  return { ca, cert, key };
}

async function contentOf(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new LockstepError(
      'tls-file-unreadable',
      `the file ${JSON.stringify(file)} cannot be read (${code})`,
      'Check its path and its owner.',
      { cause },
    );
  }
}
