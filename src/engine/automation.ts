import type { Withdrawal } from '../domain/withdrawal.js';
import type { Stamp, Verdict } from '../journal/journal.js';
import type { EngineListener } from './events.js';
import type { Locks, ParameterSpec } from './procedure.js';
import type { GuardVerdict, RunId, RunRequest, RunView } from './run.js';

/**
 * What the engine offers to the webhook, the API and the command line. Every method that changes something resolves
 * once that is durable, and is refused with a LockstepError whose code is in the table of HTTP errors.
 */
export interface Automation {
  procedures(): readonly ProcedureSummary[];
  /**
   * Look, and say what a run would do now. Changes nothing.
   * @throws LockstepError `procedure-unknown`, `parameters-invalid`
   */
  plan(request: Pick<RunRequest, 'procedure' | 'parameters' | 'trigger'>, signal: AbortSignal): Promise<PlanView>;
  /**
   * Ask for a run. Answers once the request is durable; the run goes on by itself. One for which an episode is open
   * (same procedure, same parameters, not yet ended or still observed) gives that episode's run, for alerts; for schedules while it has not ended.
   * @throws LockstepError `procedure-unknown`, `parameters-invalid`, `journal-full`, `stopping`
   */
  request(request: RunRequest): Promise<{ readonly run: RunView; readonly repeated: boolean }>;
  /** An alert that asked for this is resolved: a run that has not started looks again, and is cancelled if nothing is to be mended. */
  resolved(request: Pick<RunRequest, 'procedure' | 'parameters'>): void;

  /** Newest first. */
  runs(filter?: { readonly cluster?: string; readonly open?: boolean; readonly limit?: number }): readonly RunView[];
  run(id: RunId): RunView | undefined;
  /** The plan of a run that has one, with its scene. */
  planOf(id: RunId): Promise<PlanView | undefined>;
  /** What the journal holds of a run, oldest first, for an audit. */
  history(id: RunId): Promise<readonly HistoryLine[]>;

  /** @throws LockstepError `run-unknown`, `not-waiting-for-approval`, `plan-changed`, `second-person-needed` */
  approve(id: RunId, by: string, digest?: string): Promise<RunView>;
  /** Cancels a waiting run; makes a running one end at its next step boundary, undone before its commit point. @throws LockstepError `run-unknown`, `run-ended`, `past-commit-point` */
  abort(id: RunId, by: string): Promise<RunView>;
  /** Looks at a run that needs a human again, and goes on or undoes. @throws LockstepError `run-unknown`, `not-needing-human` */
  resume(id: RunId, by: string): Promise<RunView>;
  /** A person has seen to it: the run ends, and its cluster is free again. @throws LockstepError `run-unknown`, `not-needing-human` */
  abandon(id: RunId, by: string, reason: string): Promise<RunView>;

  pauses(): readonly Pause[];
  /** @param cluster undefined: everything */
  pause(cluster: string | undefined, by: string, reason: string): Promise<void>;
  unpause(cluster: string | undefined, by: string): Promise<void>;
  downtimes(): readonly Downtime[];
  /** @param until milliseconds since the Unix epoch; undefined ends it now */
  downtime(cluster: string, server: string, until: number | undefined, by: string, reason: string): Promise<void>;
  /** Servers that runs have taken out of what applications read from, and nobody has returned. */
  withdrawals(): readonly (Withdrawal & { readonly cluster: string })[];
  /** Lifts the cooldown that a failed run of a cluster left behind. */
  acknowledge(cluster: string, by: string): Promise<void>;

  readonly head: Stamp;
  verify(expect?: Stamp): Promise<Verdict>;
  /** @returns how to unsubscribe. A listener that throws harms nobody. */
  subscribe(listener: EngineListener): () => void;
}

export interface ProcedureSummary {
  readonly name: string;
  readonly purpose: string;
  readonly locks: Locks;
  readonly parameters: readonly ParameterSpec[];
}

/** A plan for people and programs. JSON. */
export interface PlanView {
  readonly procedure: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** 64 hex digits; undefined when it cannot be planned. */
  readonly digest: string | undefined;
  /** What would keep it from starting, in the order in which it is asked. */
  readonly guards: readonly GuardVerdict[];
  /** What was observed that it would mend. */
  readonly observed: string;
  readonly remarks: readonly string[];
  readonly steps: readonly PlannedStep[];
  /** The same for people: the lines that `lockstep plan` prints. */
  readonly text: readonly string[];
}

export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly section: string;
  readonly commits: boolean;
  /** What is sent, a line each, secrets by name. */
  readonly actions: readonly string[];
  readonly undo: readonly string[];
  /** Seconds that its actions, and then the wait until it is seen, may take. */
  readonly within: number;
}

export interface HistoryLine extends Stamp {
  readonly at: number;
  readonly type: string;
  readonly sentence: string;
}

export interface Pause {
  /** undefined: everything. */
  readonly cluster: string | undefined;
  readonly by: string;
  readonly reason: string;
  readonly since: number;
}

export interface Downtime {
  readonly cluster: string;
  readonly server: string;
  readonly until: number;
  readonly by: string;
  readonly reason: string;
  readonly since: number;
}
