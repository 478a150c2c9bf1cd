import { canonical } from '../base/canonical.js';
import type { ProcedureName } from '../domain/procedure-names.js';
import type { Progress } from '../domain/progress.js';
import { changeIn, type PrimaryChange } from '../domain/primary-change.js';
import type { Parameters, Scene } from '../domain/scene.js';
import { returnedBy, withdrawnBy, type Withdrawal } from '../domain/withdrawal.js';
import { pauseIn, pauseNotes, type WritePause } from '../domain/write-pause.js';
import type { Entry } from '../journal/journal.js';
import type { Downtime, Pause } from './automation.js';
import type { TakingBack } from './execution.js';
import type { Notes } from './procedure.js';
import {
  failures,
  type EngineRecord,
  type RunEnd,
  type RunRecord,
  type RunStart,
  type Success,
  type SwitchRecord,
} from './records.js';
import type {
  Approval,
  GuardVerdict,
  Mode,
  Outcome,
  RunId,
  RunLimits,
  RunState,
  RunView,
  StepView,
  Trigger,
} from './run.js';

/** One run as the journal tells it. */
export interface BookedRun {
  readonly id: RunId;
  readonly key: string;
  readonly procedure: ProcedureName;
  readonly parameters: Parameters;
  readonly mode: Mode;
  readonly trigger: Trigger;
  readonly limits: RunLimits;
  readonly firstSeq: number;
  readonly requestedAt: number;
  state: RunState;
  guard: GuardVerdict | undefined;
  outcome: Outcome | undefined;
  why: string;
  startedAt: number | undefined;
  endedAt: number | undefined;
  digest: string | undefined;
  /** Kept while it is open. */
  scene: Scene | undefined;
  observed: string;
  steps: readonly StepView[];
  approval: Approval | undefined;
  /** Ids of the steps of every section that was begun. */
  begun: readonly string[];
  /** The commit record was written: without it the committing step was never sent. */
  committing: boolean;
  committed: boolean;
  /** It was being taken back when last heard of, for what went wrong first. */
  takingBack: TakingBack | undefined;
  aborting: string | undefined;
  notes: Notes;
  /** Of the work of now; known to this process alone. */
  progress: Progress | undefined;
}

/** Ended runs that are kept in memory; older ones stand in the journal. */
const keptEnded = 5000;
const hour = 3_600_000;
/** The note that holds what a run found, a line each. */
const reportNote = 'report';

/** What the journal adds up to. Every state follows from its entries alone, in their order. */
export class Book {
  readonly runs = new Map<RunId, BookedRun>();
  /** The run of each open episode, by key. */
  readonly episodes = new Map<string, RunId>();
  /** The newest run of each key, its episode over or not. */
  readonly latest = new Map<string, RunId>();
  readonly idempotency = new Map<string, RunId>();
  readonly pauses = new Map<string, Pause>();
  readonly downtimes = new Map<string, Downtime>();
  readonly ends = new Map<string, RunEnd>();
  /** Newest success of each procedure in each cluster. */
  readonly successes = new Map<string, Success>();
  /** The last primary that a run made, by cluster. */
  readonly changes = new Map<string, PrimaryChange>();
  /** How long nobody could write at the last change, by cluster. */
  readonly writePauses = new Map<string, WritePause>();
  /** Servers that applications are not to read from, by cluster and server. */
  readonly withdrawals = new Map<string, Withdrawal & { readonly cluster: string }>();
  starts: RunStart[] = [];
  #ended: RunId[] = [];

  apply({ seq, at, record }: Pick<Entry<EngineRecord>, 'seq' | 'at' | 'record'>): void {
    if ('run' in record) this.#ofRun(seq, at, record);
    else this.#ofSwitch(record);
  }

  /** A run that is known to be there. */
  run(id: RunId): BookedRun {
    const run = this.runs.get(id);
    if (run === undefined) throw new Error(`run ${id} is not in the book`);
    return run;
  }

  open(): BookedRun[] {
    return [...this.runs.values()].filter(({ state }) => state !== 'ended');
  }

