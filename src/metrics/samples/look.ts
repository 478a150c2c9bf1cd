import { collectorNames, type ServerSnapshot } from '../../domain/snapshot.js';
import type { ServerSink } from '../families.js';

const scraped = new Set<string>(collectorNames);

/** How the look itself went. */
export function look(sink: ServerSink, { at, durationSeconds, collectors }: ServerSnapshot): void {
  sink.add('lockstep_look_timestamp_seconds', at / 1000);
  sink.add('lockstep_look_duration_seconds', durationSeconds);
  for (const outcome of collectors) {
    const { collector } = outcome;
    // What thorough looks alone ask would come and go.
    if (!scraped.has(collector)) continue;
    sink.add('lockstep_collector_success', outcome.success, { collector });
    sink.add('lockstep_collector_duration_seconds', outcome.durationSeconds, { collector });
    if (!outcome.success)
      sink.info('lockstep_collector_failure_info', { collector, reason: outcome.reason ?? 'other' });
  }
}
