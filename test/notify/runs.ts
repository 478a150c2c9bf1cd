import { pino } from 'pino';
import type { Log } from '../../src/base/log.js';
import type { Automation, PlanView } from '../../src/engine/automation.js';
import type { EngineEvent, EngineListener, RunEvent } from '../../src/engine/events.js';
import type { GuardVerdict, RunView } from '../../src/engine/run.js';

const base = Date.UTC(2026, 10, 28, 15, 22, 33);

export const head = { seq: 41, hash: 'ab'.repeat(32) };

export const approval: GuardVerdict = {
  guard: 'approval',
  why: 'policy 1 wants an approval',
  remedy: 'Approve the plan.',
};

/** A run that an alert asked for and that waits for an approval, changed as wanted. */
export function runOf(change: Partial<RunView> = {}): RunView {
  return {
    id: '20261128T152233Z-3f9a1c',
    procedure: 'restart-replication',
    parameters: { cluster: 'production', server: 'db2' },
    mode: 'approve',
    trigger: {
      kind: 'alert',
      alertname: 'ReplicationStopped',
      fingerprint: '0011223344556677',
      labels: { alertname: 'ReplicationStopped', cluster: 'production', server: 'db2' },
      startsAt: '2026-11-28T15:22:00Z',
      by: 'alertmanager',
    },
    state: 'waiting',
    guard: undefined,
    outcome: undefined,
    why: 'it was asked for',
    requestedAt: base,
    startedAt: undefined,
    endedAt: undefined,
    expiresAt: base + 3_600_000,
    digest: 'cd'.repeat(32),
    steps: [],
    approval: undefined,
    committed: false,
    ...change,
  };
}

export function running(change: Partial<RunView> = {}): RunView {
  return runOf({ state: 'running', startedAt: base + 1000, why: 'it is at work', ...change });
}

export function ended(change: Partial<RunView> = {}): RunView {
  return running({ state: 'ended', endedAt: base + 9000, outcome: 'succeeded', why: 'it replicates again', ...change });
}

export function waitingEvent(guard: GuardVerdict, change: Partial<RunView> = {}): RunEvent {
  const run = runOf({ guard, why: guard.why, ...change });
  return { type: 'waiting', guard, run, at: base, head, sentence: guard.why };
}

export function eventOf(type: 'started' | 'ended' | 'needs-human' | 'resumed' | 'requested', run: RunView): RunEvent {
  return { type, run, at: base, head, sentence: `the run ${type}: ${run.why}` };
}

export const plan: PlanView = {
  procedure: 'restart-replication',
  parameters: { cluster: 'production', server: 'db2' },
  digest: 'cd'.repeat(32),
  guards: [],
  observed: 'the SQL thread of db2 has stopped with error 1205',
  remarks: [],
  steps: [],
  text: [
    'restart-replication on production, server db2',
    '1. Start the SQL thread',
    "     db2: SET `x` = '<&>';",
    'needs ``` no frame',
  ],
};

/** The engine's side of the notifications: an event stream, plans, and runs that are open. */
export class Stream implements Pick<Automation, 'subscribe' | 'planOf' | 'runs'> {
  readonly #listeners = new Set<EngineListener>();
  open: readonly RunView[] = [];
  planOf: Automation['planOf'] = () => Promise.resolve(plan);

  subscribe(listener: EngineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  runs(): readonly RunView[] {
    return this.open;
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** A log that keeps its lines. */
export function recordedLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }), lines };
}