  #ofRun(seq: number, at: number, record: RunRecord): void {
    if (record.type === 'requested') {
      this.#requested(seq, at, record);
      return;
    }
    const run = this.runs.get(record.run);
    // Its beginning was dropped from the journal long ago.
    if (run === undefined) return;
    switch (record.type) {
      case 'waiting':
        run.guard = record.guard;
        run.why = record.guard.why;
        return;
      case 'planned':
        run.digest = record.digest;
        run.scene = record.scene;
        run.observed = record.observed;
        run.steps = record.steps.map((step) => ({ ...step, status: 'pending' }));
        return;
      case 'approved':
        run.approval = record.approval;
        return;
      case 'started':
        run.state = 'running';
        run.startedAt = at;
        run.guard = undefined;
        run.why = 'it is at work';
        if (run.trigger.kind !== 'person' && record.reads !== true)
          this.starts.push({ cluster: run.parameters.cluster, at });
        this.starts = this.starts.filter((start) => start.at > at - hour);
        return;
      case 'section':
        this.#withdrawn(run, record.steps, at);
        run.notes = record.notes;
        run.begun = [...run.begun, ...record.steps];
        this.#steps(run, record.steps, 'running');
        return;
      case 'committing':
        run.notes = record.notes;
        run.committing = true;
        return;
      case 'section-done':
        run.notes = record.notes;
        run.progress = undefined;
        if (record.committed && !run.committed) this.#changed(run, at);
        run.committed ||= record.committed;
        this.#measured(run);
        this.#returned(run, returnedBy([...record.done, ...record.skipped]));
        this.#steps(run, record.done, 'done');
        this.#steps(run, record.skipped, 'skipped');
        return;
      case 'undoing':
        run.state = 'undoing';
        run.takingBack = {
          why: record.why,
          shown: run.takingBack?.shown === true || (record.shown ?? []).length > 0,
          told: record.told === true,
        };
        run.notes = record.notes;
        run.why = record.why;
        this.#steps(
          run,
          run.steps.filter(({ status }) => status === 'running').map(({ id }) => id),
          'failed',
        );
        return;
      case 'undone':
        if (run.takingBack !== undefined) run.takingBack = { ...run.takingBack, shown: true };
        this.#returned(run, withdrawnBy(record.steps));
        this.#steps(run, record.steps, 'undone');
        return;
      case 'aborting':
        run.aborting = record.by;
        return;
      case 'needs-human':
        run.state = 'needs-human';
        run.why = record.why;
        return;
      case 'resumed':
        // What needed a human before it began begins to wait again.
        run.state = run.startedAt === undefined ? 'waiting' : 'running';
        run.why = `resumed by ${record.by}`;
        return;
      case 'ended': {
        this.#hasEnded(run, at, record);
        return;
      }
      case 'episode-over':
        if (this.episodes.get(run.key) === run.id) this.episodes.delete(run.key);
    }
  }

  #requested(seq: number, at: number, record: Extract<RunRecord, { type: 'requested' }>): void {
    const { run: id, procedure, parameters, mode, trigger, limits, idempotencyKey } = record;
    const key = keyOf(procedure, parameters);
    this.runs.set(id, {
      id,
      key,
      procedure,
      parameters,
      mode,
      trigger,
      limits,
      firstSeq: seq,
      requestedAt: at,
      state: 'waiting',
      guard: undefined,
      outcome: undefined,
      why: 'it was asked for',
      startedAt: undefined,
      endedAt: undefined,
      digest: undefined,
      scene: undefined,
      observed: '',
      steps: [],
      approval: undefined,
      begun: [],
      committing: false,
      committed: false,
      takingBack: undefined,
      aborting: undefined,
      notes: {},
      progress: undefined,
    });
    this.episodes.set(key, id);
    this.latest.set(key, id);
    if (idempotencyKey !== undefined) this.idempotency.set(idempotencyKey, id);
  }

  #hasEnded(run: BookedRun, at: number, record: Extract<RunRecord, { type: 'ended' }>): void {
    run.state = 'ended';
    run.outcome = record.outcome;
    run.why = record.why;
    run.guard = record.guard;
    run.endedAt = at;
    run.scene = undefined;
    run.progress = undefined;
    if (record.outcome !== 'succeeded')
      this.#steps(
        run,
        run.steps.filter(({ status }) => status === 'running').map(({ id }) => id),
        'failed',
      );
    if (run.startedAt !== undefined) {
      const { key, procedure, parameters } = run;
      const { outcome } = record;
      const acknowledged = !failures.has(outcome);
      const { cluster } = parameters;
      this.ends.set(key, { key, procedure, cluster, at, outcome, acknowledged });
      if (outcome === 'succeeded') this.successes.set(`${procedure} ${cluster}`, { procedure, cluster, at });
    }
    this.#ended.push(run.id);
    for (const old of this.#ended.splice(0, Math.max(0, this.#ended.length - keptEnded))) this.#forget(old);
  }

  #ofSwitch(record: SwitchRecord): void {
    switch (record.type) {
      case 'paused':
        this.pauses.set(record.pause.cluster ?? '', record.pause);
        return;
      case 'unpaused':
        this.pauses.delete(record.cluster ?? '');
        return;
      case 'downtime':
        this.downtimes.set(`${record.downtime.cluster}/${record.downtime.server}`, record.downtime);
        return;
      case 'downtime-ended':
        this.downtimes.delete(`${record.cluster}/${record.server}`);
        return;
      case 'acknowledged':
        for (const end of this.ends.values())
          if (end.cluster === record.cluster) this.ends.set(end.key, { ...end, acknowledged: true });
        return;
      case 'carried':
        record.pauses.forEach((pause) => this.pauses.set(pause.cluster ?? '', pause));
        record.downtimes.forEach((one) => this.downtimes.set(`${one.cluster}/${one.server}`, one));
        record.ends.forEach((end) => this.ends.set(end.key, end));
        record.successes.forEach((one) => this.successes.set(`${one.procedure} ${one.cluster}`, one));
        record.changes?.forEach(({ cluster, ...change }) => this.changes.set(cluster, change));
        record.writePauses?.forEach((one) => this.writePauses.set(one.cluster, one));
        record.withdrawals?.forEach((one) => this.withdrawals.set(`${one.cluster}/${one.server}`, one));
        this.starts = [...record.starts];
    }
  }

  /** A plan that makes a server the primary says so in its notes. */
  #changed({ parameters: { cluster }, notes }: BookedRun, at: number): void {
    const change = changeIn(notes, at);
    // Opened again, it is the primary that it was.
    if (change === undefined || (change.former === undefined && this.changes.get(cluster)?.primary === change.primary))
      return;
    this.changes.set(cluster, change);
    this.writePauses.delete(cluster);
  }

  /** Told anew with every section: applications are told of the new primary last. */
  #measured({ id: run, procedure, parameters: { cluster }, committed, notes }: BookedRun): void {
    const known = this.writePauses.get(cluster);
    if (!committed || notes[pauseNotes.began] === undefined || (known !== undefined && known.run !== run)) return;
    this.writePauses.set(cluster, { cluster, run, procedure, ...pauseIn(notes) });
  }

  /** Whoever withdrew it first is told. */
  #withdrawn({ id, procedure, parameters: { cluster } }: BookedRun, steps: readonly string[], at: number): void {
    for (const server of withdrawnBy(steps)) {
      const key = `${cluster}/${server}`;
      if (!this.withdrawals.has(key)) this.withdrawals.set(key, { cluster, server, since: at, run: id, procedure });
    }
  }

  #returned({ parameters: { cluster } }: BookedRun, servers: readonly string[]): void {
    for (const server of servers) this.withdrawals.delete(`${cluster}/${server}`);
  }

  #steps(run: BookedRun, ids: readonly string[], status: StepView['status']): void {
    run.steps = run.steps.map((step) => (ids.includes(step.id) ? { ...step, status } : step));
  }

  #forget(id: RunId): void {
    const run = this.runs.get(id);
    if (run === undefined || this.episodes.get(run.key) === id) return;
    this.runs.delete(id);
    if (this.latest.get(run.key) === id) this.latest.delete(run.key);
    for (const [key, of] of this.idempotency) if (of === id) this.idempotency.delete(key);
  }
}

