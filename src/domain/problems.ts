import { certificateChecks } from './problems/certificates.js';
import { channelTlsChecks } from './problems/channel-tls.js';
import { collectorChecks } from './problems/collectors.js';
import type { Check } from './problems/check.js';
import { logChecks } from './problems/logs.js';
import { replicationChecks } from './problems/replication.js';
import { roleChecks } from './problems/roles.js';
import { serverChecks } from './problems/servers.js';
import { settingChecks } from './problems/settings.js';
import { tlsChecks } from './problems/tls.js';
import type { Relations } from './relations.js';
import type { ClusterSnapshot, ServerName } from './snapshot.js';
import type { Topology } from './topology.js';

/** Every problem that Lockstep names: a closed set, used as a metric label and by policies. */
export const problemNames = [
  'server-down',
  'no-primary',
  'primary-behind',
  'two-primaries',
  'writable-replica',
  'replica-missing',
  'unknown-replica',
  'server-id-clash',
  'replication-stopped',
  'replication-failed',
  'replication-connecting',
  'replication-lagging',
  'lag-unknown',
  'errant-transactions',
  'source-log-purged',
  'retention-short',
  'semi-sync-degraded',
  'durability-relaxed',
  'clock-offset',
  'boots-writable',
  'tls-off',
  'tls-not-required',
  'tls-weak-protocol',
  'channel-without-tls',
  'channel-plaintext',
  'channel-fallback-possible',
  'channel-not-verifying',
  'certificate-expiring',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-wrong-name',
  'certificate-not-verifying',
  'certificate-differs-from-file',
  'ca-expiring',
  'client-certificate-expiring',
  'privilege-missing',
  'announcement-differs',
  'readers-differ',
] as const;
export type ProblemName = (typeof problemNames)[number];

export interface Problem {
  readonly name: ProblemName;
  readonly severity: 'info' | 'warning' | 'critical';
  readonly server: ServerName | undefined;
  readonly channel: string | undefined;
  /** One plain sentence with the value. */
  readonly message: string;
}

/** Limits past which a value is a problem. Seconds. */
export interface Thresholds {
  /** Default 60. */
  readonly lag: number;
  /** Default 30 days. */
  readonly certificate: number;
  /** Default 180 days: a new CA takes a rotation. */
  readonly authority: number;
  /** Default 2. */
  readonly clockOffset: number;
  /** Default 1 day. */
  readonly retentionHeadroom: number;
}

export const defaultThresholds: Thresholds = {
  lag: 60,
  certificate: 30 * 86_400,
  authority: 180 * 86_400,
  clockOffset: 2,
  retentionHeadroom: 86_400,
};

/**
 * Every problem of a cluster, in the order of the checks below, then of the configuration. What is unknown is no
 * problem. A server that is down yields `server-down`, its certificates' problems, and what others see of it.
 * @param at seconds since the Unix epoch
 */
export function problemsOf(
  snapshot: ClusterSnapshot,
  topology: Topology,
  relations: Relations,
  thresholds: Thresholds,
  at: number,
): readonly Problem[] {
  return checks.flatMap((check) => check({ snapshot, topology, relations, thresholds, at }));
}

const checks: readonly Check[] = [
  ...serverChecks,
  ...roleChecks,
  ...replicationChecks,
  ...logChecks,
  ...settingChecks,
  ...tlsChecks,
  ...channelTlsChecks,
  ...certificateChecks,
  ...collectorChecks,
];
