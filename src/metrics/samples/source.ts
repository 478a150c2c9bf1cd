import type { BinlogFacts, SemiSyncFacts, StreamFacts } from '../../domain/snapshot.js';
import type { ServerSink } from '../families.js';
import { logNumber } from './channels.js';

export function semiSync(sink: ServerSink, { source, replica }: SemiSyncFacts): void {
  sink.add('mysql_semi_sync_source_enabled', source?.enabled ?? false);
  if (source !== undefined) {
    sink.add('mysql_semi_sync_source_active', source.active);
    if (source.waitPoint !== undefined) sink.states('mysql_semi_sync_source_wait_point', 'point', source.waitPoint);
    sink.add('mysql_semi_sync_source_timeout_seconds', source.timeoutSeconds);
    sink.add('mysql_semi_sync_source_clients', source.clients);
    sink.add('mysql_semi_sync_protected_transactions_total', source.protectedTransactions);
    sink.add('mysql_semi_sync_unprotected_transactions_total', source.unprotectedTransactions);
    sink.add('mysql_semi_sync_degradations_total', source.degradations);
  }
  sink.add('mysql_semi_sync_replica_enabled', replica?.enabled ?? false);
  sink.add('mysql_semi_sync_replica_active', replica?.active);
}

export function binlog(sink: ServerSink, { enabled, current, retentionSeconds, files }: BinlogFacts): void {
  sink.add('mysql_binlog_enabled', enabled);
  sink.add('mysql_binlog_retention_seconds', retentionSeconds);
  if (current !== undefined) {
    sink.add('mysql_binlog_current_log_number', logNumber(current));
    sink.add('mysql_binlog_current_position_bytes', current.position);
  }
  sink.add('mysql_binlog_files', files?.length);
  sink.add(
    'mysql_binlog_size_bytes',
    files?.reduce((sum, { bytes }) => sum + bytes, 0),
  );
}

export function streams(sink: ServerSink, { threads, registered }: StreamFacts): void {
  const count = (encrypted: boolean | undefined) => threads.filter((thread) => thread.encrypted === encrypted).length;
  sink.add('mysql_binlog_streams', count(true), { encrypted: 'yes' });
  sink.add('mysql_binlog_streams', count(false), { encrypted: 'no' });
  sink.add('mysql_binlog_streams', count(undefined), { encrypted: 'unknown' });
  sink.add('mysql_registered_replicas', registered?.length);
}
