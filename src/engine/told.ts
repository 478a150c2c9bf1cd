import type { EngineRecord, RunRecord, SwitchRecord } from './records.js';
import type { Trigger } from './run.js';

/** What a record of the journal says, one plain sentence. */
export function told(record: EngineRecord): string {
  return 'run' in record ? ofRun(record) : ofSwitch(record);
}

/** `alert ReplicationStopped`, `local:root`, `schedule renewals` */
export function triggerWords(trigger: Trigger): string {
  if (trigger.kind === 'alert') return `alert ${trigger.alertname}`;
  return trigger.kind === 'schedule' ? `schedule ${trigger.by}` : trigger.by;
}

function ofRun(record: RunRecord): string {
  switch (record.type) {
    case 'requested': {
      const { cluster, ...others } = record.parameters;
      const where = [cluster, ...Object.entries(others).map(([name, value]) => `${name} ${value || '""'}`)].join(', ');
      return `${record.procedure} on ${where} was asked for by ${triggerWords(record.trigger)}, mode ${record.mode}`;
    }
    case 'waiting':
      return `it waits (${record.guard.guard}): ${record.guard.why}`;
    case 'planned':
      return `it was planned in ${record.steps.length} step${record.steps.length === 1 ? '' : 's'}, digest ${record.digest.slice(0, 12)}: ${record.observed}`;
    case 'approved':
      return `${record.approval.by} approved the plan ${record.approval.digest.slice(0, 12)} until ${iso(record.approval.until)}`;
    case 'started':
      return 'it starts: the servers are locked, and what the plan rests on was seen again';
    case 'section':
      return `it begins ${record.section}: ${record.steps.join(', ')}`;
    case 'committing':
      return `it is about to commit: ${record.step}`;
    case 'section-done':
      return record.done.length === 0
        ? `${record.section} was seen to be done already`
        : `${record.section} was done and seen on the servers`;
    case 'undoing':
      return `it is taken back: ${record.why}`;
    case 'undone':
      return `taken back and seen to be as before: ${record.steps.join(', ')}`;
    case 'aborting':
      return `${record.by} told it to end`;
    case 'needs-human':
      return `it needs a human: ${record.why}`;
    case 'resumed':
      return `it goes on, resumed by ${record.by}`;
    case 'ended':
      return `it ended as ${record.outcome}: ${record.why}`;
    case 'episode-over':
      return 'what it would mend is no longer observed: the next alert begins anew';
  }
}

function ofSwitch(record: SwitchRecord): string {
  switch (record.type) {
    case 'paused':
      return `${record.pause.cluster ?? 'everything'} is paused by ${record.pause.by}: ${record.pause.reason}`;
    case 'unpaused':
      return `${record.cluster ?? 'everything'} goes on, says ${record.by}`;
    case 'downtime': {
      const { cluster, server, until, by, reason } = record.downtime;
      return `${cluster}/${server} is in downtime until ${iso(until)} (${by}: ${reason})`;
    }
    case 'downtime-ended':
      return `the downtime of ${record.cluster}/${record.server} was ended by ${record.by}`;
    case 'acknowledged':
      return `${record.by} has acknowledged the failures of ${record.cluster}`;
    case 'carried':
      return 'what of the past still counts was said again, and older entries were dropped';
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
