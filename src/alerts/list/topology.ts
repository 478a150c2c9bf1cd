import type { Listed } from '../listed.js';

/** Servers, and what each of them is in its cluster. */
export const topologyAlerts = {
  ServerDown: {
    subject: 'topology',
    severity: 'critical',
    meaning: 'A server does not answer; the reason is in the description.',
    metrics: ['mysql_up', 'mysql_down'],
    problem: 'server-down',
  },
  PrimaryDown: {
    subject: 'topology',
    severity: 'critical',
    meaning: 'The server that does not answer is the primary: nobody can write.',
    metrics: ['mysql_up', 'mysql_down', 'mysql_server_role'],
    procedure: 'failover',
    problem: 'server-down',
  },
  NoPrimary: {
    subject: 'topology',
    severity: 'critical',
    meaning: 'Servers answer, none of them accepts writes, and none that is down is the primary.',
    metrics: ['mysql_cluster_problems', 'mysql_cluster_writable_servers'],
    procedure: 'open-primary',
    problem: 'no-primary',
  },
  TwoPrimaries: {
    subject: 'topology',
    severity: 'critical',
    meaning: 'Two servers or more that replicate from nobody accept writes.',
    metrics: ['mysql_cluster_writable_servers', 'mysql_cluster_topology', 'mysql_cluster_problem'],
    problem: 'two-primaries',
  },
  WritableReplica: {
    subject: 'topology',
    severity: 'warning',
    meaning: 'A replica accepts writes of ordinary accounts.',
    metrics: ['mysql_cluster_problem'],
    procedure: 'fence-writable-replica',
    problem: 'writable-replica',
  },
  ReplicaMissing: {
    subject: 'topology',
    severity: 'warning',
    meaning: 'A server of the cluster replicates from nobody although there is a primary.',
    metrics: ['mysql_cluster_problem'],
    procedure: 'rejoin',
    problem: 'replica-missing',
  },
  UnknownReplica: {
    subject: 'topology',
    severity: 'warning',
    meaning: "Somebody streams a server's binary log who is no configured replica.",
    metrics: ['mysql_unknown_replicas'],
    problem: 'unknown-replica',
  },
  ServerIdClash: {
    subject: 'topology',
    severity: 'critical',
    meaning: 'Two servers or replicas have the same server_id.',
    metrics: ['mysql_cluster_problem'],
    problem: 'server-id-clash',
  },
  BootsWritable: {
    subject: 'topology',
    severity: 'warning',
    meaning: 'A server would accept writes after a restart: its settings on disk do not start it read-only.',
    metrics: ['mysql_boot_read_only', 'mysql_cluster_topology'],
    problem: 'boots-writable',
  },
  ClockOffset: {
    subject: 'topology',
    severity: 'warning',
    meaning: "A server's clock and Lockstep's differ by more than the limit.",
    metrics: ['mysql_clock_offset_seconds'],
    problem: 'clock-offset',
  },
} as const satisfies Readonly<Record<string, Listed>>;
