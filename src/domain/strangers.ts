import type { Members } from './members.js';
import type { ServerSnapshot, StreamFacts } from './snapshot.js';

/**
 * Streams of this server's binary log that belong to no configured server. By the uuids and server ids that replicas
 * registered with; where those may not be read, by what is left of the streams after the linked channels that run.
 *
 * A configured server that could not be asked may be the stranger, so as many are set aside: undefined when they
 * may explain all of it, else what is certainly left.
 */
export function unknownReplicasOf(server: ServerSnapshot, members: Members): number | undefined {
  const streams = server.facts?.streams;
  if (streams === undefined) return undefined;
  const strangers = streams.registered === undefined ? unexplained(server, streams, members) : named(streams, members);
  if (strangers === 0) return 0;
  // A server that was asked is known by its id; for counting streams its channels must be known as well.
  const unasked = members.servers.filter(({ facts }) =>
    streams.registered === undefined ? facts?.channels === undefined : facts === undefined,
  ).length;
  return strangers > unasked ? strangers - unasked : undefined;
}

function named(streams: StreamFacts, members: Members): number {
  const ids = new Set(members.servers.map(({ name }) => members.serverId(name)));
  const uuids = new Set(members.servers.map(({ facts }) => facts?.identity.uuid?.toLowerCase()));
  const addresses = new Set(members.servers.map(({ address }) => `${address.host.toLowerCase()}:${address.port}`));
  const strangers = new Set<string>();
  for (const { uuid, serverId, host, port } of streams.registered ?? []) {
    const known = uuid === undefined || uuid === '' ? ids.has(serverId) : uuids.has(uuid.toLowerCase());
    if (!known && !addresses.has(`${host.toLowerCase()}:${port}`)) strangers.add(marking(uuid, serverId));
  }
  for (const { uuid } of streams.threads)
    if (uuid !== undefined && uuid !== '' && !uuids.has(uuid.toLowerCase())) strangers.add(marking(uuid, 0));
  return strangers.size;
}

function marking(uuid: string | undefined, serverId: number): string {
  return uuid === undefined || uuid === '' ? `id ${serverId}` : uuid.toLowerCase();
}

function unexplained(server: ServerSnapshot, streams: StreamFacts, members: Members): number {
  const running = members.linksTo(server.name).filter((link) => members.channel(link)?.io === 'running');
  return Math.max(0, streams.threads.length - running.length);
}
