import type { Log } from '../base/log.js';
import type { ProcedureName } from '../domain/procedure-names.js';
import type { Journal, Lease, Reservation } from '../journal/journal.js';
import type { Book, BookedRun } from './book.js';
import type { EngineEvent } from './events.js';
import type { GuardRules } from './guards.js';
import type { EnginePorts } from './ports.js';
import type { Procedure } from './procedure.js';
import type { EngineRecord } from './records.js';
import type { RunId } from './run.js';

/** What the runs of one engine share. */
export interface Shop {
  readonly journal: Journal<EngineRecord>;
  readonly book: Book;
  readonly ports: EnginePorts;
  readonly log: Log;
  rules(): EngineRules;
  /** @throws LockstepError `procedure-unknown` */
  procedure(name: ProcedureName): Procedure;
  /** Durable, then counted, then told. */
  write(record: EngineRecord, options?: { readonly lease?: Lease; readonly reservation?: Reservation }): Promise<void>;
  /** What is being written, and not yet counted. */
  readonly writing: ReadonlySet<Promise<void>>;
  emit(event: DistributiveOmit<EngineEvent, 'at' | 'head'>): void;
  /** Ends waiting: the process wants to stop. Runs at work end at their next step boundary. */
  readonly stopping: AbortSignal;
  /** Ends work wherever it is: whoever starts next resumes. */
  readonly giveUp: AbortSignal;
  /** Takes one of the few places in which servers are looked at to decide. */
  considering<T>(work: () => Promise<T>): Promise<T>;
  /** Runs that are about to start or at work, in the order in which they were let go: those that come later count them. */
  readonly claims: Map<RunId, BookedRun>;
}

/** Under the configuration of now. */
export interface EngineRules extends GuardRules {
  readonly waitAtMost: number;
  readonly cooldown: number;
  /** How long an approval holds, seconds. */
  readonly approval: number;
  pauseFileExists(): boolean;
}

export type DistributiveOmit<T, Key extends PropertyKey> = T extends unknown ? Omit<T, Key> : never;
