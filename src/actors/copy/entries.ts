import { LockstepError } from '../../base/errors.js';
import { previousOf, type Host } from '../../hosts/host.js';
import { insideName, likeData, stands, type Inside } from './places.js';

/**
 * A data directory that is a file system of its own has one name for good: what is in it changes places entry by entry,
 * each by a rename. From the first to the last of them the files with which its engines begin are a few words of text,
 * which they refuse, so that a server that somebody starts in between touches nothing; the true ones leave, and come, at
 * once with those words. Whoever comes after a crash does what is left to do.
 */
export interface Room {
  readonly data: string;
  readonly inside: Pick<Inside, 'system'>;
}

const words = Buffer.from(
  'Lockstep is changing what lies in this directory: do not start the server. It goes on by itself.\n',
);
/** Without it Aria would begin its log anew; MySQL has none. */
export const aria = 'aria_log_control';
/** Names in a data directory that are no server's. */
export const foreign = ['lost+found', insideName];

/** All that a server has in `data` goes to `into`, beside what is there already of it. */
export async function moveOut(host: Host, room: Room, into: string, signal: AbortSignal): Promise<void> {
  const { data, inside } = room;
  await host.makeDirectory(into, { signal, ...(await likeData(host, data, signal)) });
  for (const name of [aria, inside.system]) {
    const [file, itself] = [`${data}/${name}`, previousOf(`${data}/${name}`)];
    if (await stands(host, `${into}/${name}`, signal)) continue;
    if (await isTrue(host, file, signal)) await host.write(file, words, { signal, keepPrevious: true });
    if (await stands(host, itself, signal)) await host.move(itself, `${into}/${name}`, { signal });
  }
  for (const name of await entries(host, room, data, signal)) {
    // What left already was made anew by a server that did not start.
    if (await stands(host, `${into}/${name}`, signal))
      await host.remove(`${data}/${name}`, { signal, recursive: true });
    else await host.move(`${data}/${name}`, `${into}/${name}`, { signal });
  }
}

/** All that lies in `from` becomes what a server has in `data`, from where all else is gone. */
export async function moveIn(host: Host, room: Room, from: string, signal: AbortSignal): Promise<void> {
  const { data, inside } = room;
  for (const name of await entries(host, room, from, signal)) {
    // Whatever stands there was made by a server that did not start.
    await host.remove(`${data}/${name}`, { signal, recursive: true });
    await host.move(`${from}/${name}`, `${data}/${name}`, { signal });
  }
  for (const name of [aria, inside.system]) {
    const [file, itself] = [`${data}/${name}`, previousOf(`${data}/${name}`)];
    if (await stands(host, `${from}/${name}`, signal)) await host.move(`${from}/${name}`, itself, { signal });
    const there = await isTrue(host, file, signal);
    // Where it never left, it has two names.
    if (await stands(host, itself, signal))
      await (there ? host.remove(itself, { signal }) : host.restorePrevious(file, { signal }));
    // What comes may have none.
    else if (!there && name === aria) await host.remove(file, { signal });
  }
  await host.remove(from, { signal });
}

/** @throws LockstepError `copy-missing` where no system tablespace is among what is to come in */
export async function mustHaveSystem(host: Host, { inside }: Room, from: string, signal: AbortSignal): Promise<void> {
  if (await isTrue(host, `${from}/${inside.system}`, signal)) return;
  throw new LockstepError('copy-missing', `${from} holds no ${inside.system}`, 'Run it again.');
}

/** All but what is words meanwhile, and what is no server's. */
async function entries(host: Host, { inside }: Room, of: string, signal: AbortSignal): Promise<readonly string[]> {
  const others = [aria, inside.system].flatMap((name) => [name, previousOf(name)]);
  return (await host.list(of, { signal })).filter((name) => !foreign.includes(name) && !others.includes(name));
}

/** Whether a file is there, and a server's. */
async function isTrue(host: Host, file: string, signal: AbortSignal): Promise<boolean> {
  const facts = await host.stat(file, { signal });
  if (facts?.kind !== 'file') return false;
  return facts.size !== words.length || !(await host.read(file, { signal })).equals(words);
}
