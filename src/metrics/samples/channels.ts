import { lagIsKnown } from '../../domain/lag.js';
import type { Channel, GtidFacts, LogPosition } from '../../domain/snapshot.js';
import type { ChannelSink, ServerSink } from '../families.js';

export function channels(sink: ServerSink, facts: readonly Channel[]): void {
  sink.add('mysql_replica_channels', facts.length);
  for (const found of facts) channel(sink.within({ channel: found.name }), found);
}

export function gtid(sink: ServerSink, facts: GtidFacts): void {
  if (facts.kind === 'mysql') {
    sink.states('mysql_gtid_mode', 'mode', facts.mode);
  } else {
    sink.add('mysql_gtid_strict_mode', facts.strict);
    sink.add('mysql_gtid_domain_id', facts.domainId);
  }
}

function channel(sink: ChannelSink, facts: Channel): void {
  sink.add('mysql_replica_configured', 1);
  sink.add('mysql_replica_io_running', facts.io === 'running');
  sink.add('mysql_replica_io_connecting', facts.io === 'connecting');
  sink.add('mysql_replica_sql_running', facts.sql === 'running');
  sink.add('mysql_replica_io_errno', facts.ioError?.errno ?? 0);
  sink.add('mysql_replica_sql_errno', facts.sqlError?.errno ?? 0);
  sink.add('mysql_replica_io_error_timestamp_seconds', facts.ioError?.time);
  sink.add('mysql_replica_sql_error_timestamp_seconds', facts.sqlError?.time);
  progress(sink, facts);
  security(sink, facts);
}

function progress(sink: ChannelSink, facts: Channel): void {
  const known = lagIsKnown(facts);
  sink.add('mysql_replica_lag_known', known);
  if (known) sink.add('mysql_replica_lag_seconds', facts.lagSeconds);
  sink.add('mysql_replica_delay_seconds', facts.delaySeconds);
  if (facts.receivedAt !== undefined)
    sink.add('mysql_replica_last_received_timestamp_seconds', facts.receivedAt / 1000);
  sink.add('mysql_replica_silent', facts.silent);
  sink.add('mysql_replica_heartbeat_period_seconds', facts.heartbeatPeriodSeconds);
  sink.add('mysql_replica_heartbeats_received_total', facts.heartbeatsReceived);
  sink.add('mysql_replica_relay_log_bytes', facts.relayLogBytes);
  sink.add('mysql_replica_read_log_number', logNumber(facts.read));
  if (facts.read.file !== '') sink.add('mysql_replica_read_position_bytes', facts.read.position);
  sink.add('mysql_replica_executed_log_number', logNumber(facts.executed));
  if (facts.executed.file !== '') sink.add('mysql_replica_executed_position_bytes', facts.executed.position);
  sink.add('mysql_replica_gtid_enabled', facts.gtid.mode !== 'off');
}

function security(sink: ChannelSink, { tls, source, gtid: { mode } }: Channel): void {
  sink.add('mysql_replica_tls_enabled', tls.enabled);
  sink.add('mysql_replica_tls_verify', tls.verify);
  sink.info('mysql_replica_tls_info', { ca_file: tls.caFile, cert_file: tls.certFile, key_file: tls.keyFile });
  sink.info('mysql_replica_source_info', {
    source_host: source.host,
    source_port: source.port,
    source_user: source.user,
    source_server_id: source.serverId,
    source_uuid: source.uuid,
    gtid_mode: mode,
  });
}

/** The number of a binary log file, such as 12 for `binlog.000012`; undefined when there is no file yet. */
export function logNumber({ file }: LogPosition): number | undefined {
  const digits = /\.(\d+)$/.exec(file)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
