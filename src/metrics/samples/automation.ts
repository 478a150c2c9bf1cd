import type { RunState } from '../catalogue/automation.js';
import { runStates } from '../catalogue/automation.js';
import { type Family, Sink } from '../families.js';

/** What the automation is at one moment. Times are milliseconds since the Unix epoch. Every list may be empty. */
export interface AutomationState {
  /** Every configured cluster: of each it is told whether it is paused. */
  readonly clusters: readonly string[];
  readonly runs: readonly OpenRun[];
  /** Since when; `cluster` undefined: all clusters. */
  readonly paused: readonly { readonly cluster: string | undefined; readonly since: number }[];
  readonly downtimes: readonly { readonly cluster: string; readonly server: string; readonly until: number }[];
  readonly lastSuccesses: readonly { readonly cluster: string; readonly procedure: string; readonly at: number }[];
  /** Undefined without a journal. `head` is undefined while it is empty. */
  readonly journal:
    | { readonly writable: boolean; readonly head: { readonly sequence: number; readonly hash: string } | undefined }
    | undefined;
  /** When alerts of any kind, and when the Watchdog, last came in through the webhook. */
  readonly received: { readonly alerts: number | undefined; readonly watchdog: number | undefined };
  readonly switchovers: readonly { readonly cluster: string; readonly server: string; readonly ready: boolean }[];
  readonly announcements: readonly {
    readonly cluster: string;
    readonly announcer: string;
    readonly matches: boolean;
  }[];
}

/** A run that has not ended. */
export interface OpenRun {
  readonly cluster: string;
  readonly procedure: string;
  readonly state: RunState;
  /** While it waits: the guards that it waits for, and since when. */
  readonly waiting?: { readonly guards: readonly string[]; readonly since: number } | undefined;
}

/** The gauges of scope `automation`. Pure. */
export function automationSamples(state: AutomationState): readonly Family[] {
  const sink = new Sink({});
  runs(sink, state.runs);
  const { clusters, paused, downtimes, lastSuccesses, journal, received, switchovers, announcements } = state;
  for (const { cluster, procedure, at } of lastSuccesses)
    sink.add('lockstep_procedure_last_success_timestamp_seconds', at / 1000, { cluster, procedure });
  sink.add('lockstep_webhook_last_received_timestamp_seconds', seconds(received.alerts));
  sink.add('lockstep_watchdog_last_received_timestamp_seconds', seconds(received.watchdog));
  if (journal !== undefined) {
    sink.add('lockstep_journal_writable', journal.writable);
    sink.add('lockstep_journal_head_sequence', journal.head?.sequence);
    if (journal.head !== undefined) sink.info('lockstep_journal_head_info', journal.head);
  }
  const since = new Map(paused.map((one) => [one.cluster ?? '', one.since]));
  for (const cluster of ['', ...clusters]) {
    sink.add('lockstep_paused', since.has(cluster), { cluster });
    sink.add('lockstep_paused_since_timestamp_seconds', seconds(since.get(cluster)), { cluster });
  }
  for (const { cluster, server, until } of downtimes)
    sink.add('lockstep_server_downtime_until_timestamp_seconds', until / 1000, { cluster, server });
  for (const { cluster, server, ready } of switchovers)
    sink.add('lockstep_switchover_ready', ready, { cluster, server });
  for (const { cluster, announcer, matches } of announcements)
    sink.add('lockstep_announcement_matches', matches, { cluster, announcer });
  return sink.families();
}

/** Every state of a procedure that has an open run, so that a count goes to 0 before it goes away. */
function runs(sink: Sink<never>, open: readonly OpenRun[]): void {
  for (const { cluster, procedure, runs: these } of byProcedure(open)) {
    for (const state of runStates) {
      const count = these.filter((run) => run.state === state).length;
      sink.add('lockstep_runs_open', count, { cluster, procedure, state });
    }
    const waiting = these.flatMap((run) => run.waiting ?? []);
    const guards = waiting.flatMap((one) => one.guards);
    for (const guard of new Set(guards)) {
      const count = guards.filter((one) => one === guard).length;
      sink.add('lockstep_runs_waiting', count, { cluster, procedure, guard });
    }
    if (waiting.length === 0) continue;
    const oldest = Math.min(...waiting.map((one) => one.since));
    sink.add('lockstep_run_waiting_since_timestamp_seconds', oldest / 1000, { cluster, procedure });
  }
}

function byProcedure(open: readonly OpenRun[]) {
  const groups = new Map<string, { cluster: string; procedure: string; runs: OpenRun[] }>();
  for (const run of open) {
    const { cluster, procedure } = run;
    const key = JSON.stringify([cluster, procedure]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { cluster, procedure, runs: [run] });
    else group.runs.push(run);
  }
  return groups.values();
}

function seconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
