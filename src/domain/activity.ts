/**
 * What could stand in the way of a freeze. Sessions of replication, of the server itself and of Lockstep are not in it,
 * nor is one that holds LOCK TABLES and does nothing: servers do not tell it with what a monitor may ask.
 */
export interface ActivityFacts {
  /** Statements that have been running for a second or more, the longest first; at most 100. */
  readonly statements: readonly Running[];
  /** Transactions that have been open for a second or more, the oldest first; at most 100. */
  readonly transactions: readonly Running[];
  /** Sessions that wait for a semi-synchronous replica now. */
  readonly waitingForReplicas: number;
  /** max_connections, and how many sessions there are, all of replicas and of Lockstep among them. */
  readonly connections: { readonly limit: number; readonly used: number };
  /** Events of the event scheduler that are enabled here; undefined on MySQL from 8.0 on. */
  readonly enabledEvents: number | undefined;
}

/** The text of a statement is never kept: it may hold anything. */
export interface Running {
  /** The session's number, for KILL. */
  readonly id: number;
  readonly user: string;
  readonly seconds: number;
  /** What it does, as the server calls it: `Query`, `Waiting for table flush`, `INSERT`. */
  readonly state: string;
  /**
   * Whether it may change something; undefined where that is not known. A transaction: whether it has changed something,
   * and undefined where it has not yet and could.
   */
  readonly writes: boolean | undefined;
}