/** The scene with what the journal remembers of its cluster. */
export function recalled(scene: Scene, { changes, withdrawals }: Pick<Book, 'changes' | 'withdrawals'>): Scene {
  const lastChange = changes.get(scene.snapshot.cluster);
  const those = [...withdrawals.values()].filter(({ cluster }) => cluster === scene.snapshot.cluster);
  return {
    ...scene,
    ...(lastChange === undefined ? {} : { lastChange }),
    ...(those.length === 0 ? {} : { withdrawals: those }),
  };
}

/** What makes two requests the same: the procedure and all its parameters. */
export function keyOf(procedure: ProcedureName, parameters: Parameters): string {
  return `${procedure} ${canonical(parameters)}`;
}

/** Until when it may wait, milliseconds since the Unix epoch. */
export function expiryOf({ requestedAt, limits }: BookedRun): number {
  return requestedAt + limits.waitAtMost * 1000;
}

export function viewOf(run: BookedRun): RunView {
  const { id, procedure, parameters, mode, trigger, state, guard, outcome, why, requestedAt, startedAt, endedAt } = run;
  const { digest, steps, approval, committed, progress, notes } = run;
  const report = notes[reportNote]?.split('\n');
  const expiresAt = expiryOf(run);
  return { id, procedure, parameters, mode, trigger, state, guard, outcome, why, requestedAt, startedAt, endedAt, expiresAt, digest, steps, approval, committed, ...(progress && { progress }), ...(report && { report }) }; // prettier-ignore
}
