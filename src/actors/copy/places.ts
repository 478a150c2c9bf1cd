import path from 'node:path';
import type { DataPlace } from '../../domain/action.js';
import type { Host } from '../../hosts/host.js';

/** As a server says them. */
export interface DataNames {
  /** `@@datadir` */
  readonly data: string;
  /** The first file of `@@innodb_temp_data_file_path`, seen from there. */
  readonly temporary: string;
}

/** Where a server's data lie, and on the same disk the copy to come and what is kept of before. */
export interface Places {
  readonly data: string;
  readonly fresh: string;
  readonly kept: string;
  /** What was kept and is being removed: it cannot come back. */
  readonly gone: string;
  /** Where the data directory itself cannot change its name; see entries.ts. undefined: it can. */
  readonly inside: Inside | undefined;
}

/** A data directory that is a file system of its own: its entries change places with those of directories within it. */
export interface Inside {
  /** Holds all of the others, and goes with the last of them. */
  readonly root: string;
  /** Name of the file without which InnoDB does not start, the first of `innodb_data_file_path`. */
  readonly system: string;
  /** The copy, once all that was there before is out of its way, until each of its entries is in place. */
  readonly coming: string;
  /** What it ran on, on its way out, where what was kept comes back. */
  readonly out: string;
  /** What was kept, on its way back. */
  readonly back: string;
}

/** What a data directory that cannot change its name holds of ours. MySQL looks into no hidden directory; MariaDB lists it as an empty schema. */
export const insideName = '.lockstep';

/**
 * @param data as the server says it (`@@datadir`)
 * @param place where that is not simply a directory beside which there is room
 */
export function placesOf(data: string, place?: DataPlace): Places {
  const plain = place?.data ?? data.replace(/\/+$/, '');
  const inside = place?.system;
  const root = `${plain}/${insideName}`;
  const named = (name: string) => (inside === undefined ? `${plain}.lockstep-${name}` : `${root}/${name}`);
  return {
    data: plain,
    fresh: named('new'),
    kept: named('kept'),
    gone: named('gone'),
    inside: inside === undefined ? undefined : { root, system: inside, coming: named('coming'), out: named('out'), back: named('back') }, // prettier-ignore
  };
}

/** What shows that a run before this one has not come to its end there. */
export function leftovers({ kept, inside }: Places): readonly string[] {
  return [kept, ...(inside === undefined ? [] : [inside.coming, inside.out, inside.back])];
}

export async function stands(host: Host, path: string, signal: AbortSignal): Promise<boolean> {
  return (await host.stat(path, { signal })) !== undefined;
}

/** Makes sure of the directory above the copy to come, which is the server's like its data. */
export async function makeRoot(host: Host, { data, inside }: Places, signal: AbortSignal): Promise<void> {
  if (inside === undefined) return;
  await host.makeDirectory(inside.root, { signal, ...(await likeData(host, data, signal)) });
}

/** Mode and owner of a data directory. */
export async function likeData(host: Host, data: string, signal: AbortSignal) {
  const facts = await host.stat(data, { signal });
  const owned = facts === undefined ? {} : { owner: String(facts.uid), group: String(facts.gid) };
  return { mode: 0o700, ...owned };
}

/** Removes the directory above all of ours, once nothing is in it. */
export async function leaveRoot(host: Host, { inside }: Places, signal: AbortSignal): Promise<void> {
  if (inside === undefined || (await host.list(inside.root, { signal })).length > 0) return;
  await host.remove(inside.root, { signal });
}

/** Names of a path's links followed to where the data lie; as it is where nothing is there. */
export async function followed(host: Host, given: string, signal: AbortSignal): Promise<string> {
  let at = given;
  for (let links = 0; links < mostLinks; links += 1) {
    const facts = await host.stat(at, { signal });
    if (facts?.target === undefined) return at;
    at = path.posix.resolve(path.posix.dirname(at), facts.target);
  }
  return at;
}

const mostLinks = 16;
