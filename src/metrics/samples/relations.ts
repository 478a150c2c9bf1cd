import type { ChannelRelation, ServerRelation } from '../../domain/relations.js';
import type { ChannelSink, ServerSink } from '../families.js';

export function channelRelation(sink: ChannelSink, relation: ChannelRelation): void {
  const { tls } = relation;
  sink.info('mysql_replica_link_info', { source: relation.source });
  sink.add('mysql_replica_gtid_gap_transactions', relation.gtidGap);
  sink.add('mysql_replica_heartbeat_lag_seconds', relation.heartbeatLagSeconds);
  sink.add('mysql_replica_tls_negotiated', tls.negotiated);
  sink.add('mysql_replica_tls_negotiated_known', tls.negotiated !== undefined);
  sink.states('mysql_replica_tls_proof', 'proof', tls.proof);
  if (tls.protocol !== undefined || tls.cipher !== undefined)
    sink.info('mysql_replica_tls_session_info', { version: tls.protocol, cipher: tls.cipher });
  sink.add('mysql_replica_tls_fallback_possible', tls.fallbackPossible);
  sink.add('mysql_replica_source_log_available', relation.sourceLogAvailable);
  sink.add('mysql_replica_retention_headroom_seconds', relation.retentionHeadroomSeconds);
}

/** Only for a replica: the primary, and a server that replicates from nobody, have nothing to be errant against. */
export function errant(sink: ServerSink, { errantTransactions, errantUnsettled }: ServerRelation): void {
  const known = errantTransactions !== undefined && !(errantUnsettled && errantTransactions > 0);
  sink.add('mysql_errant_transactions_known', known);
  if (known) sink.add('mysql_errant_transactions', errantTransactions);
}

export function unknownReplicas(sink: ServerSink, { unknownReplicas }: ServerRelation): void {
  sink.add('mysql_unknown_replicas_known', unknownReplicas !== undefined);
  sink.add('mysql_unknown_replicas', unknownReplicas);
}
