import { begins, humanized, interval, minute, type Case } from '../case.js';

const here = { job: 'lockstep-main', instance: '10.0.0.1:10104' };
const atHere = 'job="lockstep-main",instance="10.0.0.1:10104"';
const cluster = { cluster: 'production' };
const build = `lockstep_build_info{${atHere},version="1.0.0",node_version="20.20.0"}`;
const watchdog = `lockstep_watchdog_last_received_timestamp_seconds{${atHere}}`;

/** A time that is always now. */
const everNow = `0+${interval}x120`;
/** When all is well again, where it is due after five and a half minutes. */
const wellAgain = begins + 15.5 * minute;
const heard = `0+${interval}x${begins / interval}`;
const between = (wellAgain - begins) / interval - 2;
const heardAgain = `${wellAgain}+${interval}x60`;

export const automationCases: readonly Case[] = [
  {
    alert: 'RunNeedsHuman',
    after: 0,
    labels: cluster,
    series: {
      'lockstep_runs_open{procedure="failover",state="needs-human"}': [0, 1],
      'lockstep_runs_open{procedure="switchover",state="needs-human"}': ['_', 1],
      'lockstep_runs_open{procedure="rejoin",state="needs-human"}': [0, 0],
      'lockstep_runs_open{procedure="failover",state="running"}': [1, 1],
    },
    summary: 'A run of production needs a human',
    description:
      'Runs of production stand where only a person can go on (2: failover, switchover): alerts and schedules start nothing there until then.',
  },
  {
    alert: 'RunNeedsHuman',
    when: 'for none that only runs',
    after: 'never',
    series: {
      'lockstep_runs_open{procedure="failover",state="undoing"}': [0, 1],
      'lockstep_runs_open{procedure="failover",state="needs-human"}': [0, 0],
    },
  },
  {
    alert: 'RunWaitingLong',
    after: 30.5 * minute,
    labels: cluster,
    series: {
      'lockstep_run_waiting_since_timestamp_seconds{procedure="failover"}': ['_', begins],
      // One that has not waited for long says nothing against it.
      'lockstep_run_waiting_since_timestamp_seconds{procedure="rejoin"}': everNow,
      'lockstep_runs_waiting{procedure="failover",guard="approval"}': [0, 1],
      'lockstep_runs_waiting{procedure="failover",guard="window"}': [0, 1],
      'lockstep_runs_waiting{procedure="failover",guard="lock"}': [0, 0],
    },
    summary: 'A run of production waits',
    description: (at) =>
      `A run of production has been waiting for ${humanized(at - begins)}; waited for is: approval, window.`,
  },
  {
    alert: 'SwitchoverNotPossible',
    after: 5 * minute,
    labels: cluster,
    series: {
      'lockstep_switchover_ready{server="db2"}': [1, 0],
      'lockstep_switchover_ready{server="db3"}': [0, 0],
    },
    short: { 'lockstep_switchover_ready{server="db3"}': 1 },
    summary: 'No replica of production could take over',
    description:
      '0 replicas of production are ready for a switchover: should its primary fail or need work, nobody can take over.',
  },
  {
    alert: 'DrillOverdue',
    after: 60 * minute + 0.5 * minute,
    labels: cluster,
    series: {
      lockstep_drill_due_timestamp_seconds: ['_', begins],
      'lockstep_runs_open{procedure="failover",state="running"}': [0, 0],
      'lockstep_runs_open{procedure="failover",state="needs-human"}': [0, 1],
    },
    summary: 'No drill of production for too long',
    description: (at) =>
      `A drill of a switchover of production was due ${humanized(at - begins)} ago: whether a replica could take over is not known anew.`,
  },
  {
    alert: 'DrillOverdue',
    when: 'not while a run is at work',
    after: 'never',
    series: {
      lockstep_drill_due_timestamp_seconds: ['_', begins],
      'lockstep_runs_open{procedure="rebuild-replica",state="running"}': [0, 1],
    },
  },
  {
    alert: 'AnnouncementDiffers',
    after: minute,
    labels: { ...cluster, announcer: 'haproxy' },
    series: {
      'lockstep_announcement_matches{announcer="haproxy"}': [1, 0],
      'lockstep_announcement_matches{announcer="hosts-file"}': [1, 1],
    },
    summary: 'Applications are told of another primary of production',
    description:
      'What the announcer haproxy tells of production has differed from the primary that is seen on the servers for more than 1m (matches: 0).',
  },
  {
    alert: 'ReadersDiffer',
    after: minute,
    labels: { ...cluster, announcer: 'haproxy' },
    series: {
      'lockstep_readers_match{announcer="haproxy"}': [1, 0],
      'lockstep_readers_match{announcer="hosts-file"}': [1, 1],
    },
    summary: 'Applications read from the wrong servers of production',
    description:
      'From whom the announcer haproxy lets applications of production read has differed from the servers that are not withdrawn for more than 1m (matches: 0).',
  },
  {
    alert: 'ReplicaWithdrawnLong',
    after: 24 * 60 * minute + 0.5 * minute,
    labels: cluster,
    series: { 'lockstep_withdrawn_since_timestamp_seconds{server="db2"}': ['_', begins] },
    summary: 'A replica of production is out of what applications read from',
    description: (at) =>
      `A replica of production has been out of what applications read from for ${humanized(at - begins)}, and the others carry its load; out are: db2.`,
  },
  {
    alert: 'PausedLong',
    when: 'of a cluster',
    after: 4 * 60 * minute + 0.5 * minute,
    labels: cluster,
    series: { lockstep_paused_since_timestamp_seconds: ['_', begins] },
    summary: 'Automation of production is paused',
    description: (at) =>
      `Automation of production has been paused for ${humanized(at - begins)}: alerts and schedules start nothing there.`,
  },
  {
    alert: 'PausedLong',
    when: 'of all',
    after: 4 * 60 * minute + 0.5 * minute,
    labels: {},
    series: { 'lockstep_paused_since_timestamp_seconds{cluster=""}': ['_', begins] },
    summary: 'Automation of all clusters is paused',
    description: (at) =>
      `Automation of all clusters has been paused for ${humanized(at - begins)}: alerts and schedules start nothing there.`,
  },
  {
    alert: 'WebhookRejected',
    after: 0.5 * minute,
    keep: -0.5 * minute,
    labels: { ...here, reason: 'unauthenticated' },
    series: {
      [`lockstep_webhook_rejected_total{${atHere},reason="unauthenticated"}`]: `0x${begins / interval} 2x80`,
      [`lockstep_webhook_rejected_total{${atHere},reason="too-large"}`]: [0, 0],
    },
    summary: 'Lockstep at 10.0.0.1:10104 (job lockstep-main) turned alerts away: unauthenticated',
    description:
      'Lockstep at 10.0.0.1:10104 (job lockstep-main) turned alerts away about 2 times within 10m (unauthenticated): what they asked for does not happen.',
  },
  {
    alert: 'WebhookRejected',
    when: 'for what it names',
    after: 0.5 * minute,
    keep: -0.5 * minute,
    labels: { ...here, reason: 'unknown-names' },
    series: {
      [`lockstep_webhook_alerts_total{${atHere},result="rejected"}`]: `0x${begins / interval} 3x80`,
      [`lockstep_webhook_alerts_total{${atHere},result="accepted"}`]: '0+1x120',
    },
    summary: 'Lockstep at 10.0.0.1:10104 (job lockstep-main) turned alerts away: unknown-names',
    description:
      'Lockstep at 10.0.0.1:10104 (job lockstep-main) turned alerts away about 3 times within 10m (unknown-names): what they asked for does not happen.',
  },
  {
    alert: 'WatchdogSilent',
    after: 5.5 * minute,
    labels: here,
    series: { [watchdog]: `${heard} ${begins}x${between} ${heardAgain}`, [build]: [1, 1] },
    summary: 'The Watchdog no longer reaches Lockstep at 10.0.0.1:10104 (job lockstep-main)',
    description: (at) =>
      `The Watchdog last reached Lockstep at 10.0.0.1:10104 (job lockstep-main) ${humanized(at - begins)} ago, and should at least every 5m: no alert reaches it, and none starts anything.`,
  },
  {
    alert: 'WatchdogSilent',
    when: 'though Lockstep was started anew and has never heard it',
    after: 5.5 * minute,
    labels: here,
    series: { [watchdog]: `${heard} stale _x${between} ${heardAgain}`, [build]: [1, 1] },
    summary: 'The Watchdog no longer reaches Lockstep at 10.0.0.1:10104 (job lockstep-main)',
    description: (at) =>
      `The Watchdog last reached Lockstep at 10.0.0.1:10104 (job lockstep-main) ${humanized(at - begins)} ago, and should at least every 5m: no alert reaches it, and none starts anything.`,
  },
  {
    alert: 'WatchdogSilent',
    when: 'of a Lockstep that is gone: LockstepAbsent',
    after: 'never',
    series: { [watchdog]: `${heard} stale _x200`, [build]: `1x${begins / interval} stale _x200` },
  },
  {
    alert: 'WatchdogSilent',
    when: 'where it never came, for nothing sends it there',
    after: 'never',
    series: { [build]: [1, 1] },
  },
  {
    alert: 'JournalNotWritable',
    after: minute,
    labels: here,
    series: { [`lockstep_journal_writable{${atHere}}`]: [1, 0] },
    summary: 'The journal of Lockstep at 10.0.0.1:10104 (job lockstep-main) takes no records',
    description:
      'The journal of Lockstep at 10.0.0.1:10104 (job lockstep-main) has taken no records for more than 1m (writable: 0): nothing is accepted and nothing acts.',
  },
];
