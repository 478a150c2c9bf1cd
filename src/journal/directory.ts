import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../base/atomic.js';
import { LockstepError, messageOf } from '../base/errors.js';

/**
 * Makes the directory of a journal (0700), durably, or checks one that is there.
 * @throws LockstepError `directory-unusable`, `directory-exposed`
 */
export async function prepareDirectory(directory: string): Promise<void> {
  let mode: number;
  try {
    const made = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncNames(directory, made);
    ({ mode } = await stat(directory));
  } catch (cause) {
    throw new LockstepError(
      'directory-unusable',
      `no journal can be kept in ${directory}: ${messageOf(cause)}`,
      'Name a directory that this user may create and write.',
      { cause },
    );
  }
  if ((mode & 0o022) === 0) return;
  throw new LockstepError(
    'directory-exposed',
    `other users may write into the journal's directory ${directory} (mode ${(mode & 0o777).toString(8)})`,
    `Find out whether anybody did; then close it: chmod 700 ${directory}`,
  );
}

/** @param first the topmost directory that was made */
async function syncNames(directory: string, first: string): Promise<void> {
  const top = path.dirname(path.resolve(first));
  for (let at = path.resolve(directory); at !== top; at = path.dirname(at)) await syncDirectory(path.dirname(at));
}
