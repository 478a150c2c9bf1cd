import { type Metric, ofServer } from '../metric.js';

const ofWork = [...ofServer, 'procedure'] as const;

/** How far long work has come, and what comparing replicas with their sources has shown. */
export const verificationMetrics = [
  {
    name: 'lockstep_run_progress_ratio',
    type: 'gauge',
    help: 'How much of the long work of an open run is done, from 0 to 1, by the server’s own estimate; absent while nobody can tell.',
    labels: ofWork,
    scope: 'automation',
  },
  {
    name: 'lockstep_run_progress_rows',
    type: 'gauge',
    help: 'Rows that the long work of an open run has gone through; absent where it counts bytes.',
    labels: ofWork,
    scope: 'automation',
  },
  {
    name: 'lockstep_run_progress_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Bytes that the long work of an open run has copied; absent where it counts rows.',
    labels: ofWork,
    scope: 'automation',
  },
  {
    name: 'lockstep_run_left_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How long the long work of an open run still takes at its rate; absent while nobody can tell.',
    labels: ofWork,
    scope: 'automation',
  },
  {
    name: 'lockstep_replica_verified_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the newest comparison of this replica with its source ended; absent if there was none.',
    labels: ofServer,
    scope: 'automation',
  },
  {
    name: 'lockstep_replica_differing_tables',
    type: 'gauge',
    help: 'Tables of this replica that differ from its source, by the newest comparison.',
    labels: ofServer,
    scope: 'automation',
  },
  {
    name: 'lockstep_replica_differing_rows',
    type: 'gauge',
    help: 'Rows of this replica that differ from its source, at least, by the newest comparison.',
    labels: ofServer,
    scope: 'automation',
  },
  {
    name: 'lockstep_replica_unsettled_rows',
    type: 'gauge',
    help: 'Rows of which the newest comparison could say nothing, for they were changed all the time.',
    labels: ofServer,
    scope: 'automation',
  },
] as const satisfies readonly Metric[];
