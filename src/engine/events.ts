import type { Progress } from '../domain/progress.js';
import type { Stamp } from '../journal/journal.js';
import type { GuardVerdict, RunView } from './run.js';

/** The one stream of what happens: metrics, notifications and server-sent events subscribe to it. */
export type EngineEvent = RunEvent | SwitchEvent;

interface Base {
  readonly at: number;
  /** Newest stamp of the journal when it happened. */
  readonly head: Stamp;
  /** What happened, one plain sentence. */
  readonly sentence: string;
}

export type RunEvent = Base & { readonly run: RunView } & (
    | {
        readonly type:
          'requested' | 'planned' | 'approved' | 'started' | 'undoing' | 'resumed' | 'needs-human' | 'ended';
      }
    | { readonly type: 'waiting'; readonly guard: GuardVerdict }
    | { readonly type: 'step-began' | 'step-ended'; readonly step: string }
    | { readonly type: 'progress'; readonly step: string; readonly progress: Progress }
    | { readonly type: 'section-began'; readonly section: string }
    | { readonly type: 'section-ended'; readonly section: string; readonly seconds: number }
  );

export type SwitchEvent = Base & {
  readonly type: 'paused' | 'unpaused' | 'downtime' | 'downtime-ended' | 'acknowledged';
  readonly by: string;
  /** undefined: all clusters. */
  readonly cluster: string | undefined;
  readonly server?: string;
};

export type EngineListener = (event: EngineEvent) => void;
