import type { FailureReason, ServerName, ServerSnapshot } from './snapshot.js';

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
  /** The last look that could ask it; undefined when none did since Lockstep started. */
  readonly lastSeen: ServerSnapshot | undefined;
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
