import { mkdir, open, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import { tryCommand } from './command.js';

/**
 * Mount a small disk of its own (a tmpfs) at `directory`, which is made.
 * @throws LockstepError `sandbox-needs-root` where this process may not mount: a reason to skip, by name.
 */
export async function mountDisk(directory: string, megabytes: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const result = await tryCommand('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', directory]);
  if (result.code === 0) return;
  throw new LockstepError(
    'sandbox-needs-root',
    `a small disk could not be mounted at ${directory}: ${result.output.trim()}`,
    'Run this as root, in a container that may mount.',
  );
}

/** Write until nothing more fits. Gives the function that makes room again. */
export async function fillDisk(directory: string): Promise<() => Promise<void>> {
  const file = path.join(directory, 'filled');
  const handle = await open(file, 'a');
  try {
    const { bavail, bsize } = await statfs(directory);
    // Whole pages until the file system says no: what statfs calls free may shrink meanwhile.
    const page = Buffer.alloc(bsize);
    for (let left = bavail + 1024; left > 0; left -= 1) await handle.appendFile(page);
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC')) throw failure;
  } finally {
    await handle.close();
  }
  return () => rm(file, { force: true });
}
