import { toCluster } from './links.js';
import { neutral, type Look } from './looks.js';
import { bars } from './panels.js';
import { grown, ofLockstep } from './query.js';
import { table } from './table.js';

/** In the colour of how good the news is. */
const outcomes: Readonly<Record<string, Look>> = {
  succeeded: { text: 'succeeded', colour: 'green' },
  planned: { text: 'planned', colour: 'blue' },
  'rolled-back': { text: 'rolled back', colour: 'orange' },
  failed: { text: 'failed', colour: 'red' },
  refused: { text: 'refused', colour: 'yellow' },
  cancelled: { text: 'cancelled', colour: 'text' },
  expired: { text: 'expired', colour: 'yellow' },
  abandoned: { text: 'abandoned', colour: 'orange' },
};

export function endedRuns() {
  return table(
    {
      title: 'Runs by procedure and outcome',
      description:
        'Runs that ended in the time shown, with who asked for them: an alert, a schedule or a person. Planned: the policy only wanted to hear what would be done.',
      nothing: 'No run has ended',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'procedure', title: 'Procedure' },
      { label: 'outcome', title: 'Outcome', looks: outcomes },
      { label: 'trigger', title: 'Asked for by' },
    ],
    [{ title: 'Runs', expr: `${grown('lockstep_runs_total', ['cluster', 'procedure', 'outcome', 'trigger'])} > 0` }],
    [{ by: 'Runs', descending: true }],
  );
}

export function durations() {
  const by = ['procedure', 'outcome'] as const;
  const name = 'lockstep_run_duration_seconds';
  const count = grown(name, by, 'count');
  return table(
    {
      title: 'How long runs took',
      description:
        'Runs that ended in the time shown, from the start of their first section, waiting left out: the mean, and the time within which nine of ten were over.',
      nothing: 'No run has ended',
    },
    [
      { label: 'procedure', title: 'Procedure' },
      { label: 'outcome', title: 'Outcome', looks: outcomes },
    ],
    [
      { title: 'Runs', expr: `${count} > 0` },
      { title: 'Mean', expr: `${grown(name, by, 'sum')} / (${count} > 0)`, unit: 's' },
      {
        title: '90 % within',
        expr: `histogram_quantile(0.9, ${grown(name, [...by, 'le'], 'bucket')}) >= 0`,
        unit: 's',
      },
    ],
    [{ by: 'Mean', descending: true }],
  );
}

export function sections() {
  const by = ['procedure', 'section'] as const;
  const name = 'lockstep_section_duration_seconds';
  const count = grown(name, by, 'count');
  return table(
    {
      title: 'How long sections took',
      description: 'Sections of runs in the time shown, the looks before and after included: how often, and the mean.',
      nothing: 'No section has ended',
    },
    [
      { label: 'procedure', title: 'Procedure' },
      { label: 'section', title: 'Section' },
    ],
    [
      { title: 'Times', expr: `${count} > 0` },
      { title: 'Mean', expr: `${grown(name, by, 'sum')} / (${count} > 0)`, unit: 's' },
    ],
    [{ by: 'Mean', descending: true }],
  );
}

export function refusals() {
  return bars(
    {
      title: 'Refused, by guard',
      description:
        'Runs that a guard refused in the time shown, for what does not pass by itself. Those that wait are above.',
      nothing: 'None was refused',
    },
    'none',
    neutral,
    { name: '{{guard}}', expr: `sort_desc(${grown('lockstep_runs_refused_total', ['guard'])} > 0)` },
  );
}

export function lastSuccesses() {
  const at = `max by (cluster, procedure) (${ofLockstep('lockstep_procedure_last_success_timestamp_seconds', { keep: ['procedure'] })})`;
  return table(
    {
      title: 'Last success',
      description: 'When a run of each procedure last succeeded on each cluster, as far back as the journal goes.',
      nothing: 'None yet',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'procedure', title: 'Procedure' },
    ],
    [{ title: 'Succeeded', expr: `1000 * ${at}`, unit: 'dateTimeAsIso' }],
    [{ by: 'Succeeded', descending: true }],
  );
}
