import { toCluster } from './links.js';
import { fact } from './query.js';
import { table } from './table.js';

/** The last change of each cluster's primary, and how long nobody could write. */
export function primaryChanges() {
  const pause = (until: 'promoted' | 'announced') =>
    fact('lockstep_write_pause_seconds', { where: { until }, keep: ['procedure'] });
  return table(
    {
      title: 'Changes of the primary',
      description:
        'When a run last made another server the primary of each cluster, and for how long nobody could write: from the stop of all writes, or from the last sign of life of one that was dead, until the new primary was open, and until applications were told of it.',
      nothing: 'No run has changed a primary',
    },
    [
      { label: 'cluster', title: 'Cluster', link: toCluster },
      { label: 'server', title: 'New primary' },
      { label: 'procedure', title: 'Procedure' },
    ],
    [
      {
        title: 'Changed',
        expr: `1000 * ${fact('lockstep_primary_changed_timestamp_seconds')}`,
        unit: 'dateTimeAsIso',
      },
      { title: 'No writes until open', expr: pause('promoted'), unit: 's' },
      { title: 'Until told', expr: pause('announced'), unit: 's' },
    ],
    [{ by: 'Changed', descending: true }],
  );
}
