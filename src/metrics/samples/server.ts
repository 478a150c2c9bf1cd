import type { ServerSnapshot, ServerState } from '../../domain/snapshot.js';
import type { ServerSink } from '../families.js';

/** Whether the server answers, what it is, and how it stands. */
export function server(sink: ServerSink, snapshot: ServerSnapshot): void {
  const { facts, login, address } = snapshot;
  sink.add('mysql_up', facts !== undefined);
  sink.states('mysql_down', 'reason', facts === undefined ? (snapshot.failure?.reason ?? 'other') : undefined);
  if (login !== undefined) {
    sink.states('mysql_login_failure', 'reason', login.failure?.reason);
    sink.add('mysql_login_timestamp_seconds', login.at / 1000);
  }
  if (facts === undefined) return;
  const { identity } = facts;
  sink.info('mysql_server_info', {
    address: `${address.host}:${address.port}`,
    flavour: identity.flavour,
    version: identity.version,
    version_comment: identity.comment,
    column: identity.column,
    proof: identity.proof,
    uuid: identity.uuid,
    hostname: identity.hostname,
    managed: identity.managed,
    grouping: identity.grouping,
  });
  sink.add('mysql_server_newer_than_known', identity.newerThanKnown);
  sink.add('mysql_server_id', identity.serverId);
  if (facts.state !== undefined) state(sink, facts.state);
}

function state(sink: ServerSink, facts: ServerState): void {
  sink.add('mysql_uptime_seconds', facts.uptimeSeconds);
  sink.add('mysql_clock_offset_seconds', facts.clockOffsetSeconds);
  sink.add('mysql_read_only', facts.readOnly);
  sink.add('mysql_super_read_only', facts.superReadOnly);
  sink.add('mysql_boot_read_only', facts.bootReadOnly);
  sink.add('mysql_boot_read_only_known', facts.bootReadOnly !== undefined);
  sink.add('mysql_sync_binlog', facts.syncBinlog);
  sink.add('mysql_innodb_flush_log_at_trx_commit', facts.flushAtCommit);
  sink.add('mysql_logs_replica_updates', facts.logsReplicaUpdates);
}
