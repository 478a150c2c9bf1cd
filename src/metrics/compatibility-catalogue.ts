import { type Metric, ofServer } from './metric.js';

/**
 * The families of prometheus/mysqld_exporter that Lockstep serves with `compatibility: mysqld_exporter`, by its exact
 * names, types and labels, with the labels cluster and server before them.
 *
 * Not offered, because the normal shape of a snapshot does not hold them: of the replica status connect_retry,
 * skip_counter, relay_log_pos, until_log_pos, sql_remaining_delay, retry counts and MariaDB's parallel and group
 * counters; every other global status and variable; innodb_version (an empty label of mysql_version_info); the
 * exporter's own mysql_exporter_* families. mysql_up, mysql_binlog_files and mysql_binlog_size_bytes are Lockstep's
 * own under the same names and meaning, and come once.
 */
const ofStatus = [...ofServer, 'master_host', 'master_uuid', 'channel_name', 'connection_name'] as const;

/** Columns of the replica status in the older spelling; the newer one is derived. */
export const statusColumns = [
  'slave_io_running',
  'slave_sql_running',
  'seconds_behind_master',
  'sql_delay',
  'last_errno',
  'last_io_errno',
  'last_sql_errno',
  'master_port',
  'master_server_id',
  'read_master_log_pos',
  'exec_master_log_pos',
  'relay_log_space',
  'master_ssl_allowed',
  'master_ssl_verify_server_cert',
  'slave_heartbeat_period',
  'slave_received_heartbeats',
  'using_gtid',
  'auto_position',
] as const;
export type StatusColumn = (typeof statusColumns)[number];

export const variables = [
  'have_ssl',
  'require_secure_transport',
  'read_only',
  'super_read_only',
  'server_id',
  'log_bin',
  'binlog_expire_logs_seconds',
  'sync_binlog',
  'innodb_flush_log_at_trx_commit',
  'log_slave_updates',
  'log_replica_updates',
  'gtid_mode',
  'gtid_domain_id',
  'gtid_strict_mode',
  'rpl_semi_sync_master_enabled',
  'rpl_semi_sync_source_enabled',
  'rpl_semi_sync_master_timeout',
  'rpl_semi_sync_source_timeout',
  'rpl_semi_sync_slave_enabled',
  'rpl_semi_sync_replica_enabled',
] as const;
export type Variable = (typeof variables)[number];

export const statuses = [
  'uptime',
  'ssl_server_not_before',
  'ssl_server_not_after',
  'rpl_semi_sync_master_status',
  'rpl_semi_sync_source_status',
  'rpl_semi_sync_master_clients',
  'rpl_semi_sync_source_clients',
  'rpl_semi_sync_master_yes_tx',
  'rpl_semi_sync_source_yes_tx',
  'rpl_semi_sync_master_no_tx',
  'rpl_semi_sync_source_no_tx',
  'rpl_semi_sync_master_no_times',
  'rpl_semi_sync_source_no_times',
  'rpl_semi_sync_slave_status',
  'rpl_semi_sync_replica_status',
] as const;
export type Status = (typeof statuses)[number];

/** Both spellings of a column, once where they are the same: `slave_io_running` and `replica_io_running`. */
export function spellings(column: StatusColumn): readonly string[] {
  const newer = column.replace('slave', 'replica').replace('master', 'source');
  return newer === column ? [column] : [column, newer];
}

export const compatibilityCatalogue: readonly Metric[] = [
  ...statusColumns.flatMap(spellings).map((column) => ({
    name: `mysql_slave_status_${column}`,
    type: 'untyped' as const,
    help: 'Generic metric from SHOW SLAVE STATUS, in both spellings on every version.',
    labels: ofStatus,
    scope: 'server' as const,
  })),
  ...(['gtid_io_pos', 'gtid_slave_pos'] as const).map((column) => ({
    name: `mysql_slave_status_${column}`,
    type: 'gauge' as const,
    help: 'Sequence number of the MariaDB GTID position, by domain and server id.',
    labels: [...ofStatus, 'domain_id', 'server_id'],
    scope: 'server' as const,
  })),
  ...variables.map((variable) => ({
    name: `mysql_global_variables_${variable}`,
    type: 'gauge' as const,
    help: 'Generic gauge metric from SHOW GLOBAL VARIABLES.',
    labels: ofServer,
    scope: 'server' as const,
  })),
  ...statuses.map((status) => ({
    name: `mysql_global_status_${status}`,
    type: 'untyped' as const,
    help: 'Generic metric from SHOW GLOBAL STATUS.',
    labels: ofServer,
    scope: 'server' as const,
  })),
  ...(['stored', 'now'] as const).map((which) => ({
    name: `mysql_heartbeat_${which}_timestamp_seconds`,
    type: 'gauge' as const,
    unit: 'seconds' as const,
    help: `Timestamp ${which === 'now' ? 'of the current server' : 'stored in the heartbeat table'}.`,
    labels: [...ofServer, 'server_id'],
    scope: 'server' as const,
  })),
  {
    name: 'mysql_version_info',
    type: 'gauge',
    help: 'MySQL version and distribution.',
    labels: [...ofServer, 'innodb_version', 'version', 'version_comment'],
    scope: 'server',
  },
];

const byName: ReadonlyMap<string, Metric> = new Map(compatibilityCatalogue.map((metric) => [metric.name, metric]));

export function findCompatibilityMetric(name: string): Metric | undefined {
  return byName.get(name);
}
