import type { ActivityFacts } from './activity.js';
import type {
  Address,
  BinlogFacts,
  FailureReason,
  GtidFacts,
  Identity,
  SemiSyncFacts,
  ServerName,
} from './snapshot.js';

/** What the newest look alone does not show: how long a server has been away, and whether it is we who are cut off. */
export interface Outlook {
  readonly outages: readonly Outage[];
  /** The whole fleet that this Lockstep watches, every cluster, as of its newest looks. */
  readonly fleet: { readonly servers: number; readonly reachable: number };
}

/** A server that could not be asked at its newest look. */
export interface Outage {
  readonly server: ServerName;
  /** When the first of the looks that failed one after the other ended, milliseconds since the Unix epoch. */
  readonly since: number;
  /** How many looks failed one after the other. */
  readonly looks: number;
  /** Every reason that these gave. */
  readonly reasons: readonly FailureReason[];
  /** The last look that could ask it; undefined when none did, as far as anybody remembers. */
  readonly lastSeen: LastSeen | undefined;
  /** Left out: this Lockstep saw it itself since it started. Else it is what was written down before. */
  readonly recalled?: Recalled;
}

/** Of a server, what a judgement over its death rests on: a part of a snapshot. */
export interface LastSeen {
  /** When the look began, milliseconds since the Unix epoch, on the clock of now. */
  readonly at: number;
  readonly address: Address;
  readonly facts: LastFacts | undefined;
}

export interface LastFacts {
  readonly identity: Pick<Identity, 'flavour' | 'serverId' | 'uuid'>;
  readonly gtid: GtidFacts | undefined;
  readonly semiSync: Pick<SemiSyncFacts, 'source'> | undefined;
  readonly binlog: Pick<BinlogFacts, 'current'> | undefined;
  readonly activity?: Pick<ActivityFacts, 'waitingForReplicas'> | undefined;
}

export interface Recalled {
  /** Whether it is sure how long ago that was; otherwise it may be longer: the clock was set, or the machine has started anew. */
  readonly dated: boolean;
}

/**
 * Reasons that are evidence of death: nobody answered. With any other the server is alive: it greeted, spoke TLS, or
 * sent an error packet.
 */
export const silentReasons: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'refused',
  'unreachable',
  'timeout',
  'connection-lost',
  'stuck',
]);
