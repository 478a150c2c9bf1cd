import type { Outcome, RunState } from '../../engine/run.js';
import { type Metric, ofCluster, ofServer } from '../metric.js';

/** What an open run is doing; a run that has ended is counted by its outcome. */
export const openStates = ['waiting', 'running', 'undoing', 'needs-human'] as const satisfies readonly RunState[];

/** `planned`: it was only to say what it would do. `failed`: nothing to undo, and not mended. */
export const runOutcomes = [
  'succeeded',
  'rolled-back',
  'failed',
  'planned',
  'refused',
  'cancelled',
  'expired',
  'abandoned',
] as const satisfies readonly Outcome[];

/**
 * What became of one alert that the webhook took: `accepted` opened an episode, `repeated` belongs to an open one,
 * `ignored` has no policy, `rejected` names nothing that the configuration knows.
 */
export const webhookResults = ['accepted', 'repeated', 'resolved', 'ignored', 'rejected'] as const;
export type WebhookResult = (typeof webhookResults)[number];

/** Why a request to the webhook was turned away, all its alerts with it. `not-durable`: the journal could not take it. */
export const webhookRejections = ['unauthenticated', 'forbidden', 'too-large', 'malformed', 'not-durable'] as const;
export type WebhookRejection = (typeof webhookRejections)[number];

/** Who is told what runs do, by kind; and how it ended. `refused`: by the receiver. `overflow`: too much waited. */
export const receiverKinds = ['webhook', 'slack', 'silence', 'grafana'] as const;
export type ReceiverKind = (typeof receiverKinds)[number];
export const deliveryResults = ['delivered', 'refused', 'gave-up', 'overflow', 'stopped'] as const;
export type DeliveryResult = (typeof deliveryResults)[number];

/** `overlapped`: left out, since the time before was still at work. */
export const jobResults = ['succeeded', 'failed', 'overlapped'] as const;
export type JobResult = (typeof jobResults)[number];

/** `completed`: every server was tried. `postponed`: a run was open on the cluster, or began. `failed`: it could not be carried out. */
export const drillResults = ['completed', 'postponed', 'failed'] as const;
export type DrillResult = (typeof drillResults)[number];

const ofProcedure = [...ofCluster, 'procedure'] as const;

