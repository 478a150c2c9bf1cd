import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { LockstepError } from '../base/errors.js';
import { Secret } from '../base/secret.js';

/** Where a secret is to be found; the configuration never holds the secret itself. */
export type SecretRef =
  { readonly from: 'file'; readonly path: string } | { readonly from: 'environment'; readonly variable: string };

/** More than any password or token, so that a wrong path is named instead of sent. Bytes. */
const largest = 16 * 1024;
const readableOrWritableByOthers = 0o006;

/**
 * Reads a secret now. Call it at each use: a file that was replaced in between counts at once, with no reload.
 * One newline at the end is dropped.
 *
 * A file that every user of the machine may read or write is refused; its group may read it, so that a service
 * account can be given access by group.
 * @throws LockstepError `secret-unreadable`; its message names the file or variable, never the content.
 */
export async function readSecret(
  ref: SecretRef,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Secret> {
  const text = ref.from === 'file' ? await contentOf(ref.path) : environment[ref.variable];
  if (text === undefined)
    throw unreadable(
      `the environment variable ${JSON.stringify(ref.from === 'environment' ? ref.variable : '')} is not set`,
      'Set it where Lockstep is started, such as in the unit file.',
    );
  const value = text.replace(/\r?\n$/, '');
  if (value === '')
    throw unreadable(
      ref.from === 'file'
        ? `the secret file ${JSON.stringify(ref.path)} is empty`
        : `the environment variable ${JSON.stringify(ref.variable)} is empty`,
      'Put the secret there.',
    );
  return new Secret(value);
}

async function contentOf(path: string): Promise<string> {
  const shown = JSON.stringify(path);
  let handle: FileHandle;
  try {
    // Not blocking: a pipe nobody writes to would otherwise hold the login for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw unreadable(`the secret file ${shown} does not exist`, 'Create it with mode 0600.');
    if (code === 'EACCES')
      throw unreadable(`the secret file ${shown} may not be read by this user`, 'Make this user its owner.');
    throw unreadable(`the secret file ${shown} cannot be opened (${String(code)})`, 'Check the path.', error);
  }
  try {
    const { mode, size, ...stat } = await handle.stat();
    if ((mode & 0o170000) !== 0o100000)
      throw unreadable(`${shown} is not a file`, 'Name a file that holds the secret.');
    if ((mode & readableOrWritableByOthers) !== 0)
      throw unreadable(
        `every user of this machine may read or change the secret file ${shown} (mode ${(mode & 0o777).toString(8).padStart(4, '0')}, owner ${stat.uid})`,
        `Run: chmod 600 ${path}`,
      );
    if (size > largest)
      throw unreadable(`the secret file ${shown} holds ${size} bytes, the most is ${largest}`, 'Check the path.');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function unreadable(message: string, remedy: string, cause?: unknown): LockstepError {
  return new LockstepError('secret-unreadable', message, remedy, { cause });
}
