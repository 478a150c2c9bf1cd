import type { Listed } from '../listed.js';

/** Runs, what asks for them, and what they need. */
export const automationAlerts = {
  RunNeedsHuman: {
    subject: 'automation',
    severity: 'critical',
    of: 'cluster',
    meaning:
      'A run stands where only a person can go on; alerts and schedules start nothing more on its cluster until then.',
    metrics: ['lockstep_runs_open'],
  },
  RunWaitingLong: {
    subject: 'automation',
    severity: 'warning',
    of: 'cluster',
    meaning: 'A run has been waiting for too long: for an approval most often, or for a guard that does not lift.',
    metrics: ['lockstep_run_waiting_since_timestamp_seconds'],
  },
  SwitchoverNotPossible: {
    subject: 'automation',
    severity: 'warning',
    of: 'cluster',
    meaning: 'No replica of a cluster could take over now.',
    metrics: ['lockstep_switchover_ready'],
  },
  DrillOverdue: {
    subject: 'automation',
    severity: 'warning',
    of: 'cluster',
    meaning: 'No drill has tried for long whether a replica could take over, so that what is said of it is old.',
    metrics: ['lockstep_drill_due_timestamp_seconds', 'lockstep_runs_open'],
  },
  AnnouncementDiffers: {
    subject: 'automation',
    severity: 'critical',
    of: 'cluster',
    problem: 'announcement-differs',
    meaning: 'An announcer tells applications of another primary than the one that is seen on the servers.',
    metrics: ['lockstep_announcement_matches'],
  },
  ReadersDiffer: {
    subject: 'automation',
    severity: 'critical',
    of: 'cluster',
    problem: 'readers-differ',
    meaning: 'An announcer lets applications read from a withdrawn server, from nobody, or not from all that they may.',
    metrics: ['lockstep_readers_match'],
  },
  ReplicaWithdrawnLong: {
    subject: 'automation',
    severity: 'warning',
    of: 'cluster',
    meaning: 'A replica has been out of what applications read from for so long that it may have been forgotten.',
    metrics: ['lockstep_withdrawn_since_timestamp_seconds'],
  },
  PausedLong: {
    subject: 'automation',
    severity: 'warning',
    of: 'cluster',
    meaning: 'Automation of a cluster, or of all, has been paused for so long that it may have been forgotten.',
    metrics: ['lockstep_paused_since_timestamp_seconds'],
  },
  WebhookRejected: {
    subject: 'automation',
    severity: 'warning',
    of: 'lockstep',
    meaning: 'Lockstep turned alerts away (label reason): whatever they asked for does not happen.',
    metrics: ['lockstep_webhook_rejected_total', 'lockstep_webhook_alerts_total'],
  },
  WatchdogSilent: {
    subject: 'automation',
    severity: 'critical',
    of: 'lockstep',
    meaning: 'The Watchdog used to reach Lockstep and does no more: alerts start nothing.',
    metrics: ['lockstep_watchdog_last_received_timestamp_seconds', 'lockstep_build_info'],
  },
  JournalNotWritable: {
    subject: 'automation',
    severity: 'critical',
    of: 'lockstep',
    meaning: 'The journal takes no records, so Lockstep acts on nothing.',
    metrics: ['lockstep_journal_writable'],
  },
} as const satisfies Readonly<Record<string, Listed>>;
