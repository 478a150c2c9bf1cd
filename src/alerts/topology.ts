import {
  cluster,
  duration,
  indented,
  isPrimary,
  ofCluster,
  ofServer,
  selector,
  server,
  type Promql,
} from './promql.js';
import type { BuildRules } from './rule.js';
import { aCluster, aServer, asDuration, asNumber, labelOfServer, valueOfServer } from './words.js';

/**
 * Reasons given by a server that is alive: it answered, and did not let Lockstep in. See LoginRefused. A server that is not
 * known to be alive is down.
 */
export const aliveReasons = [
  'host-blocked',
  'too-many-connections',
  'tls-not-offered',
  'tls-failed',
  'tls-unverified',
  'access-denied',
  'auth-plugin-unsupported',
  'secret-unreadable',
] as const;

/** Down for every Lockstep, and alive for none. */
export const down: Promql = `${ofServer('mysql_up')} == 0\nunless on (${server})\n${ofServer('mysql_down', { reason: aliveReasons })} == 1`;

const async = `${ofCluster('mysql_cluster_topology', { topology: 'async' })} == 1`;
const reason = labelOfServer('mysql_down', 'reason', 'unknown');

export const topologyRules: BuildRules<'topology'> = (values) => ({
  recordings: [
    { record: 'server:mysql_up:max', expr: ofServer('mysql_up') },
    { record: 'cluster:mysql_up:sum', expr: `sum by (${cluster}) (server:mysql_up:max)` },
    { record: 'cluster:mysql_cluster_writable_servers:max', expr: ofCluster('mysql_cluster_writable_servers') },
  ],
  alerts: {
    ServerDown: {
      expr: down,
      for: 'down',
      summary: `${aServer} does not answer`,
      description: `${aServer} has not answered for more than ${duration(values.down)}: ${reason}.`,
    },
    PrimaryDown: {
      expr: `(\n${indented(down)}\n)\nand on (${server})\n${isPrimary}`,
      for: 'primary',
      summary: `The primary ${aServer} does not answer`,
      description: `${aServer} is the primary and has not answered for more than ${duration(values.primary)}: ${reason}. Nobody can write.`,
    },
    NoPrimary: {
      expr: `${ofCluster('mysql_cluster_problems', { problem: 'no-primary' })} > 0\nunless on (${cluster})\n${ofCluster('mysql_cluster_writable_servers')} > 0`,
      for: 'primary',
      summary: `No server of ${aCluster} accepts writes`,
      description: `Of the servers of ${aCluster} that answer, 0 accept writes.`,
    },
    PrimaryBehind: {
      expr: `${ofServer('mysql_cluster_problem', { problem: 'primary-behind' })} == 1\nunless on (${cluster})\n${ofCluster('mysql_cluster_writable_servers')} > 0`,
      for: 'primary',
      summary: `The primary ${aServer} came back with less than its replicas have`,
      description: `${aServer} is the primary, is read-only, and lacks what its replicas have received of it. Opened as it is, it would lose that.`,
    },
    TwoPrimaries: {
      // A writable replica is counted out by its own problem; what is left over has nobody above it, or hides it.
      expr: `(\n  ${ofCluster('mysql_cluster_writable_servers')}\n  - on (${cluster}) (\n    count by (${cluster}) (${ofServer('mysql_cluster_problem', { problem: 'writable-replica' })})\n    or on (${cluster})\n    0 * ${ofCluster('mysql_cluster_writable_servers')}\n  )\n  > 1\n)\nand on (${cluster})\n${async}`,
      for: 'primary',
      summary: `${aCluster} has more than one primary`,
      description: `${asNumber} servers of ${aCluster} accept writes and are not known to replicate from anybody.`,
    },
    WritableReplica: {
      expr: `${ofServer('mysql_cluster_problem', { problem: 'writable-replica' })} == 1`,
      for: 'role',
      summary: `The replica ${aServer} accepts writes`,
      description: `${aServer} replicates and accepts writes: what is written there is nowhere else.`,
    },
    ReplicaMissing: {
      expr: `${ofServer('mysql_cluster_problem', { problem: 'replica-missing' })} == 1`,
      for: 'role',
      summary: `${aServer} replicates from nobody`,
      description: `${aServer} is configured in ${aCluster} and has 0 replication channels, though the cluster has a primary.`,
    },
    UnknownReplica: {
      expr: `${ofServer('mysql_unknown_replicas')} > 0`,
      for: 'role',
      summary: `Somebody unknown replicates from ${aServer}`,
      description: `${asNumber} streams of the binary log of ${aServer} belong to no configured server.`,
    },
    ServerIdClash: {
      expr: `${ofServer('mysql_cluster_problem', { problem: 'server-id-clash' })} == 1`,
      for: 'role',
      summary: `The server id of ${aServer}, or of its replicas, is there twice`,
      description: `A server id is not unique: seen at ${aServer}, whose own is ${valueOfServer('mysql_server_id', 'unknown')}.`,
    },
    BootsWritable: {
      expr: `${ofServer('mysql_boot_read_only')} == 0\nand on (${cluster})\n${async}`,
      for: 'fact',
      summary: `${aServer} would accept writes after a restart`,
      description: `read_only is ${asNumber} in the settings that ${aServer} starts with: after a restart it would accept writes, whatever its role.`,
    },
    ClockOffset: {
      expr: `max by (${server}) (abs(${selector('mysql_clock_offset_seconds')})) > ${values.clock_offset}`,
      for: 'fact',
      summary: `The clock of ${aServer} is off`,
      description: `The clocks of ${aServer} and of Lockstep differ by ${asDuration}; the limit is ${duration(values.clock_offset)}.`,
    },
  },
});
