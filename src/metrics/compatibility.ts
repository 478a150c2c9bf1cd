import type { Channel, ServerFacts, ServerSnapshot } from '../domain/snapshot.js';
import {
  type Status,
  type StatusColumn,
  type Variable,
  findCompatibilityMetric,
  spellings,
} from './compatibility-catalogue.js';
import type { Family, Labels } from './families.js';

/**
 * The families of mysqld_exporter, for dashboards and alerts that exist: see the catalogue beside this file for what
 * is offered. Read as that exporter reads them: Yes is 1 and No or Connecting 0, have_ssl is 1 only for YES, and what
 * is NULL, textual or unknown is absent; seconds_behind_master is the server's own word, also when Lockstep doubts it.
 */
export function compatibilitySamples(snapshot: ServerSnapshot): readonly Family[] {
  const { facts } = snapshot;
  if (facts === undefined) return [];
  const families = new Map<string, Family & { samples: { labels: Labels; value: number }[] }>();
  const base = { cluster: snapshot.cluster, server: snapshot.name };
  const add = (name: string, value: number | boolean | undefined, labels: Labels = {}) => {
    const metric = findCompatibilityMetric(name);
    if (metric === undefined) throw new TypeError(`the compatibility catalogue has no metric ${name}`);
    if (value === undefined) return;
    const family = families.get(name) ?? { metric, samples: [] };
    family.samples.push({ labels: { ...base, ...labels }, value: Number(value) });
    families.set(name, family);
  };
  for (const channel of facts.channels ?? []) replicaStatus(add, facts, channel);
  for (const [name, value] of Object.entries(variablesOf(facts))) add(`mysql_global_variables_${name}`, value);
  for (const [name, value] of Object.entries(statusesOf(facts))) add(`mysql_global_status_${name}`, value);
  for (const heartbeat of facts.heartbeats ?? []) {
    const labels = { server_id: String(heartbeat.serverId) };
    add('mysql_heartbeat_stored_timestamp_seconds', heartbeat.writtenAt, labels);
    add('mysql_heartbeat_now_timestamp_seconds', heartbeat.nowAt, labels);
  }
  const { version, comment } = facts.identity;
  add('mysql_version_info', 1, { innodb_version: '', version, version_comment: comment });
  return [...families.values()];
}

type Value = number | boolean | undefined;
type Add = (name: string, value: Value, labels?: Labels) => void;

function replicaStatus(add: Add, facts: ServerFacts, channel: Channel): void {
  const mariadb = facts.identity.flavour === 'mariadb';
  const labels = {
    master_host: channel.source.host,
    master_uuid: channel.source.uuid ?? '',
    channel_name: mariadb ? '' : channel.name,
    connection_name: mariadb ? channel.name : '',
  };
  const columns: Record<StatusColumn, Value> = {
    slave_io_running: channel.io === 'running',
    slave_sql_running: channel.sql === 'running',
    seconds_behind_master: channel.lagSeconds,
    sql_delay: channel.delaySeconds,
    last_errno: channel.sqlError?.errno ?? 0,
    last_io_errno: channel.ioError?.errno ?? 0,
    last_sql_errno: channel.sqlError?.errno ?? 0,
    master_port: channel.source.port,
    master_server_id: channel.source.serverId,
    read_master_log_pos: channel.read.position,
    exec_master_log_pos: channel.executed.position,
    relay_log_space: channel.relayLogBytes,
    master_ssl_allowed: channel.tls.enabled,
    master_ssl_verify_server_cert: channel.tls.verify,
    slave_heartbeat_period: channel.heartbeatPeriodSeconds,
    slave_received_heartbeats: channel.heartbeatsReceived,
    using_gtid: mariadb && channel.gtid.mode === 'off' ? 0 : undefined,
    auto_position: mariadb ? undefined : channel.gtid.mode === 'auto',
  };
  for (const [column, value] of Object.entries(columns) as [StatusColumn, Value][])
    for (const spelling of spellings(column)) add(`mysql_slave_status_${spelling}`, value, labels);
  if (facts.gtid?.kind !== 'mariadb') return;
  for (const [column, positions] of [
    ['gtid_io_pos', channel.gtid.received],
    ['gtid_slave_pos', facts.gtid.slavePos],
  ] as const)
    for (const { value, ...ids } of positionsOf(positions))
      add(`mysql_slave_status_${column}`, value, { ...labels, ...ids });
}

/** `0-1-42,1-2-7` as sequence numbers by domain and server id. */
function positionsOf(positions = ''): { domain_id: string; server_id: string; value: number }[] {
  return positions.split(',').flatMap((position) => {
    const [domain_id, server_id, sequence] = position.trim().split('-');
    if (domain_id === undefined || server_id === undefined || sequence === undefined) return [];
    return [{ domain_id, server_id, value: Number(sequence) }];
  });
}

function variablesOf({ identity, state, gtid, tls, semiSync, binlog }: ServerFacts): Record<Variable, Value> {
  const { source, replica } = semiSync ?? {};
  const timeout = source?.timeoutSeconds === undefined ? undefined : source.timeoutSeconds * 1000;
  const mode =
    gtid?.kind === 'mysql'
      ? { OFF: 0, OFF_PERMISSIVE: undefined, ON_PERMISSIVE: undefined, ON: 1 }[gtid.mode]
      : undefined;
  return {
    have_ssl: tls === undefined ? undefined : tls.haveSsl === 'YES',
    require_secure_transport: tls?.required,
    read_only: state?.readOnly,
    super_read_only: state?.superReadOnly,
    server_id: identity.serverId,
    log_bin: binlog?.enabled,
    binlog_expire_logs_seconds: binlog?.retentionSeconds,
    sync_binlog: state?.syncBinlog,
    innodb_flush_log_at_trx_commit: state?.flushAtCommit,
    log_slave_updates: state?.logsReplicaUpdates,
    log_replica_updates: state?.logsReplicaUpdates,
    gtid_mode: mode,
    gtid_domain_id: gtid?.kind === 'mariadb' ? gtid.domainId : undefined,
    gtid_strict_mode: gtid?.kind === 'mariadb' ? gtid.strict : undefined,
    rpl_semi_sync_master_enabled: source?.enabled,
    rpl_semi_sync_source_enabled: source?.enabled,
    rpl_semi_sync_master_timeout: timeout,
    rpl_semi_sync_source_timeout: timeout,
    rpl_semi_sync_slave_enabled: replica?.enabled,
    rpl_semi_sync_replica_enabled: replica?.enabled,
  };
}

function statusesOf({ state, tls, semiSync }: ServerFacts): Record<Status, Value> {
  const { source, replica } = semiSync ?? {};
  return {
    uptime: state?.uptimeSeconds,
    ssl_server_not_before: tls?.statusNotBefore,
    ssl_server_not_after: tls?.statusNotAfter,
    rpl_semi_sync_master_status: source?.active,
    rpl_semi_sync_source_status: source?.active,
    rpl_semi_sync_master_clients: source?.clients,
    rpl_semi_sync_source_clients: source?.clients,
    rpl_semi_sync_master_yes_tx: source?.protectedTransactions,
    rpl_semi_sync_source_yes_tx: source?.protectedTransactions,
    rpl_semi_sync_master_no_tx: source?.unprotectedTransactions,
    rpl_semi_sync_source_no_tx: source?.unprotectedTransactions,
    rpl_semi_sync_master_no_times: source?.degradations,
    rpl_semi_sync_source_no_times: source?.degradations,
    rpl_semi_sync_slave_status: replica?.active,
    rpl_semi_sync_replica_status: replica?.active,
  };
}
