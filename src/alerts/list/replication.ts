import type { Listed } from '../listed.js';

/** What a replica and its source make of each other. */
export const replicationAlerts = {
  ReplicationStopped: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'A thread of a channel (IO or SQL) stopped with an error; the value is its error number.',
    metrics: [
      'mysql_replica_io_running',
      'mysql_replica_io_connecting',
      'mysql_replica_io_errno',
      'mysql_replica_sql_running',
      'mysql_replica_sql_errno',
    ],
    procedure: 'restart-replication',
    problem: 'replication-failed',
  },
  ReplicationStoppedByHand: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'A thread of a channel, or both, stand without an error (errno 0): somebody stopped them.',
    metrics: [
      'mysql_replica_io_running',
      'mysql_replica_io_connecting',
      'mysql_replica_io_errno',
      'mysql_replica_sql_running',
      'mysql_replica_sql_errno',
    ],
    procedure: 'restart-replication',
    problem: 'replication-stopped',
  },
  ReplicationConnecting: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'A channel has been trying to connect to its source for too long; the value is the error number of the tries.',
    metrics: ['mysql_replica_io_connecting', 'mysql_replica_io_errno'],
    procedure: 'restart-replication',
    problem: 'replication-connecting',
  },
  ReplicationLagging: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'A channel is further behind than its configured delay allows, and by its trend will not catch up soon.',
    metrics: ['mysql_replica_heartbeat_lag_seconds', 'mysql_replica_lag_seconds', 'mysql_replica_delay_seconds'],
    problem: 'replication-lagging',
  },
  ReplicationFarBehind: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'A channel is very far behind its configured delay, whatever the trend.',
    metrics: ['mysql_replica_heartbeat_lag_seconds', 'mysql_replica_lag_seconds', 'mysql_replica_delay_seconds'],
    problem: 'replication-lagging',
  },
  LagUnknown: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'Both threads of a channel say that they run, and nobody can tell how far behind it is: a frozen source, or a silent network.',
    metrics: [
      'mysql_replica_lag_known',
      'mysql_replica_io_running',
      'mysql_replica_sql_running',
      'mysql_replica_heartbeat_lag_seconds',
    ],
    problem: 'lag-unknown',
  },
  GtidGapGrowing: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'The transactions that a replica has yet to apply are many and become more.',
    metrics: ['mysql_replica_gtid_gap_transactions'],
  },
  ErrantTransactions: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'A replica has transactions that its source never had.',
    metrics: ['mysql_errant_transactions'],
    procedure: 'rebuild-replica',
    problem: 'errant-transactions',
  },
  ReplicaDiffers: {
    subject: 'replication',
    severity: 'critical',
    meaning:
      'Comparing a replica with its source row by row has found differences; the value is the tables that have them.',
    metrics: ['lockstep_replica_differing_tables'],
    procedure: 'rebuild-replica',
  },
  SourceLogPurged: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'The source no longer has the binary log that a channel reads next: it can never catch up.',
    metrics: ['mysql_replica_source_log_available'],
    procedure: 'rebuild-replica',
    problem: 'source-log-purged',
  },
  RetentionShort: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'The source will soon purge what a channel has yet to read.',
    metrics: ['mysql_replica_retention_headroom_seconds', 'mysql_replica_source_log_available'],
    problem: 'retention-short',
  },
  RelayLogLarge: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'The relay log of a channel takes much space: it receives faster than it applies.',
    metrics: ['mysql_replica_relay_log_bytes'],
  },
  SemiSyncDegraded: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'A source with semi-synchronous replication enabled commits without waiting for a replica: the zero-loss promise is off.',
    metrics: ['mysql_semi_sync_source_enabled', 'mysql_semi_sync_source_active', 'mysql_server_role'],
    problem: 'semi-sync-degraded',
  },
  SemiSyncWasDegraded: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'Since the last looks a source committed transactions that no replica had acknowledged, or fell back to asynchronous, even if only for a moment.',
    metrics: [
      'mysql_semi_sync_source_enabled',
      'mysql_semi_sync_unprotected_transactions_total',
      'mysql_semi_sync_degradations_total',
      'mysql_server_role',
    ],
  },
  DurabilityRelaxed: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'A server may lose committed transactions in a crash: sync_binlog or innodb_flush_log_at_trx_commit is not 1 (MariaDB: 3 is stricter still).',
    metrics: ['mysql_cluster_problem'],
    problem: 'durability-relaxed',
  },
} as const satisfies Readonly<Record<string, Listed>>;
