import type { Action } from '../domain/action.js';
import type { ProcedureName } from '../domain/procedure-names.js';
import type { Parameters, Scene } from '../domain/scene.js';
import type { ServerName } from '../domain/snapshot.js';
import type { NextStartWish, SurveyWish } from './ports.js';

/**
 * A remediation: pure functions from what is seen to what is to be done. The engine asks them in this order: `needed`,
 * `refusals`, `asks`, then `premises` and `steps` for the plan; `needed` and `premises` once more before the start.
 */
export interface Procedure {
  readonly name: ProcedureName;
  /** What it does, one sentence without a full stop. */
  readonly purpose: string;
  /** Beside `cluster`, which every procedure has. */
  readonly parameters: readonly ParameterSpec[];
  /** What it locks: the whole cluster, the server that its parameter `server` names, or nothing, for one that only looks. */
  readonly locks: Locks;
  /**
   * Servers that it takes for dead, or that let nobody in. Whoever of them answers is locked like the others; they are not waited for, because
   * one that stands still would take all the time that there is, and the run starts without them.
   */
  readonly dead?: (scene: Scene, parameters: Parameters) => readonly ServerName[];
  /** Its looks log in anew and read files anew, so that they see what is served now. Default: as old as the newest login. */
  readonly looks?: 'anew';
  /**
   * It opens a server whose commits may wait for replicas that it has yet to bring there: once it has begun, nothing is
   * asked that waits with them. Default: everything is.
   */
  readonly opens?: true;
  /** Which servers are looked at more closely before it plans: what they hold, and the room on their machines. Default none. */
  readonly surveys?: (scene: Scene, parameters: Parameters) => readonly SurveyWish[];
  /** Of which servers it is asked before it plans what a restart would change. Default none. */
  readonly nextStarts?: (scene: Scene, parameters: Parameters) => readonly NextStartWish[];
  /** Whether what it mends is there. */
  readonly needed: (scene: Scene, parameters: Parameters) => Need;
  /** What forbids it whoever asks, each with what to do about it. */
  readonly refusals: (scene: Scene, parameters: Parameters) => readonly Refusal[];
  /** Why a person must approve this one whatever the policy says; undefined: the policy decides. */
  readonly asks?: (scene: Scene, parameters: Parameters) => string | undefined;
  /** The stable facts that the plan rests on: roles, identities, versions, sources, TLS; never positions or lag. JSON. */
  readonly premises: (scene: Scene, parameters: Parameters) => unknown;
  /** Called when planned, and on resume again with the journalled scene: the same scene gives the same steps. */
  readonly steps: (scene: Scene, parameters: Parameters) => readonly Step[];
  /** What is left for a person once every step is done, one sentence: the run then needs a human. undefined: nothing. */
  readonly leaves?: (scene: Scene, parameters: Parameters) => string | undefined;
  /**
   * Each second counts: it looks twice a second while it waits to see, and ends other runs before their commit point
   * that stand in its way, once nothing else keeps it from starting.
   */
  readonly urgent?: true;
  /** What people should know before they approve, one sentence each: costs, and what could not be rehearsed. */
  readonly remarks?: (scene: Scene, parameters: Parameters) => readonly string[];
}

export const lockings = ['cluster', 'server', 'nothing'] as const;
export type Locks = (typeof lockings)[number];

export interface ParameterSpec {
  readonly name: string;
  /**
   * `server` and `channel` must be configured or seen in the cluster; `choice` is one of `values`; `duration` as in the
   * configuration, `7d`; `names` are words with commas between them, which the procedure itself must know.
   */
  readonly kind: 'server' | 'channel' | 'choice' | 'duration' | 'names';
  readonly required: boolean;
  readonly values?: readonly string[];
  readonly default?: string;
  readonly help: string;
}

/** `unknown`: a server that had to be asked could not be. The sentence says what was seen. */
export interface Need {
  readonly observed: 'yes' | 'no' | 'unknown';
  readonly why: string;
}

export interface Refusal {
  /** Closed, lower case with dashes: `data-error`, `source-unreachable`. */
  readonly reason: string;
  readonly why: string;
  readonly remedy: string;
  /** Nobody but a person can decide, and nothing else should act meanwhile: two primaries. The run then needs a human. */
  readonly human?: true;
}

export interface Step {
  /** Unique in its plan; lower case with dashes: it names fault points. */
  readonly id: string;
  readonly title: string;
  /** Sent by the engine exactly as it stands. There is no other road to a server. */
  readonly plan: readonly Action[];
  /**
   * Pure. Asked before (skip it?), after (did it happen?) and on resume. Stays true for the rest of the run:
   * "contains", never "equals".
   */
  readonly done: (seen: Seen) => boolean;
  /** How to take it back, and how it looks when it is taken back: asked before and after, like `done`. */
  readonly undo?: Undo;
  /** Neighbours of one name are looked at once before and once after, with nothing in between. Default: a section of its own. */
  readonly section?: string;
  /** Once `done` is seen on the servers, the run only goes forward. */
  readonly commits?: true;
  /**
   * Of the step that commits: notes that the plan knows beforehand, or under another name. The run has them as soon as
   * the commit is seen, also where whoever sent it died before it could write down anything.
   */
  readonly notes?: Readonly<Record<string, string | NoteName>>;
  /** Beyond the commit point a failure here holds up only steps of its section with the same word, such as the server's name. */
  readonly apart?: string;
  /** The commit record is on the disk before this is sent, although a later step of its section commits. */
  readonly afterRecord?: true;
  /** Seconds that its actions, and then the wait until `done` is seen, may take. Default 30. */
  readonly within?: number;
  /**
   * Notes that keep when it happened, milliseconds since the Unix epoch: before the action of that place in its plan was
   * sent, and after the last was answered.
   */
  readonly moments?: { readonly before?: { readonly action: number; readonly note: string }; readonly ended?: string };
  /** What the look before its section showed that is to be kept in the notes. Pure. */
  readonly remembers?: (seen: Seen) => Notes;
  /** How often it is tried, with 1, 2, 4, …, at most 16 seconds in between, before it has failed. In a section of several steps only for the first, which must leave nothing behind when it fails. Default 1. */
  readonly attempts?: number;
}

export interface Undo {
  readonly plan: readonly Action[];
  readonly done: (seen: Seen) => boolean;
}

/** What `done` is asked with. */
export interface Seen extends Scene {
  /** Values learned in the run. */
  readonly notes: Notes;
  /** Sessions that this process holds now, as `db1/control`. */
  readonly held: ReadonlySet<string>;
}

export type Notes = Readonly<Record<string, string>>;

/** The note of that name; one that was not learned is left out. */
export interface NoteName {
  readonly note: string;
}
