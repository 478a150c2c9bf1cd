import { LockstepError } from '../base/errors.js';
import type { Ownership } from './host.js';
import { runProgram, type Launcher } from './launcher.js';

export interface Ids {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The numbers of an owner and a group on a host. @throws LockstepError `owner-unknown` */
export async function idsOf(launcher: Launcher, { owner, group }: Ownership, signal: AbortSignal): Promise<Ids> {
  return {
    uid: await idOf(launcher, 'passwd', owner, signal),
    gid: await idOf(launcher, 'group', group, signal),
  };
}

/** The third field of a line of passwd and of group alike. */
async function idOf(
  launcher: Launcher,
  database: 'passwd' | 'group',
  name: string | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (name === undefined) return undefined;
  if (/^\d{1,10}$/.test(name)) return Number(name);
  const { code, stdout } = await runProgram(launcher, ['getent', '--', database, name], { signal });
  const id = stdout.split(':')[2] ?? '';
  if (code === 0 && /^\d+$/.test(id)) return Number(id);
  const what = database === 'passwd' ? 'user' : 'group';
  throw new LockstepError('owner-unknown', `${launcher.name} knows no ${what} ${JSON.stringify(name)}`);
}
