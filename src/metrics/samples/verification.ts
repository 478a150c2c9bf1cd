import { ratioOf, secondsLeft } from '../../domain/progress.js';
import type { Verification } from '../../domain/verification.js';
import type { Sink } from '../families.js';
import type { OpenRun } from './automation.js';

/** How far the long work of open runs has come. */
export function progressSamples(sink: Sink<never>, runs: readonly OpenRun[]): void {
  const told = new Set<string>();
  for (const { procedure, parameters, progress } of runs) {
    const labels = { cluster: parameters.cluster, server: parameters['server'] ?? '', procedure };
    const series = Object.values(labels).join('/');
    // Two comparisons of one replica, with two sources, are one series: the newest run's.
    if (progress === undefined || told.has(series)) continue;
    told.add(series);
    sink.add('lockstep_run_progress_ratio', ratioOf(progress), labels);
    sink.add('lockstep_run_progress_rows', progress.unit === 'rows' ? progress.done : undefined, labels);
    sink.add('lockstep_run_progress_bytes', progress.unit === 'bytes' ? progress.done : undefined, labels);
    sink.add('lockstep_run_left_seconds', secondsLeft(progress), labels);
  }
}

/** The newest comparison of each replica. */
export function verificationSamples(sink: Sink<never>, verifications: readonly Verification[]): void {
  for (const { cluster, server, endedAt, differingTables, differingRows, unsettledRows } of verifications) {
    const labels = { cluster, server };
    sink.add('lockstep_replica_verified_timestamp_seconds', endedAt / 1000, labels);
    sink.add('lockstep_replica_differing_tables', differingTables, labels);
    sink.add('lockstep_replica_differing_rows', differingRows, labels);
    sink.add('lockstep_replica_unsettled_rows', unsettledRows, labels);
  }
}
