import { begins, minute, type Case } from '../case.js';

const keep = 5 * minute;
const production = { cluster: 'production' };
const db1 = { cluster: 'production', server: 'db1' };
const async = { 'mysql_cluster_topology{topology="async"}': [1, 1] } as const;

const downtimeUntil = 'lockstep_server_downtime_until_timestamp_seconds';

export const topologyCases: readonly Case[] = [
  {
    alert: 'ServerDown',
    after: minute,
    series: { mysql_up: [1, 0], 'mysql_down{reason="refused"}': [0, 1], 'mysql_down{reason="timeout"}': [0, 0] },
    summary: 'production/db2 does not answer',
    description: 'production/db2 has not answered for more than 1m: refused.',
  },
  {
    alert: 'ServerDown',
    when: 'after its downtime, and in the downtime of another server',
    after: minute,
    series: {
      mysql_up: [1, 0],
      'mysql_down{reason="refused"}': [0, 1],
      [`${downtimeUntil}{server="db2"}`]: [begins, begins],
      [`${downtimeUntil}{server="db3"}`]: [1e9, 1e9],
    },
    summary: 'production/db2 does not answer',
    description: 'production/db2 has not answered for more than 1m: refused.',
  },
  {
    alert: 'ServerDown',
    when: 'that a second Lockstep still sees',
    after: 'never',
    series: {
      'mysql_up{job="lockstep-near"}': [1, 1],
      'mysql_up{job="lockstep-far"}': [1, 0],
      'mysql_down{job="lockstep-near",reason="timeout"}': [0, 0],
      'mysql_down{job="lockstep-far",reason="timeout"}': [0, 1],
    },
  },
  {
    alert: 'ServerDown',
    when: 'that answers and refuses us',
    after: 'never',
    series: { mysql_up: [1, 0], 'mysql_down{reason="access-denied"}': [0, 1] },
  },
  {
    alert: 'PrimaryDown',
    after: 0.5 * minute,
    keep,
    labels: db1,
    series: {
      'mysql_up{server="db1"}': [1, 0],
      'mysql_down{server="db1",reason="timeout"}': [0, 1],
      'mysql_server_role{server="db1",role="primary"}': [1, 1],
    },
    short: { 'mysql_server_role{server="db1",role="primary"}': 0 },
    summary: 'The primary production/db1 does not answer',
    description: 'production/db1 is the primary and has not answered for more than 30s: timeout. Nobody can write.',
  },
  {
    alert: 'PrimaryDown',
    when: 'that answers with too many connections',
    after: 'never',
    series: {
      'mysql_up{server="db1"}': [1, 0],
      'mysql_down{server="db1",reason="too-many-connections"}': [0, 1],
      'mysql_server_role{server="db1",role="primary"}': [1, 1],
    },
  },
  {
    alert: 'NoPrimary',
    after: 0.5 * minute,
    keep,
    labels: production,
    series: { 'mysql_cluster_problems{problem="no-primary"}': [0, 1], mysql_cluster_writable_servers: [1, 0] },
    // Another Lockstep sees one that is writable.
    short: { mysql_cluster_writable_servers: 1 },
    summary: 'No server of production accepts writes',
    description: 'Of the servers of production that answer, 0 accept writes.',
  },
  {
    alert: 'PrimaryBehind',
    after: 0.5 * minute,
    keep,
    labels: db1,
    series: { 'mysql_cluster_problem{server="db1",problem="primary-behind"}': [0, 1], mysql_cluster_writable_servers: [1, 0] }, // prettier-ignore
    // Another Lockstep sees one that is writable.
    short: { mysql_cluster_writable_servers: 1 },
    summary: 'The primary production/db1 came back with less than its replicas have',
    description:
      'production/db1 is the primary, is read-only, and lacks what its replicas have received of it. Opened as it is, it would lose that.',
  },
  {
    alert: 'TwoPrimaries',
    after: 0.5 * minute,
    labels: production,
    series: { mysql_cluster_writable_servers: [1, 2], ...async },
    short: { mysql_cluster_writable_servers: 1 },
    summary: 'production has more than one primary',
    description: '2 servers of production accept writes and are not known to replicate from anybody.',
  },
  {
    alert: 'TwoPrimaries',
    when: 'beside a writable replica',
    after: 0.5 * minute,
    labels: production,
    series: {
      mysql_cluster_writable_servers: [2, 3],
      'mysql_cluster_problem{problem="writable-replica"}': [1, 1],
      ...async,
    },
    short: { mysql_cluster_writable_servers: 2 },
    summary: 'production has more than one primary',
    description: '2 servers of production accept writes and are not known to replicate from anybody.',
  },
  {
    alert: 'TwoPrimaries',
    when: 'as Galera is meant to have',
    after: 'never',
    series: {
      mysql_cluster_writable_servers: [3, 3],
      'mysql_cluster_topology{topology="async"}': [0, 0],
      'mysql_cluster_topology{topology="galera"}': [1, 1],
    },
  },
  {
    alert: 'WritableReplica',
    after: minute,
    keep,
    series: { 'mysql_cluster_problem{problem="writable-replica"}': ['_', 1] },
    summary: 'The replica production/db2 accepts writes',
    description: 'production/db2 replicates and accepts writes: what is written there is nowhere else.',
  },
  {
    alert: 'ReplicaMissing',
    after: minute,
    keep,
    series: { 'mysql_cluster_problem{problem="replica-missing"}': ['_', 1] },
    summary: 'production/db2 replicates from nobody',
    description:
      'production/db2 is configured in production and has 0 replication channels, though the cluster has a primary.',
  },
  {
    alert: 'UnknownReplica',
    after: minute,
    labels: db1,
    series: { 'mysql_unknown_replicas{server="db1"}': [0, 2] },
    summary: 'Somebody unknown replicates from production/db1',
    description: '2 streams of the binary log of production/db1 belong to no configured server.',
  },
  {
    alert: 'ServerIdClash',
    after: minute,
    series: { 'mysql_cluster_problem{problem="server-id-clash"}': ['_', 1], mysql_server_id: [12, 11] },
    summary: 'The server id of production/db2, or of its replicas, is there twice',
    description: 'A server id is not unique: seen at production/db2, whose own is 11.',
  },
  {
    alert: 'BootsWritable',
    after: 5 * minute,
    series: { mysql_boot_read_only: [1, 0], ...async },
    summary: 'production/db2 would accept writes after a restart',
    description:
      'read_only is 0 in the settings that production/db2 starts with: after a restart it would accept writes, whatever its role.',
  },
  {
    alert: 'BootsWritable',
    when: 'where the group opens and closes its servers itself',
    after: 'never',
    series: { mysql_boot_read_only: [1, 0], 'mysql_cluster_topology{topology="async"}': [0, 0] },
  },
  {
    alert: 'ClockOffset',
    when: 'behind',
    after: 5 * minute,
    series: { mysql_clock_offset_seconds: [0.1, -2.5] },
    short: { mysql_clock_offset_seconds: -2 },
    summary: 'The clock of production/db2 is off',
    description: 'The clocks of production/db2 and of Lockstep differ by 2.5s; the limit is 2s.',
  },
  {
    alert: 'ClockOffset',
    when: 'ahead',
    after: 5 * minute,
    series: { mysql_clock_offset_seconds: [0.1, 3600] },
    short: { mysql_clock_offset_seconds: 2 },
    summary: 'The clock of production/db2 is off',
    description: 'The clocks of production/db2 and of Lockstep differ by 1h 0m 0s; the limit is 2s.',
  },
];
