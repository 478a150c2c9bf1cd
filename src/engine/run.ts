import type { ProcedureName } from '../domain/procedure-names.js';
import type { Progress } from '../domain/progress.js';
import type { Parameters } from '../domain/scene.js';

/** `20261128T152233Z-3f9a1c`: sorts by time. */
export type RunId = string;

/** `plan`: say what it would do. `approve`: do it once an operator has approved that plan. `auto`: do it. */
export const modes = ['plan', 'approve', 'auto'] as const;
export type Mode = (typeof modes)[number];

export const runStates = ['waiting', 'running', 'undoing', 'needs-human', 'ended'] as const;
export type RunState = (typeof runStates)[number];

/** `planned`: its mode was `plan`, and nothing was done. `failed`: nothing to undo, not mended. */
export const outcomes = [
  'succeeded',
  'rolled-back',
  'failed',
  'planned',
  'refused',
  'cancelled',
  'expired',
  'abandoned',
] as const;
export type Outcome = (typeof outcomes)[number];

/** Who asked. */
export type Trigger =
  | {
      readonly kind: 'alert';
      readonly alertname: string;
      /** Alertmanager's, evidence only. */
      readonly fingerprint: string;
      /** Of the alert as it came: compared with silences, never used for anything else. */
      readonly labels: Readonly<Record<string, string>>;
      /** As Alertmanager said it. */
      readonly startsAt: string;
      /** The name of the token or user that delivered it. */
      readonly by: string;
    }
  /** `local:root`, or the name of a token, user or certificate. */
  | { readonly kind: 'person'; readonly by: string }
  | { readonly kind: 'schedule'; readonly by: string };

export type TriggerKind = Trigger['kind'];

/** What somebody asks for. */
export interface RunRequest {
  readonly procedure: ProcedureName;
  /** Checked against the procedure's own list and the configuration when it is asked. */
  readonly parameters: Parameters;
  readonly mode: Mode;
  readonly trigger: Trigger;
  /** Of the policy, where it says something else than the configuration. Seconds. */
  readonly limits?: Partial<RunLimits>;
  /** A second request with the same key gives the run of the first. */
  readonly idempotencyKey?: string;
}

/** What the run was asked under: a reload does not change them. */
export interface RunLimits {
  /** How long it may wait for guards, seconds. */
  readonly waitAtMost: number;
  /** How long after the end of one the next of the same procedure and server may start by itself, seconds. */
  readonly cooldown: number;
  /** Name of the maintenance window in which it may start by itself; '' for any time. */
  readonly window: string;
}

/** Guards decide starting. Those that pass by themselves make a run wait; the rest refuse. */
export const waitingGuards = [
  'not-visible',
  'needs-human',
  'another-run',
  'paused',
  'downtime',
  'cooldown',
  'budget',
  'window',
  'silenced',
  'approval',
  'locked',
] as const;
export const refusingGuards = [
  'not-observed',
  'unproven',
  'topology',
  'precheck',
  'no-account',
  'premises-changed',
  'journal-full',
  'parameters',
] as const;
export type WaitingGuard = (typeof waitingGuards)[number];
export type RefusingGuard = (typeof refusingGuards)[number];
export type GuardName = WaitingGuard | RefusingGuard;

export interface GuardVerdict {
  readonly guard: GuardName;
  /** A plain sentence. */
  readonly why: string;
  readonly remedy: string | undefined;
  /** Of `precheck`: which of the procedure's refusals, `replicas-first`. */
  readonly reason?: string;
  /** Nobody but a person can decide what is to be done: the run needs a human instead of being refused. */
  readonly human?: true;
}

/** A run as people, the API and subscribers see it. JSON; times are milliseconds since the Unix epoch. */
export interface RunView {
  readonly id: RunId;
  readonly procedure: ProcedureName;
  readonly parameters: Parameters;
  readonly mode: Mode;
  readonly trigger: Trigger;
  readonly state: RunState;
  /** What it waits for, or what refused it. */
  readonly guard: GuardVerdict | undefined;
  readonly outcome: Outcome | undefined;
  /** Why it is where it is, one plain sentence. */
  readonly why: string;
  readonly requestedAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** When it expires if it has not started by then. */
  readonly expiresAt: number;
  /** Of the plan, 64 hex digits; undefined until it was planned. */
  readonly digest: string | undefined;
  readonly steps: readonly StepView[];
  readonly approval: Approval | undefined;
  /** Whether its commit point was seen on the servers. */
  readonly committed: boolean;
  /** While it is at work that takes long; never in the journal. */
  readonly progress?: Progress;
  /** What it found, a line each; left out where it was not to find anything. */
  readonly report?: readonly string[];
}

export interface StepView {
  readonly id: string;
  readonly title: string;
  readonly section: string;
  readonly status: 'pending' | 'running' | 'done' | 'skipped' | 'failed' | 'undone';
}

/** Bound to the run, the digest of its plan, and a time. */
export interface Approval {
  readonly by: string;
  readonly at: number;
  readonly until: number;
  readonly digest: string;
}
