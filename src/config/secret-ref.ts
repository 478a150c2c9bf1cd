import path from 'node:path';
import type { SecretRef } from './secrets.js';

/** What `NAME_file` or `NAME_env` refers to; undefined where neither is written. @param folder what relative paths start from */
export function secretIn(
  file: string | undefined,
  variable: string | undefined,
  folder: string,
): SecretRef | undefined {
  if (file !== undefined) return { from: 'file', path: path.resolve(folder, file) };
  return variable === undefined ? undefined : { from: 'environment', variable };
}

/** The same where the schema has seen to it that one is written. */
export function secretOf(file: string | undefined, variable: string | undefined, folder: string): SecretRef {
  const ref = secretIn(file, variable, folder);
  if (ref === undefined) throw new Error('a secret passed the checks without its file or variable');
  return ref;
}
