import type { RunEvent } from '../engine/events.js';
import type { Outcome, RunId, RunView } from '../engine/run.js';
import type { NoticeKind } from './settings.js';

/** One thing that people are told of. */
export interface Notice {
  readonly kind: NoticeKind;
  /** The same for every receiver and every try: whoever gets it twice can tell. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** `Approval wanted: restart-replication on production/db2`. */
  readonly title: string;
  /** What happened, and why. */
  readonly sentence: string;
  readonly run: RunView;
  /** `SEQ:HASH`, as `lockstep runs verify --expect` takes it. */
  readonly head: string;
  /** What a person does now, the likeliest first; empty when there is nothing to do. */
  readonly next: readonly NextStep[];
}

export interface NextStep {
  readonly say: string;
  /** A whole command line. Nothing from outside stands in it but the run's id, which is Lockstep's own. */
  readonly command?: string;
}

/** What an event is to people; undefined: nothing. Pure. */
export function noticeOf(event: RunEvent): Notice | undefined {
  const kind = kindOf(event);
  if (kind === undefined) return undefined;
  const { at, sentence, run, head } = event;
  return {
    kind,
    id: `${run.id}.${kind}.${head.seq}`,
    at,
    title: `${titleOf(kind, run.outcome)}: ${run.procedure} on ${placeOf(run)}`,
    sentence,
    run,
    head: `${head.seq}:${head.hash}`,
    next: nextOf(kind, run),
  };
}

/** Whether it comes with the plan: where a person decides, or learns what would be done. */
export function tellsPlan({ kind, run }: Notice): boolean {
  return kind === 'approval-wanted' || kind === 'needs-human' || run.outcome === 'planned';
}

/** `production/db2`, and the channel where the run names one. */
export function placeOf({ parameters }: RunView): string {
  const { cluster, server, channel } = parameters;
  const place = server === undefined ? cluster : `${cluster}/${server}`;
  return channel === undefined || channel === '' ? place : `${place}, channel ${channel}`;
}

/**
 * Tells what was told before. Guards are asked again and again, and take turns in keeping a run waiting: each is told
 * once for each plan of a run.
 */
export class Told {
  readonly #told = new Map<RunId, Set<string>>();

  before(event: RunEvent): boolean {
    const { run } = event;
    if (event.type === 'ended') this.#told.delete(run.id);
    if (event.type !== 'waiting') return false;
    const keys = this.#told.get(run.id) ?? new Set();
    this.#told.set(run.id, keys);
    const key = `${event.guard.guard} ${run.digest ?? ''}`;
    const before = keys.has(key);
    keys.add(key);
    return before;
  }
}

function kindOf(event: RunEvent): NoticeKind | undefined {
  switch (event.type) {
    case 'waiting':
      return event.guard.guard === 'approval' ? 'approval-wanted' : 'waiting';
    case 'started':
    case 'ended':
    case 'needs-human':
      return event.type;
    case 'requested':
    case 'planned':
    case 'approved':
    case 'undoing':
    case 'resumed':
    case 'progress':
    case 'step-began':
    case 'step-ended':
    case 'section-began':
    case 'section-ended':
      return undefined;
  }
}

const outcomeTitles: Readonly<Record<Outcome, string>> = {
  succeeded: 'Succeeded',
  'rolled-back': 'Rolled back',
  failed: 'Failed',
  planned: 'Planned, nothing done',
  refused: 'Refused',
  cancelled: 'Cancelled',
  expired: 'Expired',
  abandoned: 'Abandoned',
};

function titleOf(kind: NoticeKind, outcome: Outcome | undefined): string {
  switch (kind) {
    case 'approval-wanted':
      return 'Approval wanted';
    case 'started':
      return 'Started';
    case 'waiting':
      return 'Waiting';
    case 'needs-human':
      return 'Needs a human';
    case 'ended':
      return outcome === undefined ? 'Ended' : outcomeTitles[outcome];
  }
}

function nextOf(kind: NoticeKind, { id, guard, outcome, expiresAt }: RunView): readonly NextStep[] {
  const remedy = guard?.remedy === undefined ? [] : [{ say: guard.remedy }];
  switch (kind) {
    case 'approval-wanted':
      return [
        { say: `Approve it until ${timeText(expiresAt)}`, command: `lockstep runs approve ${id}` },
        { say: 'Or cancel it', command: `lockstep runs abort ${id}` },
      ];
    case 'needs-human':
      return [
        { say: 'See what was done and what was seen', command: `lockstep runs show ${id}` },
        { say: 'Let it look again, and go on or undo', command: `lockstep runs resume ${id}` },
        { say: 'Or, once you have put it right yourself, end it', command: `lockstep runs abandon ${id}` },
      ];
    case 'waiting':
      return remedy;
    case 'started':
      return [];
    case 'ended':
      if (outcome === 'succeeded' || outcome === 'cancelled' || outcome === 'abandoned') return [];
      return [...remedy, { say: 'See what was seen and done', command: `lockstep runs show ${id}` }];
  }
}

/** `2026-11-28 15:22 UTC` */
export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
