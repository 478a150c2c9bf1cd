import type { Parameters } from '../../domain/scene.js';
import type { WritePause } from '../../domain/write-pause.js';
import type { Verification } from '../../domain/verification.js';
import type { GuardName, RunView } from '../../engine/run.js';
import { type DrillResult, drillResults, openStates } from '../catalogue/automation.js';
import { type Family, Sink } from '../families.js';
import { progressSamples, verificationSamples } from './verification.js';

/** What the automation is at one moment. Times are milliseconds since the Unix epoch. Every list may be empty. */
export interface AutomationState {
  /** Every configured cluster: of each it is told whether it is paused. */
  readonly clusters: readonly string[];
  /** Those that have not ended. */
  readonly runs: readonly OpenRun[];
  /** Since when; `cluster` undefined: all clusters. */
  readonly paused: readonly { readonly cluster: string | undefined; readonly since: number }[];
  readonly downtimes: readonly { readonly cluster: string; readonly server: string; readonly until: number }[];
  readonly lastSuccesses: readonly { readonly cluster: string; readonly procedure: string; readonly at: number }[];
  /** The last of every cluster, and how long it took as far as that was measured. */
  readonly changes: readonly { readonly cluster: string; readonly primary: string; readonly at: number }[];
  readonly writePauses: readonly WritePause[];
  /** Undefined without a journal. `head` is undefined while it is empty. */
  readonly journal:
    | { readonly writable: boolean; readonly head: { readonly seq: number; readonly hash: string } | undefined }
    | undefined;
  /** When alerts of any kind, and when the Watchdog, last came in through the webhook. */
  readonly received: { readonly alerts: number | undefined; readonly watchdog: number | undefined };
  /** The newest of every replica. */
  readonly verifications: readonly Verification[];
  /** Every server that is not a primary, with what stands against making it one; none: it is ready. */
  readonly switchovers: readonly {
    readonly cluster: string;
    readonly server: string;
    readonly reasons: readonly string[];
  }[];
  /** Of every cluster that is drilled: when the newest drills ended, by result, and by when the next is due. */
  readonly drills: readonly {
    readonly cluster: string;
    readonly ended: Readonly<Partial<Record<DrillResult, number>>>;
    readonly due: number | undefined;
  }[];
  readonly announcements: readonly AnnouncerState[];
  /** Of the announcers that lead readers. */
  readonly readSides: readonly AnnouncerState[];
  readonly readers: readonly {
    readonly cluster: string;
    readonly announcer: string;
    readonly server: string;
    readonly reads: boolean;
  }[];
  readonly withdrawals: readonly { readonly cluster: string; readonly server: string; readonly since: number }[];
}

export interface AnnouncerState {
  readonly cluster: string;
  readonly announcer: string;
  readonly matches: boolean;
}

/** As much of a run as is told. */
export type OpenRun = Pick<RunView, 'procedure' | 'state' | 'requestedAt' | 'progress'> & {
  readonly parameters: Parameters;
  readonly guard: { readonly guard: GuardName } | undefined;
};

/** The gauges of scope `automation`. Pure. */
export function automationSamples(state: AutomationState): readonly Family[] {
  const sink = new Sink({});
  runs(sink, state.runs);
  progressSamples(sink, state.runs);
  verificationSamples(sink, state.verifications);
  const { clusters, paused, downtimes, lastSuccesses, journal, received, switchovers, announcements } = state;
  const { changes, writePauses, drills, readSides, readers, withdrawals } = state;
  for (const { cluster, procedure, at } of lastSuccesses)
    sink.add('lockstep_procedure_last_success_timestamp_seconds', at / 1000, { cluster, procedure });
  for (const { cluster, primary: server, at } of changes)
    sink.add('lockstep_primary_changed_timestamp_seconds', at / 1000, { cluster, server });
  for (const { cluster, procedure, promoted, announced } of writePauses)
    for (const [until, pause] of Object.entries({ promoted, announced }))
      sink.add('lockstep_write_pause_seconds', pause, { cluster, procedure, until });
  sink.add('lockstep_webhook_last_received_timestamp_seconds', seconds(received.alerts));
  sink.add('lockstep_watchdog_last_received_timestamp_seconds', seconds(received.watchdog));
  if (journal !== undefined) {
    sink.add('lockstep_journal_writable', journal.writable);
    const { seq, hash } = journal.head ?? {};
    sink.add('lockstep_journal_head_sequence', seq);
    if (seq !== undefined) sink.info('lockstep_journal_head_info', { sequence: seq, hash });
  }
  const since = new Map(paused.map((one) => [one.cluster ?? '', one.since]));
  for (const cluster of ['', ...clusters]) {
    sink.add('lockstep_paused', since.has(cluster), { cluster });
    sink.add('lockstep_paused_since_timestamp_seconds', seconds(since.get(cluster)), { cluster });
  }
  for (const { cluster, server, until } of downtimes)
    sink.add('lockstep_server_downtime_until_timestamp_seconds', until / 1000, { cluster, server });
  for (const { cluster, server, reasons } of switchovers) {
    sink.add('lockstep_switchover_ready', reasons.length === 0, { cluster, server });
    for (const reason of new Set(reasons)) sink.info('lockstep_switchover_objection_info', { cluster, server, reason });
  }
  for (const { cluster, ended, due } of drills) {
    for (const result of drillResults)
      sink.add('lockstep_drill_last_run_timestamp_seconds', seconds(ended[result]), { cluster, result });
    sink.add('lockstep_drill_due_timestamp_seconds', seconds(due), { cluster });
  }
  for (const { cluster, announcer, matches } of announcements)
    sink.add('lockstep_announcement_matches', matches, { cluster, announcer });
  for (const { cluster, announcer, matches } of readSides)
    sink.add('lockstep_readers_match', matches, { cluster, announcer });
  for (const { cluster, announcer, server, reads } of readers)
    sink.add('lockstep_reader', reads, { cluster, announcer, server });
  for (const { cluster, server, since } of withdrawals)
    sink.add('lockstep_withdrawn_since_timestamp_seconds', since / 1000, { cluster, server });
  return sink.families();
}

/** Every state of a procedure that has an open run, so that a count goes to 0 before it goes away. */
function runs(sink: Sink<never>, open: readonly OpenRun[]): void {
  for (const [labels, these] of byProcedure(open)) {
    for (const state of openStates)
      sink.add('lockstep_runs_open', these.filter((run) => run.state === state).length, { ...labels, state });
    const waiting = these.filter(({ state }) => state === 'waiting');
    const guards = waiting.flatMap(({ guard }) => guard?.guard ?? []);
    for (const guard of new Set(guards))
      sink.add('lockstep_runs_waiting', guards.filter((one) => one === guard).length, { ...labels, guard });
    if (waiting.length === 0) continue;
    const oldest = Math.min(...waiting.map(({ requestedAt }) => requestedAt));
    sink.add('lockstep_run_waiting_since_timestamp_seconds', oldest / 1000, labels);
  }
}

function byProcedure(open: readonly OpenRun[]) {
  const groups = new Map<string, readonly [{ cluster: string; procedure: string }, OpenRun[]]>();
  for (const run of open) {
    const labels = { cluster: run.parameters.cluster, procedure: run.procedure };
    const key = JSON.stringify(labels);
    const [, these] = groups.get(key) ?? [];
    if (these === undefined) groups.set(key, [labels, [run]]);
    else these.push(run);
  }
  return groups.values();
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
