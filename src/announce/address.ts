import { isIP } from 'node:net';
import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer } from '../domain/announcement.js';
import type { ServerName } from '../domain/snapshot.js';
import type { AnnouncedCluster } from './announcer.js';

/** What servers are called in a place where only one word stands for the primary. */
export interface Words {
  /** For servers that are not called by the host of their address. */
  readonly addresses: Readonly<Record<ServerName, string>>;
}

/** @param form what the place takes: any word, or an IP address alone @throws LockstepError `address-missing` */
export function wordFor({ addresses }: Words, server: AnnouncedServer, form: 'any' | 'ip'): string {
  const own = Object.hasOwn(addresses, server.name) ? addresses[server.name] : undefined;
  const word = own ?? server.address.host;
  if (form === 'any' || isIP(word) !== 0) return word;
  throw new LockstepError(
    'address-missing',
    `"${word}" is no IP address, and nothing else may stand there for ${server.name}`,
    `Write \`addresses: { ${server.name}: … }\` for this announcer.`,
  );
}

/** The server that a word means; undefined where it means none, or two alike. */
export function meant(words: Words, servers: readonly AnnouncedServer[], found: string): ServerName | undefined {
  const those = servers.filter((server) => wordFor(words, server, 'any').toLowerCase() === found.toLowerCase());
  return those.length === 1 ? those[0]?.name : undefined;
}

/** @throws LockstepError `server-unknown`: a plan of before may name one that the configuration no longer has */
export function serverNamed({ name: cluster, servers }: AnnouncedCluster, name: ServerName): AnnouncedServer {
  const found = servers.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new LockstepError('server-unknown', `cluster "${cluster}" has no server "${name}"`, 'Plan anew.');
}

/** The server at `host` or `host:port`; by host alone only where that means one. */
export function serverAt(servers: readonly AnnouncedServer[], found: string): ServerName | undefined {
  const word = found.toLowerCase();
  const those = servers.filter(({ address: { host, port } }) =>
    [host, `${host}:${port}`, `[${host}]:${port}`].some((one) => one.toLowerCase() === word),
  );
  return those.length === 1 ? those[0]?.name : undefined;
}
