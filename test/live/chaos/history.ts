import type { ServerName } from '../../../src/domain/snapshot.js';

/**
 * What was seen of one round, as plain data: what clients were told, what the servers showed while it went on, and what
 * they hold afterwards. invariants.ts judges it. Times are milliseconds since the Unix epoch, with fractions.
 */

/**
 * `acked`: the server said that it is committed. `refused`: it said that it is read-only, so that nothing is there.
 * `unknown`: neither; the write may be there or not.
 */
export type WriteOutcome = 'acked' | 'refused' | 'unknown';

/** One insert, tried once: whoever fails goes on with the next number. */
export interface Attempt {
  readonly writer: number;
  readonly seq: number;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly outcome: WriteOutcome;
  /** What it was told, where it was not acknowledged. */
  readonly told?: string;
  /** The id of the server that it was sent to, where the writer asked. */
  readonly server?: number;
}

/** A row as a server holds it: who wrote it, and when, both by the server's own word as it committed. */
export interface WrittenRow {
  readonly writer: number;
  readonly seq: number;
  readonly serverId: number;
  /** Microseconds since the Unix epoch, by the server's clock while the statement ran. */
  readonly at: number;
}

/** What a server answered, asked at its own socket: between these two moments it was so. */
export interface Sample {
  readonly server: ServerName;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly writable: boolean;
}

/** A server after all has settled. */
export interface FinalServer {
  readonly name: ServerName;
  readonly serverId: number;
  readonly writable: boolean;
  readonly rows: readonly WrittenRow[];
  readonly checksum: string;
  /** For each uuid or domain and server, every transaction that it holds: what errant ones are found by. */
  readonly transactions: Transactions;
  readonly channels: readonly FinalChannel[];
  /** Streams of its binary log that go out without TLS, by the server's own word; undefined: it cannot tell. */
  readonly plaintextStreams: number | undefined;
  /** Sessions of Lockstep's operate account, and statements that wait for a lock. */
  readonly held: readonly string[];
  /** Global variables that differ from how the round began, as `name: before -> after`. */
  readonly changed: readonly string[];
}

export interface FinalChannel {
  readonly sourcedFrom: ServerName | undefined;
  readonly io: string;
  readonly sql: string;
  /** Of both threads, '' for none. */
  readonly error: string;
  /** Everything that the channel says of TLS, as `name=value`, in its order. */
  readonly tls: string;
}

/** `contains`: whether the other's are all among these; the texts are for people. */
export interface Transactions {
  readonly text: string;
  /** What is here and not there; '' for nothing. Asked on the servers, or computed. */
  readonly missingFrom: Readonly<Record<ServerName, string>>;
}

export interface FinalRun {
  readonly id: string;
  readonly procedure: string;
  readonly state: string;
  readonly outcome: string | undefined;
  readonly why: string;
}

/** What the plan of a failover had said may be lost of what the dead primary acknowledged. Milliseconds since the Unix epoch. */
export interface DeclaredLoss {
  /** Whatever was acknowledged from then on. */
  readonly since: number;
  /** When the next primary was opened. */
  readonly until: number;
  /** And so many that were acknowledged before. */
  readonly transactions: number;
}

export interface Evidence {
  readonly attempts: readonly Attempt[];
  /** In the order in which they were taken. */
  readonly samples: readonly Sample[];
  readonly servers: readonly FinalServer[];
  /** The primary at the begin, and who was promoted after it, in order, as the journal has it. */
  readonly primaries: readonly ServerName[];
  /** What each replica's channel says of TLS when all is well. */
  readonly channelTls: Readonly<Record<ServerName, string>>;
  readonly runs: readonly FinalRun[];
  /** Ids of runs that the metrics say need a human. */
  readonly alarmed: number;
  readonly journal: { readonly ok: boolean; readonly why: string };
  /** None where every commit waited for a replica. */
  readonly losses: readonly DeclaredLoss[];
  /** Whether a failover stops the old primary's process. Where it does not, one that is cut off stays open and acknowledges nothing. */
  readonly fenced: boolean;
}
