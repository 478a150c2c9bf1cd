import type { Channel, ClusterSnapshot, ServerName, ServerSnapshot } from './snapshot.js';
import type { Link } from './topology.js';

/** Every channel of every server that could be asked, each with the configured server that it reads from. */
export function linksOf(snapshot: ClusterSnapshot): readonly Link[] {
  return snapshot.servers.flatMap((replica) =>
    (replica.facts?.channels ?? []).map((channel) => ({
      replica: replica.name,
      channel: channel.name,
      source: sourceOf(snapshot, replica, channel)?.name,
      address: { host: channel.source.host, port: channel.source.port },
    })),
  );
}

/** Servers that replicate, over however many hops, from themselves. */
export function ringMembers(links: readonly Link[]): ReadonlySet<ServerName> {
  const sources = new Map<ServerName, ServerName[]>();
  for (const { replica, source } of links)
    if (source !== undefined) sources.set(replica, [...(sources.get(replica) ?? []), source]);
  const reaches = (start: ServerName): boolean => {
    const seen = new Set<ServerName>();
    const ahead = [...(sources.get(start) ?? [])];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      if (next === start) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      ahead.push(...(sources.get(next) ?? []));
    }
    return false;
  };
  return new Set([...sources.keys()].filter(reaches));
}

/**
 * A channel names its source by address, which may be an alias that moves; what the source said of itself when the
 * replica last connected is surer. So: its uuid, then its server id, then the configured address, then the host name
 * that the server gives itself. A mark that fits several servers decides nothing.
 */
function sourceOf(snapshot: ClusterSnapshot, replica: ServerSnapshot, channel: Channel): ServerSnapshot | undefined {
  const others = snapshot.servers.filter((server) => server !== replica);
  const { uuid, serverId } = channel.source;
  const byUuid =
    uuid === undefined || uuid === '' ? undefined : only(others, (server) => same(server.facts?.identity.uuid, uuid));
  if (byUuid !== undefined) return byUuid;
  const byAddress =
    only(others, ({ address }) => same(address.host, channel.source.host) && address.port === channel.source.port) ??
    only(
      others,
      ({ facts, address }) =>
        same(facts?.identity.hostname, channel.source.host) && address.port === channel.source.port,
    );
  // The server id is from the last connection: after a change of source it is stale until the channel runs again.
  const fresh = channel.io === 'running' || byAddress === undefined;
  return (fresh ? byServerId(snapshot, others, serverId) : undefined) ?? byAddress;
}

/** Counts the replica itself: an id that it shares with its source tells the two apart no more. */
function byServerId(
  snapshot: ClusterSnapshot,
  others: readonly ServerSnapshot[],
  serverId: number | undefined,
): ServerSnapshot | undefined {
  if (serverId === undefined || serverId === 0) return undefined;
  const found = only(snapshot.servers, (server) => server.facts?.identity.serverId === serverId);
  return found !== undefined && others.includes(found) ? found : undefined;
}

function only<T>(items: readonly T[], fits: (item: T) => boolean): T | undefined {
  const [first, second] = items.filter(fits);
  return second === undefined ? first : undefined;
}

function same(one: string | undefined, other: string): boolean {
  return one !== undefined && plain(one) === plain(other);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
