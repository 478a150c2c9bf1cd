import type { ProcedureName } from '../domain/procedure-names.js';
import type { PrimaryChange } from '../domain/primary-change.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { Withdrawal } from '../domain/withdrawal.js';
import type { WritePause } from '../domain/write-pause.js';
import type { Downtime, Pause } from './automation.js';
import type { Notes } from './procedure.js';
import type { Approval, GuardVerdict, Mode, Outcome, RunId, RunLimits, Trigger } from './run.js';

/**
 * What the engine writes into the journal. Records of every release are read by every later one: fields are added,
 * never changed in meaning; `v` rises when a reader must know better.
 */
export type EngineRecord = RunRecord | SwitchRecord;

export type RunRecord = { readonly v: 1; readonly run: RunId } & (
  | {
      readonly type: 'requested';
      readonly procedure: ProcedureName;
      readonly parameters: Parameters;
      readonly mode: Mode;
      readonly trigger: Trigger;
      readonly limits: RunLimits;
      readonly idempotencyKey?: string;
    }
  | { readonly type: 'waiting'; readonly guard: GuardVerdict }
  | {
      readonly type: 'planned';
      readonly digest: string;
      /** Steps are made from it again on resume. */
      readonly scene: Scene;
      readonly observed: string;
      readonly steps: readonly { readonly id: string; readonly title: string; readonly section: string }[];
    }
  | { readonly type: 'approved'; readonly approval: Approval }
  /** `reads`: it changes nothing, so that it takes nothing of the hour's budget. */
  | { readonly type: 'started'; readonly digest: string; readonly reads?: true }
  /** Written before anything of the section is sent. */
  | { readonly type: 'section'; readonly section: string; readonly steps: readonly string[]; readonly notes: Notes }
  /** The commit record: written before the step that commits is sent. */
  | { readonly type: 'committing'; readonly step: string; readonly notes: Notes }
  /** Written when the whole section was seen on the servers. */
  | {
      readonly type: 'section-done';
      readonly section: string;
      readonly done: readonly string[];
      readonly skipped: readonly string[];
      readonly committed: boolean;
      readonly seconds: number;
      readonly notes: Notes;
    }
  /**
   * `shown`: what of it was not seen to be as before. Whoever resumes it knows by that whether anything was to be taken back.
   * `told`: nothing went wrong, it was told to end.
   */
  | { readonly type: 'undoing'; readonly why: string; readonly shown?: readonly string[]; readonly told?: boolean; readonly notes: Notes } // prettier-ignore
  | { readonly type: 'undone'; readonly steps: readonly string[] }
  | { readonly type: 'aborting'; readonly by: string }
  | { readonly type: 'needs-human'; readonly why: string }
  | { readonly type: 'resumed'; readonly by: string }
  | { readonly type: 'ended'; readonly outcome: Outcome; readonly why: string; readonly guard?: GuardVerdict }
  /** The run has ended and what it would mend is no longer observed: the next alert begins anew. */
  | { readonly type: 'episode-over' }
);

export type SwitchRecord = { readonly v: 1 } & (
  | { readonly type: 'paused'; readonly pause: Pause }
  | { readonly type: 'unpaused'; readonly cluster?: string; readonly by: string }
  | { readonly type: 'downtime'; readonly downtime: Downtime }
  | { readonly type: 'downtime-ended'; readonly cluster: string; readonly server: string; readonly by: string }
  | { readonly type: 'acknowledged'; readonly cluster: string; readonly by: string }
  /** What of the past still counts, said again before older entries are dropped. */
  | {
      readonly type: 'carried';
      readonly pauses: readonly Pause[];
      readonly downtimes: readonly Downtime[];
      readonly ends: readonly RunEnd[];
      readonly starts: readonly RunStart[];
      readonly successes: readonly Success[];
      readonly changes?: readonly (PrimaryChange & { readonly cluster: string })[];
      readonly writePauses?: readonly WritePause[];
      readonly withdrawals?: readonly (Withdrawal & { readonly cluster: string })[];
    }
);

/** The newest end of the runs that did something, for each procedure and its parameters. */
export interface RunEnd {
  readonly key: string;
  readonly procedure: ProcedureName;
  readonly cluster: string;
  readonly at: number;
  readonly outcome: Outcome;
  /** A failure that nobody has acknowledged keeps the next run from starting by itself. */
  readonly acknowledged: boolean;
}

export interface Success {
  readonly procedure: ProcedureName;
  readonly cluster: string;
  readonly at: number;
}

/** A run that started by itself, for the budget of an hour. */
export interface RunStart {
  readonly cluster: string;
  readonly at: number;
}

/** Outcomes of runs that did something, or tried to, and failed. */
export const failures: ReadonlySet<Outcome> = new Set(['failed', 'rolled-back', 'abandoned']);