/** Runs, the webhook that asks for them, and the journal that holds them. */
export const automationMetrics = [
  {
    name: 'lockstep_runs_total',
    type: 'counter',
    help: 'Runs that ended, by outcome (succeeded, rolled-back, failed, planned, refused, cancelled, expired, abandoned) and by who asked for them (alert, person, schedule).',
    labels: [...ofProcedure, 'outcome', 'trigger'],
    scope: 'automation',
  },
  {
    name: 'lockstep_runs_open',
    type: 'gauge',
    help: 'Runs that have not ended, by state (waiting, running, undoing, needs-human); absent for a procedure with none.',
    labels: [...ofProcedure, 'state'],
    scope: 'automation',
  },
  {
    name: 'lockstep_runs_waiting',
    type: 'gauge',
    help: 'Runs that wait for this guard to lift.',
    labels: [...ofProcedure, 'guard'],
    scope: 'automation',
  },
  {
    name: 'lockstep_run_waiting_since_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Since when the run that has waited longest has been waiting; absent when none waits.',
    labels: ofProcedure,
    scope: 'automation',
  },
  {
    name: 'lockstep_runs_refused_total',
    type: 'counter',
    help: 'Runs that a guard refused.',
    labels: [...ofProcedure, 'guard'],
    scope: 'automation',
  },
  {
    name: 'lockstep_run_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How long runs took from the start of their first section to their end, waiting left out.',
    labels: ['procedure', 'outcome'],
    scope: 'automation',
  },
  {
    name: 'lockstep_section_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How long sections of runs took, the looks before and after included.',
    labels: ['procedure', 'section'],
    scope: 'automation',
  },
  {
    name: 'lockstep_procedure_last_success_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When a run of this procedure last succeeded, from the journal; absent if none is in it.',
    labels: ofProcedure,
    scope: 'automation',
  },
  {
    name: 'lockstep_primary_changed_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When a run last made another server the primary, and this one is it, from the journal; absent if none did.',
    labels: ofServer,
    scope: 'automation',
  },
  {
    name: 'lockstep_write_pause_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'For how long nobody could write when the primary was last changed, from the journal: from the stop of all writes (switchover) or the last sign of life (failover) until the new primary was open (promoted) and until applications were told of it (announced); absent where that was not measured.',
    labels: [...ofProcedure, 'until'],
    scope: 'automation',
  },
  {
    name: 'lockstep_webhook_alerts_total',
    type: 'counter',
    help: 'Alerts that the webhook took, by what became of them: accepted, repeated, resolved, ignored or rejected.',
    labels: ['result'],
    scope: 'automation',
  },
  {
    name: 'lockstep_webhook_rejected_total',
    type: 'counter',
    help: 'Requests that the webhook turned away: unauthenticated, forbidden, too-large, malformed, or not-durable.',
    labels: ['reason'],
    scope: 'automation',
  },
  {
    name: 'lockstep_webhook_last_received_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the webhook last took alerts of any kind; absent until then.',
    labels: [],
    scope: 'automation',
  },
  {
    name: 'lockstep_watchdog_last_received_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the webhook last took the Watchdog, which always fires; absent until then.',
    labels: [],
    scope: 'automation',
  },
  {
    name: 'lockstep_journal_append_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How long the journal took to hold a record durably.',
    labels: [],
    scope: 'automation',
  },
  {
    name: 'lockstep_journal_head_sequence',
    type: 'gauge',
    help: 'The number of the newest record in the journal.',
    labels: [],
    scope: 'automation',
  },
  {
    name: 'lockstep_journal_head_info',
    type: 'info',
    help: 'The hash of the newest record in the journal, with its number: keep both elsewhere, and a journal that was cut off shows.',
    labels: ['sequence', 'hash'],
    scope: 'automation',
  },
  {
    name: 'lockstep_journal_writable',
    type: 'gauge',
    help: 'Whether the journal takes records (1), or its disk is full or failing and nothing acts (0).',
    labels: [],
    scope: 'automation',
  },
  {
    name: 'lockstep_notifications_total',
    type: 'counter',
    help: 'What receivers (webhook, slack, silence, grafana) were to be told, by how it ended: delivered, refused by the receiver, gave-up, overflow or stopped.',
    labels: ['receiver', 'result'],
    scope: 'automation',
  },
  {
    name: 'lockstep_schedule_jobs_total',
    type: 'counter',
    help: 'Times of the schedule, by job and how it ended: succeeded, failed, or overlapped by the time before.',
    labels: ['job', 'result'],
    scope: 'automation',
  },
  {
    name: 'lockstep_paused',
    type: 'gauge',
    help: 'Whether automation is paused for this cluster; with an empty cluster, for all of them.',
    labels: ofCluster,
    scope: 'automation',
  },
  {
    name: 'lockstep_paused_since_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Since when it is paused; absent while it is not.',
    labels: ofCluster,
    scope: 'automation',
  },
  {
    name: 'lockstep_server_downtime_until_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the downtime of this server ends, until which its alerts are quiet; absent without one.',
    labels: ofServer,
    scope: 'automation',
  },
  {
    name: 'lockstep_switchover_ready',
    type: 'gauge',
    help: 'Whether a switchover to this replica was possible when it was last tried, by a drill that changes nothing.',
    labels: ofServer,
    scope: 'automation',
  },
  {
    name: 'lockstep_switchover_objection_info',
    type: 'info',
    help: 'What stood against a switchover to this replica in the last drill: a reason of the pre-flight checks, or rehearsal.',
    labels: [...ofServer, 'reason'],
    scope: 'automation',
  },
  {
    name: 'lockstep_drill_last_run_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When a drill of this cluster last ended, by result: completed, postponed by a run on the cluster, or failed; absent if none did since Lockstep started.',
    labels: [...ofCluster, 'result'],
    scope: 'automation',
  },
  {
    name: 'lockstep_drill_due_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'By when the next drill of this cluster is due: the first time of the schedule after the last one that was completed; in the past where it is overdue.',
    labels: ofCluster,
    scope: 'automation',
  },
  {
    name: 'lockstep_announcement_matches',
    type: 'gauge',
    help: 'Whether what this announcer tells applications is the primary that is seen on the servers.',
    labels: [...ofCluster, 'announcer'],
    scope: 'automation',
  },
  {
    name: 'lockstep_readers_match',
    type: 'gauge',
    help: 'Whether this announcer lets applications read from all servers that are not withdrawn, and from nobody else.',
    labels: [...ofCluster, 'announcer'],
    scope: 'automation',
  },
  {
    name: 'lockstep_reader',
    type: 'gauge',
    help: 'Whether this announcer lets applications read from the server now, as it was last read back.',
    labels: [...ofServer, 'announcer'],
    scope: 'automation',
  },
  {
    name: 'lockstep_withdrawn_since_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When a run took this server out of what applications read from; absent unless it is out.',
    labels: ofServer,
    scope: 'automation',
  },
] as const satisfies readonly Metric[];
