import { statfs } from 'node:fs/promises';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Fault } from './journal.js';

/** Node's code of a failed call (`ENOENT`), or ours. */
export function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}

export function isFull(thrown: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(String(codeOf(thrown)));
}

export async function journalFull(directory: string, wanted: number, cause: unknown): Promise<LockstepError> {
  const free = await statfs(directory).then(
    ({ bavail, bsize }) => `${bavail * bsize} are free`,
    () => 'how many are free is not known',
  );
  return new LockstepError(
    'journal-full',
    `the disk of the journal ${directory} is full: ${wanted} bytes are wanted, ${free}`,
    'Free some space there. What was recorded before is safe.',
    { cause },
  );
}

/** A failed write or sync, told as what it means. */
export async function writeFailure(directory: string, wanted: number, cause: unknown): Promise<LockstepError> {
  if (cause instanceof LockstepError) return cause;
  if (isFull(cause)) return journalFull(directory, wanted, cause);
  return new LockstepError(
    'journal-failed',
    `the journal ${directory} could not be written: ${messageOf(cause)}`,
    "Look for errors of this disk in the kernel's log; then try again.",
    { cause },
  );
}

export function journalDamaged(directory: string, { file, why }: Fault, cause?: unknown): LockstepError {
  return new LockstepError(
    'journal-damaged',
    `the journal ${directory} is damaged: in ${file}, ${why}`,
    'Nothing was changed. Keep a copy of the directory to find out what happened; then put back a backup of it, or name an empty directory.',
    { cause },
  );
}

export function journalTouched(directory: string, file: string, what: string): LockstepError {
  return new LockstepError(
    'journal-damaged',
    `somebody else changed the journal ${directory}: ${file} ${what}`,
    'Make sure that no other container or machine writes this directory, then restart Lockstep: it checks all of it.',
  );
}

export function journalUnreadable(directory: string, cause: unknown): LockstepError {
  return new LockstepError(
    'journal-unreadable',
    `the journal ${directory} cannot be read: ${messageOf(cause)}`,
    'Name the directory that `journal` in the configuration names, as a user who may read it.',
    { cause },
  );
}

export function leaseLost(name: string): LockstepError {
  return new LockstepError(
    'lease-lost',
    `the lease "${name}" is not held any more, so nothing may be recorded under it`,
    'Stop what it was taken for; whoever holds it now goes on.',
  );
}

export function journalClosed(directory: string): LockstepError {
  return new LockstepError('journal-closed', `the journal ${directory} is closed`, 'Open it again.');
}
