import { LockstepError } from '../base/errors.js';

/** What can be wrong with a path on a host; the sentence and the remedy for each. */
const faults = {
  'file-missing': ['is not there'],
  'not-a-file': ['is not a regular file', 'Name the file itself; a symbolic link is not written through.'],
  'file-too-large': ['is larger than may be read'],
  'file-exists': ['is taken by something else', 'Look what it is; Lockstep replaces only what is of the same kind.'],
  'directory-not-empty': ['is a directory that is not empty'],
  'other-file-system': ['cannot get that name: it lies on another file system, or is one itself', 'Nothing was moved.'],
  'permission-denied': ['may not be read or changed', 'Look at owner and mode of it and of its directory.'],
  'disk-full': ['does not fit on the disk', 'Make room on that file system; what was there before is still there.'],
} as const satisfies Readonly<Record<string, readonly [string, string?]>>;

export type PathFault = keyof typeof faults;

/** Something is wrong with this path of the host. */
export function pathError(
  host: string,
  code: PathFault,
  path: string,
  detail?: string,
  cause?: unknown,
): LockstepError {
  const [sentence, remedy]: readonly [string, string?] = faults[code];
  const more = detail === undefined || detail === '' ? '' : `: ${detail}`;
  return new LockstepError(code, `${host}: ${JSON.stringify(path)} ${sentence}${more}`, remedy, { cause });
}

/** There is no way to the host, or it was lost. */
export function unreachable(host: string, why: string, remedy?: string, cause?: unknown): LockstepError {
  return new LockstepError('host-unreachable', `${host} cannot be reached: ${why}`, remedy, { cause });
}

/** Anything else that the host said. */
export function failed(host: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError('host-failed', `${host}: ${what}`, undefined, { cause });
}

/** The last lines of what a program printed, for a message. */
export function lastLines(text: string, lines = 5): string {
  return text.trim().split('\n').slice(-lines).join('\n').slice(-1000);
}
