import { begins, interval, minute, type Case } from '../case.js';

const keep = 5 * minute;
const running = {
  mysql_replica_io_running: [1, 1],
  mysql_replica_io_connecting: [0, 0],
  mysql_replica_io_errno: [0, 0],
  mysql_replica_sql_running: [1, 1],
  mysql_replica_sql_errno: [0, 0],
} as const;
const db1 = { cluster: 'production', server: 'db1' };
const primaryInDowntime = {
  'mysql_server_role{server="db1",role="primary"}': [1, 1],
  'lockstep_server_downtime_until_timestamp_seconds{server="db1"}': [1e9, 1e9],
} as const;

/** A counter that stands, then grows by one at once, then stands. */
const oneMore = `0x${begins / interval} 1x80`;

export const replicationCases: readonly Case[] = [
  {
    alert: 'ReplicationStopped',
    when: 'in the SQL thread',
    after: minute,
    keep,
    labels: { cluster: 'production', server: 'db2', thread: 'SQL' },
    series: { ...running, mysql_replica_sql_running: [1, 0], mysql_replica_sql_errno: [0, 1062] },
    short: { mysql_replica_sql_errno: 0 },
    summary: 'The SQL thread of production/db2 stopped with an error',
    description: 'The SQL thread of production/db2 stopped with error 1062.',
  },
  {
    alert: 'ReplicationStopped',
    when: 'in the IO thread of a named channel',
    after: minute,
    keep,
    labels: { cluster: 'production', server: 'db2', channel: 'audit', thread: 'IO' },
    series: {
      'mysql_replica_io_running{channel="audit"}': [1, 0],
      'mysql_replica_io_connecting{channel="audit"}': [0, 0],
      'mysql_replica_io_errno{channel="audit"}': [0, 1236],
      'mysql_replica_sql_running{channel="audit"}': [1, 1],
      'mysql_replica_sql_errno{channel="audit"}': [0, 0],
    },
    // It connects, and has not stopped: ReplicationConnecting.
    short: { 'mysql_replica_io_connecting{channel="audit"}': 1 },
    summary: 'The IO thread of production/db2 (channel audit) stopped with an error',
    description: 'The IO thread of production/db2 (channel audit) stopped with error 1236.',
  },
  {
    alert: 'ReplicationStoppedByHand',
    when: 'in both threads',
    after: 10 * minute,
    keep,
    series: { ...running, mysql_replica_io_running: [1, 0], mysql_replica_sql_running: [1, 0] },
    // A thread with an error beside it: ReplicationStopped.
    short: { mysql_replica_sql_errno: 1032 },
    summary: 'Replication of production/db2 is stopped, without an error',
    description: '2 of the 2 threads of production/db2 stand without an error: somebody stopped them.',
  },
  {
    alert: 'ReplicationStoppedByHand',
    when: 'in the SQL thread, while the other one only connects',
    after: 10 * minute,
    keep,
    series: {
      ...running,
      mysql_replica_io_running: [1, 0],
      mysql_replica_io_connecting: [0, 1],
      mysql_replica_io_errno: [0, 2003],
      mysql_replica_sql_running: [1, 0],
    },
    summary: 'Replication of production/db2 is stopped, without an error',
    description: '1 of the 2 threads of production/db2 stand without an error: somebody stopped them.',
  },
  {
    alert: 'ReplicationConnecting',
    after: 3 * minute,
    keep,
    series: {
      ...running,
      mysql_replica_io_running: [1, 0],
      mysql_replica_io_connecting: [0, 1],
      mysql_replica_io_errno: [0, 2003],
    },
    short: { mysql_replica_io_connecting: 0 },
    summary: 'production/db2 does not reach its source',
    description:
      'production/db2 has been trying to connect to its source for more than 3m, last with error 2003 (0: none was told).',
  },
  {
    alert: 'ReplicationConnecting',
    when: 'without an error number',
    after: 3 * minute,
    keep,
    series: { ...running, mysql_replica_io_running: [1, 0], mysql_replica_io_connecting: [0, 1] },
    summary: 'production/db2 does not reach its source',
    description:
      'production/db2 has been trying to connect to its source for more than 3m, last with error 0 (0: none was told).',
  },
  {
    alert: 'ReplicationConnecting',
    when: 'to a primary that is in downtime',
    after: 'never',
    series: { ...running, ...primaryInDowntime, mysql_replica_io_running: [1, 0], mysql_replica_io_connecting: [0, 1] },
  },
  {
    alert: 'ReplicationConnecting',
    when: 'though some replica is in downtime',
    after: 3 * minute,
    keep,
    series: {
      ...running,
      ...primaryInDowntime,
      'mysql_server_role{server="db1",role="primary"}': [0, 0],
      mysql_replica_io_running: [1, 0],
      mysql_replica_io_connecting: [0, 1],
    },
    summary: 'production/db2 does not reach its source',
    description:
      'production/db2 has been trying to connect to its source for more than 3m, last with error 0 (0: none was told).',
  },
  {
    alert: 'ReplicationLagging',
    after: 5 * minute,
    series: { mysql_replica_lag_seconds: [0, 61], mysql_replica_delay_seconds: [0, 0] },
    short: { mysql_replica_lag_seconds: 60 },
    summary: 'production/db2 lags behind its source',
    description:
      'production/db2 is 1m 1s further behind its source than its configured delay; the limit is 1m, and by its trend it will not be back within 10m.',
  },
  {
    alert: 'ReplicationLagging',
    when: 'behind a configured delay',
    after: 5 * minute,
    series: { mysql_replica_lag_seconds: [3600, 3720], mysql_replica_delay_seconds: [3600, 3600] },
    short: { mysql_replica_lag_seconds: 3660 },
    summary: 'production/db2 lags behind its source',
    description:
      'production/db2 is 2m 0s further behind its source than its configured delay; the limit is 1m, and by its trend it will not be back within 10m.',
  },
  {
    alert: 'ReplicationLagging',
    when: 'by the heartbeat, while the server gives no lag',
    after: 5 * minute,
    series: {
      mysql_replica_heartbeat_lag_seconds: [0.5, 90],
      mysql_replica_lag_seconds: [0, '_'],
      mysql_replica_delay_seconds: [0, 0],
    },
    summary: 'production/db2 lags behind its source',
    description:
      'production/db2 is 1m 30s further behind its source than its configured delay; the limit is 1m, and by its trend it will not be back within 10m.',
  },
  {
    alert: 'ReplicationLagging',
    when: 'that will have caught up soon',
    after: 'never',
    // Found so late, and 20 s nearer at every look: back within ten minutes.
    series: { mysql_replica_lag_seconds: '_x38 450-20x22 0x100', mysql_replica_delay_seconds: '0x200' },
  },
  {
    alert: 'ReplicationFarBehind',
    after: 5 * minute,
    series: { mysql_replica_lag_seconds: [0, 901], mysql_replica_delay_seconds: [0, 0] },
    short: { mysql_replica_lag_seconds: 900 },
    summary: 'production/db2 is far behind its source',
    description: 'production/db2 is 15m 1s further behind its source than its configured delay; the limit is 15m.',
  },
  {
    alert: 'LagUnknown',
    after: 2 * minute,
    series: { ...running, mysql_replica_lag_known: [1, 0], mysql_replica_lag_seconds: [0, '_'] },
    short: { mysql_replica_sql_running: 0 },
    summary: 'Nobody can tell how far behind production/db2 is',
    description:
      'Both threads of production/db2 say that they run, and its lag has been unknown for more than 2m: its source may be frozen, or the network silent.',
  },
  {
    alert: 'LagUnknown',
    when: 'to the server alone: the heartbeat tells it',
    after: 'never',
    series: {
      ...running,
      mysql_replica_lag_known: [1, 0],
      mysql_replica_lag_seconds: [0, '_'],
      mysql_replica_heartbeat_lag_seconds: [1, 20],
    },
  },
  {
    alert: 'LagUnknown',
    when: 'because its primary is in downtime',
    after: 'never',
    series: { ...running, ...primaryInDowntime, mysql_replica_lag_known: [1, 0], mysql_replica_lag_seconds: [0, '_'] },
  },
  {
    alert: 'GtidGapGrowing',
    after: 15 * minute,
    series: { mysql_replica_gtid_gap_transactions: '950x39 1001+1x49 0x60' },
    summary: 'production/db2 falls further and further behind',
    description: (at) =>
      `production/db2 has ${1001 + (at - begins) / interval} transactions of its source yet to apply, and they become more.`,
  },
  {
    alert: 'GtidGapGrowing',
    when: 'below what is ordinary',
    after: 'never',
    series: { mysql_replica_gtid_gap_transactions: '0+10x100 1000x100' },
  },
  {
    alert: 'GtidGapGrowing',
    when: 'that shrinks',
    after: 'never',
    series: { mysql_replica_gtid_gap_transactions: '90000-50x200' },
  },
  {
    alert: 'ErrantTransactions',
    after: 5 * minute,
    keep,
    series: { mysql_errant_transactions: [0, 1] },
    short: { mysql_errant_transactions: 0 },
    summary: 'production/db2 has transactions that its source never had',
    description: 'production/db2 has at least 1 transactions that its source never had.',
  },
  {
    alert: 'ReplicaDiffers',
    after: 0,
    keep,
    series: { lockstep_replica_differing_tables: [0, 2], lockstep_replica_differing_rows: [0, 17] },
    short: { lockstep_replica_differing_tables: 0 },
    summary: 'production/db2 is not what its source is',
    description:
      '2 tables of production/db2 differ from its source, in at least 17 rows: whoever reads there reads something else.',
  },
  {
    alert: 'SourceLogPurged',
    after: minute,
    keep,
    series: { mysql_replica_source_log_available: [1, 0] },
    summary: 'The source of production/db2 no longer has what it must read next',
    description:
      'The source of production/db2 has purged the binary log that it must read next: it can never catch up.',
  },
  {
    alert: 'RetentionShort',
    after: 5 * minute,
    series: { mysql_replica_retention_headroom_seconds: [86_400, 86_399], mysql_replica_source_log_available: [1, 1] },
    short: { mysql_replica_retention_headroom_seconds: 86_400 },
    summary: 'The source of production/db2 will soon purge what it has yet to read',
    description: 'In 23h 59m 59s the source of production/db2 may purge what it has yet to read; wanted are 1d.',
  },
  {
    alert: 'RetentionShort',
    when: 'and already purged',
    after: 'never',
    series: { mysql_replica_retention_headroom_seconds: [86_400, 0], mysql_replica_source_log_available: [1, 0] },
  },
  {
    alert: 'RelayLogLarge',
    after: 15 * minute,
    series: { mysql_replica_relay_log_bytes: [1024, 10_737_418_241] },
    short: { mysql_replica_relay_log_bytes: 10_737_418_240 },
    summary: 'The relay log of production/db2 is large',
    description: 'The relay log of production/db2 takes 10GiB: it receives faster than it applies.',
  },
  {
    alert: 'SemiSyncDegraded',
    after: minute,
    labels: db1,
    series: {
      'mysql_semi_sync_source_enabled{server="db1"}': [1, 1],
      'mysql_semi_sync_source_active{server="db1"}': [1, 0],
      'mysql_semi_sync_source_clients{server="db1"}': [1, 0],
      'mysql_server_role{server="db1",role="primary"}': [1, 1],
    },
    short: { 'mysql_semi_sync_source_enabled{server="db1"}': 0 },
    summary: 'production/db1 commits without waiting for a replica',
    description:
      'Semi-synchronous replication is enabled on production/db1 and not active, with 0 semi-synchronous replicas connected: a failover now may lose transactions.',
  },
  {
    alert: 'SemiSyncDegraded',
    when: 'at a replica, whose source side waits for nobody',
    after: 'never',
    series: {
      mysql_semi_sync_source_enabled: [1, 1],
      mysql_semi_sync_source_active: [1, 0],
      'mysql_server_role{role="replica"}': [1, 1],
      'mysql_server_role{role="primary"}': [0, 0],
    },
  },
  {
    alert: 'SemiSyncWasDegraded',
    when: 'for one transaction',
    after: 0.5 * minute,
    // Ten minutes after it, when the window no longer holds it.
    keep: -0.5 * minute,
    labels: db1,
    series: {
      'mysql_semi_sync_source_enabled{server="db1"}': [1, 1],
      'mysql_semi_sync_unprotected_transactions_total{server="db1"}': oneMore,
      'mysql_server_role{server="db1",role="primary"}': [1, 1],
    },
    summary: 'production/db1 committed without waiting for a replica for a while',
    description:
      'Within the last 10m about 1 transactions or fall-backs of production/db1 went without the acknowledgement of a replica.',
  },
  {
    alert: 'SemiSyncWasDegraded',
    when: 'by a fall-back during which nobody wrote',
    after: 0.5 * minute,
    keep: -0.5 * minute,
    labels: db1,
    series: {
      'mysql_semi_sync_source_enabled{server="db1"}': [1, 1],
      'mysql_semi_sync_unprotected_transactions_total{server="db1"}': '7x120',
      'mysql_semi_sync_degradations_total{server="db1"}': oneMore,
      'mysql_server_role{server="db1",role="intermediate"}': [1, 1],
    },
    summary: 'production/db1 committed without waiting for a replica for a while',
    description:
      'Within the last 10m about 1 transactions or fall-backs of production/db1 went without the acknowledgement of a replica.',
  },
  {
    alert: 'DurabilityRelaxed',
    after: 5 * minute,
    series: {
      'mysql_cluster_problem{problem="durability-relaxed"}': ['_', 1],
      mysql_sync_binlog: [1, 0],
      mysql_innodb_flush_log_at_trx_commit: [1, 2],
    },
    summary: 'production/db2 may lose committed transactions in a crash',
    description:
      'production/db2 may lose committed transactions in a crash: sync_binlog is 0 and innodb_flush_log_at_trx_commit is 2.',
  },
];
