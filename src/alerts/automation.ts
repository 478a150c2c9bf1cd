import { duration, fact, perLockstep, selector } from './promql.js';
import type { BuildRules } from './rule.js';
import { aCluster, asCount, asDuration, asNumber, theLockstep } from './words.js';

/** The procedures, the guards, that a cluster's alert is about, as Prometheus knows them when it is written. */
const stuckProcedures = listOf('procedure', 'lockstep_runs_open', `cluster='%s',state='needs-human'`);
const withdrawnServers = listOf('server', 'lockstep_withdrawn_since_timestamp_seconds', `cluster='%s'`);
const guardsInTheWay = listOf('guard', 'lockstep_runs_waiting', `cluster='%s'`);

const rejections = 'lockstep_webhook_rejected_total';
const waitingSince = 'lockstep_run_waiting_since_timestamp_seconds';
const pausedSince = 'lockstep_paused_since_timestamp_seconds';
const withdrawnSince = 'lockstep_withdrawn_since_timestamp_seconds';
const drillDue = 'lockstep_drill_due_timestamp_seconds';
const watchdogAt = 'lockstep_watchdog_last_received_timestamp_seconds';

export const automationRules: BuildRules<'automation'> = (values) => ({
  recordings: [],
  alerts: {
    RunNeedsHuman: {
      expr: `sum by (cluster) (${fact('lockstep_runs_open', ['cluster', 'procedure'], { state: 'needs-human' })}) > 0`,
      for: undefined,
      summary: `A run of ${aCluster} needs a human`,
      description: `Runs of ${aCluster} stand where only a person can go on (${asNumber}: ${stuckProcedures}): alerts and schedules start nothing there until then.`,
    },
    RunWaitingLong: {
      expr: `time() - min by (cluster) (${selector(waitingSince)}) > ${values.run_waiting}`,
      for: undefined,
      summary: `A run of ${aCluster} waits`,
      description: `A run of ${aCluster} has been waiting for ${asDuration}; waited for is: ${guardsInTheWay}.`,
    },
    SwitchoverNotPossible: {
      expr: `max by (cluster) (${fact('lockstep_switchover_ready', ['cluster', 'server'])}) == 0`,
      for: 'fact',
      summary: `No replica of ${aCluster} could take over`,
      description: `${asNumber} replicas of ${aCluster} are ready for a switchover: should its primary fail or need work, nobody can take over.`,
    },
    DrillOverdue: {
      // A run at work keeps a drill away; one that needs a human has an alert of its own, and does not excuse it.
      expr: `time() - ${fact(drillDue, ['cluster'])} > 0\nunless on (cluster)\n${fact('lockstep_runs_open', ['cluster'], { state: ['running', 'undoing'] })} > 0`,
      for: 'drill',
      summary: `No drill of ${aCluster} for too long`,
      description: `A drill of a switchover of ${aCluster} was due ${asDuration} ago: whether a replica could take over is not known anew.`,
    },
    AnnouncementDiffers: {
      expr: `${fact('lockstep_announcement_matches', ['cluster', 'announcer'])} == 0`,
      for: 'role',
      summary: `Applications are told of another primary of ${aCluster}`,
      description: `What the announcer {{ $labels.announcer }} tells of ${aCluster} has differed from the primary that is seen on the servers for more than ${duration(values.role)} (matches: ${asNumber}).`,
    },
    ReadersDiffer: {
      expr: `${fact('lockstep_readers_match', ['cluster', 'announcer'])} == 0`,
      for: 'role',
      summary: `Applications read from the wrong servers of ${aCluster}`,
      description: `From whom the announcer {{ $labels.announcer }} lets applications of ${aCluster} read has differed from the servers that are not withdrawn for more than ${duration(values.role)} (matches: ${asNumber}).`,
    },
    ReplicaWithdrawnLong: {
      expr: `time() - min by (cluster) (${selector(withdrawnSince)}) > ${values.withdrawn}`,
      for: undefined,
      summary: `A replica of ${aCluster} is out of what applications read from`,
      description: `A replica of ${aCluster} has been out of what applications read from for ${asDuration}, and the others carry its load; out are: ${withdrawnServers}.`,
    },
    PausedLong: {
      expr: `time() - min by (cluster) (${selector(pausedSince)}) > ${values.paused}`,
      for: undefined,
      summary: `Automation of ${aClusterOrAll} is paused`,
      description: `Automation of ${aClusterOrAll} has been paused for ${asDuration}: alerts and schedules start nothing there.`,
    },
    WebhookRejected: {
      expr: `${turnedAway(rejections, ['job', 'instance', 'reason'], values.lookback)}\nor\nlabel_replace(\n  ${turnedAway('lockstep_webhook_alerts_total{result="rejected"}', ['job', 'instance'], values.lookback)},\n  "reason", "unknown-names", "", ""\n)`,
      for: undefined,
      summary: `Lockstep at ${theLockstep} turned alerts away: {{ $labels.reason }}`,
      description: `Lockstep at ${theLockstep} turned alerts away about ${asCount} times within ${duration(values.lookback)} ({{ $labels.reason }}): what they asked for does not happen.`,
    },
    WatchdogSilent: {
      // Remembered by Prometheus: a Lockstep that was started anew would not miss what it never heard.
      expr: `time() - max by (${perLockstep}) (max_over_time(${selector(watchdogAt)}[${duration(values.watchdog_memory)}])) > ${values.watchdog}\nand on (${perLockstep})\nmax by (${perLockstep}) (${selector('lockstep_build_info')})`,
      for: undefined,
      summary: `The Watchdog no longer reaches Lockstep at ${theLockstep}`,
      description: `The Watchdog last reached Lockstep at ${theLockstep} ${asDuration} ago, and should at least every ${duration(values.watchdog)}: no alert reaches it, and none starts anything.`,
    },
    JournalNotWritable: {
      expr: `max by (${perLockstep}) (${selector('lockstep_journal_writable')}) == 0`,
      for: 'journal',
      summary: `The journal of Lockstep at ${theLockstep} takes no records`,
      description: `The journal of Lockstep at ${theLockstep} has taken no records for more than ${duration(values.journal)} (writable: ${asNumber}): nothing is accepted and nothing acts.`,
    },
  },
});

const aClusterOrAll = '{{ with $labels.cluster }}{{ . }}{{ else }}all clusters{{ end }}';

function turnedAway(counter: string, by: readonly string[], seconds: number): string {
  return `max by (${by.join(', ')}) (increase(${counter}[${duration(seconds)}])) > 0`;
}

/** The values of a label among the series of the alert's cluster that are more than 0, with commas. */
function listOf(label: string, metric: string, matchers: string): string {
  const query = `max by (${label}) (${metric}{${matchers}}) > 0`;
  return `{{ range $index, $one := printf "${query}" $labels.cluster | query | sortByLabel "${label}" }}{{ if $index }}, {{ end }}{{ $one.Labels.${label} }}{{ end }}`;
}
