import type { Site } from '../domain/scene.js';
import type { Channel, ServerName, ServerSnapshot } from '../domain/snapshot.js';
import type { View } from './view.js';

/** One channel on the way to the primary. */
export interface Hop {
  readonly server: ServerName;
  readonly channel: string;
  readonly from: ServerName;
}

/**
 * How a server replicates from another now, over every server in between; undefined when it is not seen to. Each
 * channel receives, has not fallen silent, and is surely from that server: by its uuid, or by an address by which the
 * configuration or the server itself knows it. Server ids alone prove nothing, for copies share them.
 */
export function followsNow(
  view: View,
  site: Site,
  server: ServerName,
  primary: ServerName,
  passed: readonly ServerName[] = [],
): readonly Hop[] | undefined {
  const hops = view.topology.links.filter(({ replica, source, channel }) => {
    const found = view.channel(server, channel);
    const from = view.server(source);
    if (replica !== server || found === undefined || from === undefined || passed.includes(from.name)) return false;
    return found.io === 'running' && found.silent !== true && isSurely(found, from, from.name === primary, site);
  });
  for (const { channel, source: from } of hops) {
    if (from === undefined) continue;
    const hop = { server, channel, from };
    if (from === primary) return [hop];
    const rest = followsNow(view, site, from, primary, [...passed, server]);
    if (rest !== undefined) return [hop, ...rest];
  }
  return undefined;
}

function isSurely({ source }: Channel, server: ServerSnapshot, isPrimary: boolean, site: Site): boolean {
  const uuid = server.facts?.identity.uuid;
  if (uuid !== undefined && source.uuid !== undefined) return same(uuid, source.uuid);
  const names = [server.address.host, server.facts?.identity.hostname, ...(isPrimary ? site.names : [])];
  return source.port === server.address.port && names.some((name) => name !== undefined && same(name, source.host));
}

function same(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
