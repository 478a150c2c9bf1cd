import type { ServerName } from '../domain/snapshot.js';
import { meant, serverNamed, wordFor, type Words } from './address.js';
import type { AnnouncedCluster } from './announcer.js';
import { addressesIn, withAddress } from './hosts-line.js';
import { pillarValue, withPillarValue } from './pillar-key.js';
import { pillarList, withPillarItem, withoutPillarItem } from './pillar-list.js';
import { led, listed, type ReadersChange } from './read-side.js';

/** How a file says from whom applications read. Contents come and go one character for each byte. Errors are those of its parts. */
export interface ReadersForm {
  /** The same content, once it is certain that each member can be named there. */
  tried(content: string): string;
  changed(content: string, change: ReadersChange): string;
  /** The servers of the cluster that are read from, and what stands there. */
  read(content: string): { readonly named: readonly ServerName[]; readonly found: string };
}

/** Where one name's server stands in a content. */
interface Spot {
  get(content: string, name: string): string;
  set(content: string, name: string, word: string): string;
  readonly takes: 'any' | 'ip';
}

const hostsLine: Spot = {
  get: (content, name) => addressesIn(content, [name]).join(', '),
  set: (content, name, word) => withAddress(content, [name], word),
  takes: 'ip',
};
const pillarKey: Spot = { get: pillarValue, set: withPillarValue, takes: 'any' };

interface Cast {
  readonly words: Words;
  readonly cluster: AnnouncedCluster;
}

/** A name in a hosts file for each server: that of a withdrawn one leads to another. */
export function hostsNames(names: Readonly<Record<ServerName, string>>, cast: Cast): ReadersForm {
  return namesForm(hostsLine, names, cast);
}

/** A key of a pillar for each server, alike. */
export function pillarKeys(keys: Readonly<Record<ServerName, string>>, cast: Cast): ReadersForm {
  return namesForm(pillarKey, keys, cast);
}

/** A key of a pillar that holds the list of all that are read from. */
export function pillarListed(key: string, members: readonly ServerName[], cast: Cast): ReadersForm {
  const wordOf = (name: ServerName) => wordFor(cast.words, serverNamed(cast.cluster, name), 'any');
  const serversIn = (content: string) =>
    pillarList(content, key).flatMap((word) => meant(cast.words, cast.cluster.servers, word) ?? []);
  return {
    tried: (content) => {
      pillarList(content, key);
      members.forEach(wordOf);
      return content;
    },
    changed: (content, change) => {
      const now = serversIn(content);
      const next = listed(now, change, members);
      // First who comes, then who goes: a list is never empty in between, nor looks so to whoever changes it.
      const more = next.filter((name) => !now.includes(name)).reduce((text, name) => withPillarItem(text, key, wordOf(name), placeOf(name)), content); // prettier-ignore
      // Whoever stood in leaves no trace; a member's line comes back as it was.
      const how = change.act === 'withdraw' ? 'leave-mark' : 'for-good';
      const isOut = (word: string) => {
        const name = meant(cast.words, cast.cluster.servers, word);
        return name !== undefined && now.includes(name) && !next.includes(name);
      };
      return withoutPillarItem(more, key, isOut, how);
    },
    read: (content) => ({ named: serversIn(content), found: pillarList(content, key).join(', ') }),
  };

  /** Before which words a member stands, in the order of the configuration. */
  function placeOf(name: ServerName): readonly string[] {
    const at = members.indexOf(name);
    return at === -1 ? [] : members.slice(at + 1).map(wordOf);
  }
}

function namesForm(spot: Spot, names: Readonly<Record<ServerName, string>>, cast: Cast): ReadersForm {
  const at = (content: string) =>
    new Map(
      Object.entries(names).map(([member, name]) => [
        member,
        meant(cast.words, cast.cluster.servers, spot.get(content, name)),
      ]),
    );
  return {
    tried: (content) => {
      // Each in turn, as it stands: what can be put there once can be put there again.
      Object.keys(names).forEach((member) => wordFor(cast.words, serverNamed(cast.cluster, member), spot.takes));
      return Object.values(names).reduce((text, name) => spot.set(text, name, spot.get(text, name)), content);
    },
    changed: (content, change) => {
      const now = at(content);
      return [...led(now, change)].reduce(
        (text, [member, to]) =>
          to === undefined || to === now.get(member)
            ? text
            : spot.set(text, names[member] ?? '', wordFor(cast.words, serverNamed(cast.cluster, to), spot.takes)),
        content,
      );
    },
    read: (content) => ({
      named: [...at(content).values()].filter((one) => one !== undefined),
      found: Object.values(names)
        .map((name) => `${name} ${spot.get(content, name)}`)
        .join(', '),
    }),
  };
}
