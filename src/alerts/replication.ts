import {
  channel,
  duration,
  growthOfServer,
  indented,
  ofChannel,
  ofServer,
  outsideDowntimeOfPrimary,
  selector,
  server,
  type Promql,
} from './promql.js';
import type { BuildRules } from './rule.js';
import type { Values } from './settings.js';
import { aChannel, aServer, asBytes, asCount, asDuration, asNumber, valueOfServer } from './words.js';

const lag = 'channel:mysql_replica_lag_seconds:max';
const excess = 'channel:mysql_replica_lag_seconds:max_beyond_delay';
const gap = 'channel:mysql_replica_gtid_gap_transactions:max';

/** The heartbeat's lag where there is one: it tells the truth while the threads stand, too. */
const lagOf = `${ofChannel('mysql_replica_heartbeat_lag_seconds')}\nor\n${ofChannel('mysql_replica_lag_seconds')}`;

export const replicationRules: BuildRules<'replication'> = (values) => ({
  recordings: [
    { record: lag, expr: lagOf },
    { record: excess, expr: `${lag}\n- on (${channel})\n${ofChannel('mysql_replica_delay_seconds')}` },
    { record: 'cluster:mysql_replica_lag_seconds:max', expr: `max by (cluster) (${lag})` },
    { record: gap, expr: ofChannel('mysql_replica_gtid_gap_transactions') },
  ],
  alerts: {
    ReplicationStopped: {
      expr: failed,
      for: 'stopped',
      summary: `The {{ $labels.thread }} thread of ${aChannel} stopped with an error`,
      description: `The {{ $labels.thread }} thread of ${aChannel} stopped with error ${asNumber}.`,
    },
    ReplicationStoppedByHand: {
      expr: `${standing} > 0\nunless on (${channel})\n(\n${indented(failed)}\n)`,
      for: 'by_hand',
      summary: `Replication of ${aChannel} is stopped, without an error`,
      description: `${asNumber} of the 2 threads of ${aChannel} stand without an error: somebody stopped them.`,
    },
    ReplicationConnecting: {
      expr: outsideDowntimeOfPrimary(
        `${ofChannel('mysql_replica_io_errno')}\nand on (${channel})\n${ofChannel('mysql_replica_io_connecting')} == 1`,
      ),
      for: 'connecting',
      summary: `${aChannel} does not reach its source`,
      description: `${aChannel} has been trying to connect to its source for more than ${duration(values.connecting)}, last with error ${asNumber} (0: none was told).`,
    },
    ReplicationLagging: {
      // From where it is now, as its slope goes. What was seen too briefly to have a slope is not catching up.
      expr: `${excess} > ${values.lag}\nunless on (${channel})\n${excess} + ${values.ahead} * deriv(${excess}[${duration(values.trend)}]) <= ${values.lag}`,
      for: 'lagging',
      summary: `${aChannel} lags behind its source`,
      description: `${aChannel} is ${asDuration} further behind its source than its configured delay; the limit is ${duration(values.lag)}, and by its trend it will not be back within ${duration(values.ahead)}.`,
    },
    ReplicationFarBehind: {
      expr: `${excess} > ${values.far_behind}`,
      for: 'lagging',
      summary: `${aChannel} is far behind its source`,
      description: `${aChannel} is ${asDuration} further behind its source than its configured delay; the limit is ${duration(values.far_behind)}.`,
    },
    LagUnknown: {
      expr: outsideDowntimeOfPrimary(
        `(\n  ${ofChannel('mysql_replica_lag_known')} == 0\n  and on (${channel}) ${ofChannel('mysql_replica_io_running')} == 1\n  and on (${channel}) ${ofChannel('mysql_replica_sql_running')} == 1\n)\nunless on (${channel})\n${ofChannel('mysql_replica_heartbeat_lag_seconds')}`,
      ),
      for: 'unknown',
      summary: `Nobody can tell how far behind ${aChannel} is`,
      description: `Both threads of ${aChannel} say that they run, and its lag has been unknown for more than ${duration(values.unknown)}: its source may be frozen, or the network silent.`,
    },
    GtidGapGrowing: {
      expr: `${gap} > ${values.gtid_gap}\nand on (${channel})\nderiv(${gap}[${duration(values.trend)}]) > 0`,
      for: 'growing',
      summary: `${aChannel} falls further and further behind`,
      description: `${aChannel} has ${asCount} transactions of its source yet to apply, and they become more.`,
    },
    ErrantTransactions: {
      expr: `${ofServer('mysql_errant_transactions')} > 0`,
      for: 'fact',
      summary: `${aServer} has transactions that its source never had`,
      description: `${aServer} has at least ${asNumber} transactions that its source never had.`,
    },
    ReplicaDiffers: {
      expr: `${ofServer('lockstep_replica_differing_tables')} > 0`,
      for: undefined,
      summary: `${aServer} is not what its source is`,
      description: `${asNumber} tables of ${aServer} differ from its source, in at least ${valueOfServer('lockstep_replica_differing_rows', '?')} rows: whoever reads there reads something else.`,
    },
    SourceLogPurged: {
      expr: purged,
      for: 'stopped',
      summary: `The source of ${aChannel} no longer has what it must read next`,
      description: `The source of ${aChannel} has purged the binary log that it must read next: it can never catch up.`,
    },
    RetentionShort: {
      expr: `${ofChannel('mysql_replica_retention_headroom_seconds')} < ${values.retention}\nunless on (${channel})\n${purged}`,
      for: 'fact',
      summary: `The source of ${aChannel} will soon purge what it has yet to read`,
      description: `In ${asDuration} the source of ${aChannel} may purge what it has yet to read; wanted are ${duration(values.retention)}.`,
    },
    RelayLogLarge: {
      expr: `${ofChannel('mysql_replica_relay_log_bytes')} > ${values.relay_log}`,
      for: 'growing',
      summary: `The relay log of ${aChannel} is large`,
      description: `The relay log of ${aChannel} takes ${asBytes}: it receives faster than it applies.`,
    },
    SemiSyncDegraded: {
      expr: `${ofServer('mysql_semi_sync_source_active')} == 0\nand on (${server}) ${semiSyncEnabled}\n${atASource}`,
      for: 'degraded',
      summary: `${aServer} commits without waiting for a replica`,
      description: `Semi-synchronous replication is enabled on ${aServer} and not active, with ${valueOfServer('mysql_semi_sync_source_clients', '?')} semi-synchronous replicas connected: a failover now may lose transactions.`,
    },
    SemiSyncWasDegraded: {
      expr: `(\n${indented(unprotected(values))}\n)\nand on (${server}) ${semiSyncEnabled}\n${atASource}`,
      for: undefined,
      summary: `${aServer} committed without waiting for a replica for a while`,
      description: `Within the last ${duration(values.lookback)} about ${asCount} transactions or fall-backs of ${aServer} went without the acknowledgement of a replica.`,
    },
    DurabilityRelaxed: {
      expr: `${ofServer('mysql_cluster_problem', { problem: 'durability-relaxed' })} == 1`,
      for: 'fact',
      summary: `${aServer} may lose committed transactions in a crash`,
      description: `${aServer} may lose committed transactions in a crash: sync_binlog is ${valueOfServer('mysql_sync_binlog', 'unknown')} and innodb_flush_log_at_trx_commit is ${valueOfServer('mysql_innodb_flush_log_at_trx_commit', 'unknown')}.`,
    },
  },
});

