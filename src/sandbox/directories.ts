import { chmodSync, chownSync, mkdirSync, lstatSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import type { Scope } from '../base/scope.js';
import { tryCommand } from './command.js';

/**
 * A fresh directory of this process, short enough for a Unix socket's path, removed when the scope ends.
 * What processes that are gone have left behind is removed first.
 * @param user number of the user, and of the group, to whom it belongs: root alone may give it away. Default: this process's own
 */
export async function takeDirectory(scope: Scope, user?: number): Promise<string> {
  const home = privateHome(user);
  await sweep(home);
  taken += 1;
  const directory = path.join(home, `${process.pid}-${startOf(process.pid) ?? 0}-${taken}`);
  await mkdir(directory, { mode: 0o700 });
  if (user !== undefined) await give(directory, user);
  return scope.own(directory, removeTree);
}

/** Remove a tree, unmounting first what is mounted in it. */
export async function removeTree(directory: string): Promise<void> {
  for (const mount of mountsBelow(directory)) await tryCommand('umount', ['--lazy', mount]);
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

async function give(directory: string, user: number): Promise<void> {
  await chown(directory, user, user);
  await chmod(directory, givenMode);
}

/** Its user's, and its group goes through. */
const givenMode = 0o710;

let taken = 0;

/**
 * One directory for each user, closed to the others: the servers' sockets in it let root in without a password. Of one
 * that was given away, the user's group may go through.
 */
function privateHome(user?: number): string {
  const uid = user ?? process.getuid?.() ?? 0;
  const home = path.join(os.tmpdir(), `lockstep-${uid}`);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (user !== undefined && lstatSync(home).uid === process.getuid?.()) {
    chownSync(home, user, user);
    chmodSync(home, givenMode);
  }
  const { uid: owner, mode } = lstatSync(home);
  if (owner === uid && (mode & 0o777 & ~(user === undefined ? 0o700 : givenMode)) === 0) return home;
  throw new LockstepError(
    'sandbox-directory',
    `${home} belongs to user ${owner} with mode ${(mode & 0o777).toString(8)}`,
    'Remove it, or set TMPDIR to a directory of your own.',
  );
}

async function sweep(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const [pid = '', start = ''] = name.split('-');
    if (startOf(Number(pid)) !== start) await removeTree(path.join(home, name));
  }
}

/** When a process started, in clock ticks since boot: with its number, this names a process for good. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function mountsBelow(directory: string): readonly string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(`${directory}/`));
}
