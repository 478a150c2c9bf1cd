import { channelTlsOf } from './channel-tls.js';
import { errantOf } from './errant.js';
import { gtidGapOf, heartbeatLagOf, lagIsKnown } from './lag.js';
import { membersOf, type Members } from './members.js';
import { retentionHeadroom, sourceLogAvailable } from './retention.js';
import type { Channel, ClusterSnapshot, ServerName, ServerSnapshot } from './snapshot.js';
import { unknownReplicasOf } from './strangers.js';
import type { Link, Topology } from './topology.js';

/**
 * What shows that a channel is really encrypted, strongest first. `observed`: the source sees the session's cipher.
 * `replica-enforces`: the replica refuses plaintext by itself (MySQL with SSL=1; MariaDB with verification on).
 * `account-requires`, `source-requires`: the source would refuse a new plaintext login (REQUIRE SSL; require_secure_transport).
 * `none`: nothing proves it.
 */
export const tlsProofs = ['observed', 'replica-enforces', 'account-requires', 'source-requires', 'none'] as const;
export type TlsProof = (typeof tlsProofs)[number];

/** Facts of one channel that need the source's snapshot as well. */
export interface ChannelRelation {
  readonly server: ServerName;
  readonly channel: string;
  readonly source: ServerName | undefined;
  /** Transactions that the source has and the replica has not applied; undefined without GTID or without the source. */
  readonly gtidGap: number | undefined;
  /** Lag measured by the heartbeat table, seconds; undefined without one. */
  readonly heartbeatLagSeconds: number | undefined;
  /** Whether the lag can be believed: both threads run, the server gives a number, and the source is not silent. */
  readonly lagKnown: boolean;
  readonly tls: {
    /** Whether the stream is encrypted now; undefined when nothing can tell. */
    readonly negotiated: boolean | undefined;
    readonly proof: TlsProof;
    readonly protocol: string | undefined;
    readonly cipher: string | undefined;
    /** The channel would go on in plaintext, saying nothing, if the source stopped offering TLS. */
    readonly fallbackPossible: boolean | undefined;
  };
  /** Whether the source still has the binary log that this channel reads; undefined when its files are not known. */
  readonly sourceLogAvailable: boolean | undefined;
  /** Seconds until the source's retention passes what this channel has yet to read; undefined when kept for ever or unknown. */
  readonly retentionHeadroomSeconds: number | undefined;
}

/** Facts of one server that need the cluster. */
export interface ServerRelation {
  readonly server: ServerName;
  /**
   * Transactions that this replica has and its sources never had; MariaDB: at least so many. undefined is unknown:
   * the primary itself, no GTID, a source that could not be asked or is not configured, or (MariaDB) a source whose
   * history was reset. {@link errantOf} says all of it.
   */
  readonly errantTransactions: number | undefined;
  /** The errant set as the flavour writes it, '' when none or unknown. */
  readonly errantSet: string;
  /**
   * A source was read before the look at the replica ended, so what looks errant (or like a source gone back) may only
   * be newer: read the source's GTID once more, put it and its time into a copy of the snapshot, and ask again.
   */
  readonly errantUnsettled: boolean;
  /** Streams of this server's binary log that belong to no configured replica; undefined when the server does not tell. */
  readonly unknownReplicas: number | undefined;
}

export interface Relations {
  readonly channels: readonly ChannelRelation[];
  readonly servers: readonly ServerRelation[];
}

/** One entry per channel of every server that could be asked, and one per configured server. */
export function relationsOf(snapshot: ClusterSnapshot, topology: Topology): Relations {
  const members = membersOf(snapshot, topology);
  return {
    channels: topology.links.flatMap((link) => {
      const channel = members.channel(link);
      return channel === undefined ? [] : [channelRelation(link, channel, members)];
    }),
    servers: snapshot.servers.map((server) => serverRelation(server, members)),
  };
}

/** Whether it surely has transactions of its own: none that a later reading of its source could explain. */
export function isErrant(relation: ServerRelation | undefined): boolean {
  return (relation?.errantTransactions ?? 0) > 0 && relation?.errantUnsettled === false;
}

function channelRelation(link: Link, channel: Channel, members: Members): ChannelRelation {
  return {
    server: link.replica,
    channel: link.channel,
    source: link.source,
    gtidGap: gtidGapOf(link, members),
    heartbeatLagSeconds: heartbeatLagOf(link, channel, members),
    lagKnown: lagIsKnown(channel),
    tls: channelTlsOf(link, channel, members),
    sourceLogAvailable: sourceLogAvailable(link, channel, members),
    retentionHeadroomSeconds: retentionHeadroom(link, channel, members),
  };
}

function serverRelation(server: ServerSnapshot, members: Members): ServerRelation {
  const errant = errantOf(server, members);
  return {
    server: server.name,
    errantTransactions: errant.transactions,
    errantSet: errant.set,
    errantUnsettled: errant.unsettled,
    unknownReplicas: unknownReplicasOf(server, members),
  };
}
