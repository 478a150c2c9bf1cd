import { gapMariadb, highestIn, unionMariadb, type MariadbGtids } from './gtid-mariadb.js';
import { countGtidSet, subtractGtidSets } from './gtid-mysql.js';
import type { Members } from './members.js';
import type { ChannelRelation, Relations } from './relations.js';
import type { Channel, ServerName, ServerSnapshot } from './snapshot.js';
import type { Link } from './topology.js';

/** The lag to act on, seconds, the configured delay included: the heartbeat's, else the server's when it can be believed. */
export function lagOf(channel: Channel, relation: ChannelRelation): number | undefined {
  return relation.heartbeatLagSeconds ?? (relation.lagKnown ? channel.lagSeconds : undefined);
}

/** The greatest known lag among a server's channels, seconds; undefined when none is known. */
export function worstLag(server: ServerSnapshot, relations: Relations): number | undefined {
  const lags = (server.facts?.channels ?? []).flatMap((channel) => {
    const relation = relations.channels.find((one) => one.server === server.name && one.channel === channel.name);
    return (relation === undefined ? undefined : lagOf(channel, relation)) ?? [];
  });
  return lags.length === 0 ? undefined : Math.max(...lags);
}

/** See {@link ChannelRelation.lagKnown}. A period that is not known cannot show silence. */
export function lagIsKnown(channel: Channel): boolean {
  return (
    channel.io === 'running' && channel.sql === 'running' && channel.lagSeconds !== undefined && channel.silent !== true
  );
}

/**
 * Seconds between the newest heartbeat row of this channel's origin and the replica's clock, never negative. The
 * origin is the server at the head of the channel's chain, where the heartbeat is written; when it has no row, the direct source.
 */
export function heartbeatLagOf(link: Link, channel: Channel, members: Members): number | undefined {
  const rows = members.server(link.replica)?.facts?.heartbeats ?? [];
  const ids = [members.serverId(headOf(link, members)), members.serverId(link.source) ?? channel.source.serverId];
  for (const id of ids.filter((one) => one !== undefined && one !== 0)) {
    const written = rows.filter(({ serverId }) => serverId === id);
    if (written.length > 0) return Math.max(0, Math.min(...written.map((row) => row.nowAt - row.writtenAt)));
  }
  return undefined;
}

/**
 * Transactions that the source has and the replica has not applied. MySQL: what gtid_executed lacks. MariaDB: per
 * domain, from gtid_slave_pos to the source's gtid_binlog_pos; what the replica wrote itself while it was the primary is in its
 * gtid_current_pos alone, and counts as applied. A domain that the replica filters out counts in full.
 */
export function gtidGapOf(link: Link, members: Members): number | undefined {
  const source = members.gtids(link.source);
  const replica = members.gtids(link.replica);
  if (source?.kind === 'mysql' && replica?.kind === 'mysql')
    return Number(countGtidSet(subtractGtidSets(source.executed, replica.executed)));
  if (source?.kind !== 'mariadb' || replica?.kind !== 'mariadb') return undefined;
  const own = ownWrites(source.binlogPos, replica.currentPos, members.serverId(link.replica));
  return Number(gapMariadb(source.binlogPos, unionMariadb(replica.slavePos, own)));
}

/** The replica's own GTIDs in the domains where the source's newest transaction is the replica's own, too. */
function ownWrites(source: MariadbGtids, current: MariadbGtids, serverId: number | undefined): MariadbGtids {
  return new Map(
    [...current].filter(
      ([domain, servers]) =>
        serverId !== undefined && servers.has(serverId) && highestIn(source, domain)?.server === serverId,
    ),
  );
}

/** Up the chain as long as there is one way; in a ring its primary. */
function headOf(link: Link, members: Members): ServerName | undefined {
  const passed = new Set<ServerName>([link.replica]);
  let at = link.source;
  while (at !== undefined) {
    if (passed.has(at)) return members.topology.primary;
    passed.add(at);
    const [up, another] = members.linksFrom(at);
    if (up?.source === undefined || another !== undefined) return at;
    at = up.source;
  }
  return undefined;
}