/** Per thread, the error number of one that stands. An IO thread that connects has not stopped. */
const failed = [
  thread('SQL', ofChannel('mysql_replica_sql_errno'), [`${ofChannel('mysql_replica_sql_running')} == 0`]),
  'or',
  thread('IO', ofChannel('mysql_replica_io_errno'), [
    `${ofChannel('mysql_replica_io_running')} == 0`,
    `${ofChannel('mysql_replica_io_connecting')} == 0`,
  ]),
].join('\n');

/** How many threads of a channel stand. */
const standing = `2\n- clamp_max(${ofChannel('mysql_replica_io_running')} + ${ofChannel('mysql_replica_io_connecting')}, 1)\n- ${ofChannel('mysql_replica_sql_running')}`;

const purged = `${ofChannel('mysql_replica_source_log_available')} == 0`;

const semiSyncEnabled = `${ofServer('mysql_semi_sync_source_enabled')} == 1`;

/** A replica's own source side waits for nobody. */
const atASource = `and on (${server}) max by (${server}) (${selector('mysql_server_role', { role: ['primary', 'intermediate'] })}) == 1`;

function unprotected({ lookback }: Values): Promql {
  const transactions = growthOfServer('mysql_semi_sync_unprotected_transactions_total', lookback);
  const degradations = growthOfServer('mysql_semi_sync_degradations_total', lookback);
  return `${transactions} > 0\nor\n${degradations} > 0`;
}

function thread(name: 'IO' | 'SQL', errno: Promql, stands: readonly Promql[]): Promql {
  const conditions = stands.map((one) => `    and on (${channel}) ${one}`);
  return [
    `label_replace(`,
    `  (`,
    `    ${errno} > 0`,
    ...conditions,
    `  ),`,
    `  "thread", "${name}", "", ""`,
    `)`,
  ].join('\n');
}
