import type { ClusterSnapshot, ServerName } from './snapshot.js';
import type { Topology } from './topology.js';

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
   * Transactions that this replica has and its sources never had. undefined is unknown: no GTID, a source that
   * could not be asked or is not configured, or (MariaDB) a source whose history was reset.
   */
  readonly errantTransactions: number | undefined;
  /** The errant set as the flavour writes it, '' when none or unknown. */
  readonly errantSet: string;
  /** The source was read before the replica, so what looks errant may only be newer: look at the source's GTID once more. */
  readonly errantUnsettled: boolean;
  /** Streams of this server's binary log that belong to no configured replica; undefined when the server does not tell. */
  readonly unknownReplicas: number | undefined;
}

export interface Relations {
  readonly channels: readonly ChannelRelation[];
  readonly servers: readonly ServerRelation[];
}

export declare function relationsOf(snapshot: ClusterSnapshot, topology: Topology): Relations;
