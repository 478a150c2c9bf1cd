import { toCluster, toRunbook } from './links.js';
import { noneIsBest, noneIsGood } from './looks.js';
import { fact } from './query.js';
import { table } from './table.js';

/** What comparing replicas with their sources has shown. */
export function verifications() {
  return table(
    {
      title: 'Replicas compared with their sources',
      description:
        'When each replica was last compared with its source row by row, and what differed: red from the first. Of unsettled rows nothing can be said, for they were changed all the time.',
      nothing: 'No replica was compared',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Replica' },
    ],
    [
      {
        title: 'Tables that differ',
        expr: fact('lockstep_replica_differing_tables'),
        steps: noneIsGood,
        link: toRunbook('ReplicaDiffers'),
      },
      { title: 'Rows, at least', expr: fact('lockstep_replica_differing_rows'), steps: noneIsGood },
      { title: 'Unsettled', expr: fact('lockstep_replica_unsettled_rows'), steps: noneIsBest },
      {
        title: 'Compared',
        expr: `1000 * ${fact('lockstep_replica_verified_timestamp_seconds')}`,
        unit: 'dateTimeAsIso',
      },
    ],
    [{ by: 'Tables that differ', descending: true }, { by: 'Compared' }],
  );
}

/** How far long work has come. */
export function longWork() {
  const of = { keep: ['procedure'] } as const;
  return table(
    {
      title: 'Long work',
      description: 'How far the long work of open runs has come, by the servers’ own estimates.',
      nothing: 'No long work is under way',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Server' },
      { label: 'procedure', title: 'Procedure' },
    ],
    [
      { title: 'Done', expr: fact('lockstep_run_progress_ratio', of), unit: 'percentunit' },
      { title: 'Rows', expr: fact('lockstep_run_progress_rows', of) },
      { title: 'Copied', expr: fact('lockstep_run_progress_bytes', of), unit: 'bytes' },
      { title: 'Left', expr: fact('lockstep_run_left_seconds', of), unit: 's' },
    ],
    [{ by: 'Left', descending: true }],
  );
}

/** Whether a switchover would be possible, and what stands against it. */
export function readiness() {
  const ready = fact('lockstep_switchover_ready');
  return table(
    {
      title: 'Ready for a switchover',
      description:
        'Whether each replica could become the primary when it was last tried by a drill, which changes nothing, and what stands against it. How long writes stood still at the last change is under "Changes of the primary".',
      nothing: 'No drill has ended',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Replica' },
      { label: 'reason', title: 'Against it' },
    ],
    [
      {
        title: 'Objections',
        expr: `${fact('lockstep_switchover_objection_info', { keep: ['reason'] })} or ${ready} * 0 unless on (cluster, server) ${ready} == 0`,
        steps: noneIsGood,
        link: toRunbook('SwitchoverNotPossible'),
      },
    ],
    [{ by: 'Objections', descending: true }],
  );
}

/** What each announcer tells applications, beside the primary that is seen. */
export function announcements() {
  const matches = fact('lockstep_announcement_matches', { keep: ['announcer'] });
  return table(
    {
      title: 'What applications are told',
      description:
        'Whether each announcer, when it was last read back, named the primary that is seen on the servers; one that could not be read differs. A webhook or a command that is never asked has no line. Readers differ where an announcer lets applications read from other servers than it should.',
      nothing: 'No announcer is configured, or none is ever read back',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'announcer', title: 'Announcer' },
    ],
    [
      { title: 'Differs', expr: `1 - ${matches}`, steps: noneIsGood, link: toRunbook('AnnouncementDiffers') },
      {
        title: 'Readers differ',
        expr: `1 - ${fact('lockstep_readers_match', { keep: ['announcer'] })}`,
        steps: noneIsGood,
        link: toRunbook('ReadersDiffer'),
      },
    ],
    [
      { by: 'Differs', descending: true },
      { by: 'Readers differ', descending: true },
    ],
  );
}

/** From whom applications read, by announcer, and who was taken out. */
export function readers() {
  const reads = fact('lockstep_reader', { keep: ['announcer'] });
  const since = fact('lockstep_withdrawn_since_timestamp_seconds');
  return table(
    {
      title: 'From whom applications read',
      description:
        'Whether each announcer lets applications read from each server, as it was last read back, and since when a run has had the server out of it.',
      nothing: 'No announcer leads readers',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'Server' },
      { label: 'announcer', title: 'Announcer' },
    ],
    [
      {
        title: 'Read from',
        expr: reads,
        looks: { 0: { text: 'no', colour: 'orange' }, 1: { text: 'yes', colour: 'green' } },
      },
      {
        title: 'Withdrawn since',
        expr: `1000 * (0 * ${reads} + on (cluster, server) group_left () ${since})`,
        unit: 'dateTimeAsIso',
        link: toRunbook('ReplicaWithdrawnLong'),
      },
    ],
    [{ by: 'Read from' }],
  );
}

/** When readiness was last tried, and when it is to be tried again. */
export function drills() {
  const ended = (result: 'completed' | 'postponed' | 'failed') =>
    `1000 * ${fact('lockstep_drill_last_run_timestamp_seconds', { where: { result } })}`;
  const due = fact('lockstep_drill_due_timestamp_seconds');
  return table(
    {
      title: 'Drills',
      description:
        'When a drill of each cluster was last completed, postponed by a run, or failed, and how long ago the next was due: red from an hour.',
      nothing: 'No cluster is drilled',
    },
    [{ label: 'cluster', title: 'Cluster', link: toCluster }],
    [
      { title: 'Completed', expr: ended('completed'), unit: 'dateTimeAsIso' },
      { title: 'Postponed', expr: ended('postponed'), unit: 'dateTimeAsIso' },
      { title: 'Failed', expr: ended('failed'), unit: 'dateTimeAsIso' },
      {
        title: 'Overdue',
        expr: `clamp_min(time() - ${due}, 0)`,
        unit: 's',
        steps: ['green', [60, 'orange'], [3600, 'red']],
        link: toRunbook('DrillOverdue'),
      },
    ],
    [{ by: 'Overdue', descending: true }],
  );
}
