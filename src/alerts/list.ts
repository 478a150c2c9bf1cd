import type { MetricName } from '../metrics/catalogue.js';

/** The rule files: what an alert is about. */
export const subjects = ['replication', 'topology', 'tls', 'certificates', 'exporter'] as const;
export type Subject = (typeof subjects)[number];

/** `critical` wakes somebody, `warning` waits for the morning, `none` is for the Watchdog alone. */
export type Severity = 'critical' | 'warning' | 'none';

/** What is said of an alert wherever it is listed; its expression stands in the file of its subject. */
export interface Listed {
  readonly subject: Subject;
  readonly severity: Severity;
  /** One line: what holds when it fires. */
  readonly meaning: string;
  /** Every metric that its expression reads. */
  readonly metrics: readonly (MetricName | 'up')[];
  /** The procedure of Lockstep that mends it, where there is one. */
  readonly procedure?: string;
  /** The problem (domain/problems) that Lockstep names while it fires, where there is one. */
  readonly problem?: string;
}

/** Every alert, by name. Renaming one is a breaking change: routes, silences, policies and runbooks name them. */
export const alertList = {
  // Replication
  ReplicationStopped: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'A thread of a channel (IO or SQL) stopped with an error; the value is its error number.',
    metrics: [
      'mysql_replica_io_running',
      'mysql_replica_io_connecting',
      'mysql_replica_io_errno',
      'mysql_replica_sql_running',
      'mysql_replica_sql_errno',
    ],
    procedure: 'restart-replication',
    problem: 'replication-failed',
  },
  ReplicationStoppedByHand: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'A thread of a channel, or both, stand without an error (errno 0): somebody stopped them.',
    metrics: [
      'mysql_replica_io_running',
      'mysql_replica_io_connecting',
      'mysql_replica_io_errno',
      'mysql_replica_sql_running',
      'mysql_replica_sql_errno',
    ],
    procedure: 'restart-replication',
    problem: 'replication-stopped',
  },
  ReplicationConnecting: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'A channel has been trying to connect to its source for too long; the value is the error number of the tries.',
    metrics: ['mysql_replica_io_connecting', 'mysql_replica_io_errno'],
    procedure: 'restart-replication',
    problem: 'replication-connecting',
  },
  ReplicationLagging: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'A channel is further behind than its configured delay allows, and by its trend will not catch up soon.',
    metrics: ['mysql_replica_heartbeat_lag_seconds', 'mysql_replica_lag_seconds', 'mysql_replica_delay_seconds'],
    problem: 'replication-lagging',
  },
  ReplicationFarBehind: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'A channel is very far behind its configured delay, whatever the trend.',
    metrics: ['mysql_replica_heartbeat_lag_seconds', 'mysql_replica_lag_seconds', 'mysql_replica_delay_seconds'],
    problem: 'replication-lagging',
  },
  LagUnknown: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'Both threads of a channel say that they run, and nobody can tell how far behind it is: a frozen source, or a silent network.',
    metrics: [
      'mysql_replica_lag_known',
      'mysql_replica_io_running',
      'mysql_replica_sql_running',
      'mysql_replica_heartbeat_lag_seconds',
    ],
    problem: 'lag-unknown',
  },
  GtidGapGrowing: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'The transactions that a replica has yet to apply are many and become more.',
    metrics: ['mysql_replica_gtid_gap_transactions'],
  },
  ErrantTransactions: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'A replica has transactions that its source never had.',
    metrics: ['mysql_errant_transactions'],
    procedure: 'rebuild-replica',
    problem: 'errant-transactions',
  },
  SourceLogPurged: {
    subject: 'replication',
    severity: 'critical',
    meaning: 'The source no longer has the binary log that a channel reads next: it can never catch up.',
    metrics: ['mysql_replica_source_log_available'],
    procedure: 'rebuild-replica',
    problem: 'source-log-purged',
  },
  RetentionShort: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'The source will soon purge what a channel has yet to read.',
    metrics: ['mysql_replica_retention_headroom_seconds', 'mysql_replica_source_log_available'],
    problem: 'retention-short',
  },
  RelayLogLarge: {
    subject: 'replication',
    severity: 'warning',
    meaning: 'The relay log of a channel takes much space: it receives faster than it applies.',
    metrics: ['mysql_replica_relay_log_bytes'],
  },
  SemiSyncDegraded: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'A source with semi-synchronous replication enabled commits without waiting for a replica: the zero-loss promise is off.',
    metrics: ['mysql_semi_sync_source_enabled', 'mysql_semi_sync_source_active', 'mysql_server_role'],
    problem: 'semi-sync-degraded',
  },
  SemiSyncWasDegraded: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'Since the last looks a source committed transactions that no replica had acknowledged, or fell back to asynchronous, even if only for a moment.',
    metrics: [
      'mysql_semi_sync_source_enabled',
      'mysql_semi_sync_unprotected_transactions_total',
      'mysql_semi_sync_degradations_total',
      'mysql_server_role',
    ],
  },
  DurabilityRelaxed: {
    subject: 'replication',
    severity: 'warning',
    meaning:
      'A server may lose committed transactions in a crash: sync_binlog or innodb_flush_log_at_trx_commit is not 1 (MariaDB: 3 is stricter still).',
    metrics: ['mysql_cluster_problem'],
    problem: 'durability-relaxed',
  },

  // Topology
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

  // TLS
  TlsOff: {
    subject: 'tls',
    severity: 'critical',
    meaning:
      'A server does not offer TLS: have_ssl, or what replaced it, is not YES, or its greeting does not offer TLS.',
    metrics: ['mysql_have_ssl', 'mysql_tls_offered'],
    problem: 'tls-off',
  },
  TlsNotRequired: {
    subject: 'tls',
    severity: 'warning',
    meaning:
      'Accounts may log in over the network without TLS; the value is how many, 0 when they cannot be counted and require_secure_transport is off.',
    metrics: ['mysql_accounts_without_tls', 'mysql_tls_required'],
    procedure: 'require-tls',
    problem: 'tls-not-required',
  },
  TlsWeakProtocol: {
    subject: 'tls',
    severity: 'warning',
    meaning: 'A server accepts, or has sessions of, a protocol version before TLS 1.2.',
    metrics: ['mysql_tls_version_accepted', 'mysql_tls_sessions'],
    problem: 'tls-weak-protocol',
  },
  ChannelWithoutTls: {
    subject: 'tls',
    severity: 'critical',
    meaning: 'A channel is configured to replicate without TLS.',
    metrics: ['mysql_replica_tls_enabled'],
    procedure: 'secure-channel',
    problem: 'channel-without-tls',
  },
  ChannelPlaintext: {
    subject: 'tls',
    severity: 'critical',
    meaning: 'A channel is configured with TLS, and its source sees plaintext.',
    metrics: ['mysql_replica_tls_negotiated', 'mysql_replica_tls_enabled'],
    procedure: 'secure-channel',
    problem: 'channel-plaintext',
  },
  ChannelFallbackPossible: {
    subject: 'tls',
    severity: 'warning',
    meaning: 'A channel would silently go on in plaintext if its source stopped offering TLS.',
    metrics: ['mysql_replica_tls_fallback_possible', 'mysql_replica_tls_negotiated'],
    procedure: 'secure-channel',
    problem: 'channel-fallback-possible',
  },
  ChannelNotVerifying: {
    subject: 'tls',
    severity: 'warning',
    meaning: "A channel does not verify its source's certificate.",
    metrics: ['mysql_replica_tls_verify', 'mysql_replica_tls_enabled'],
    procedure: 'secure-channel',
    problem: 'channel-not-verifying',
  },

  // Certificates
  CertificateExpiring: {
    subject: 'certificates',
    severity: 'warning',
    meaning: "A server's certificate expires within the warning period (30 days).",
    metrics: ['mysql_certificate_not_after_timestamp_seconds'],
    procedure: 'renew-certificate',
    problem: 'certificate-expiring',
  },
  CertificateExpiringSoon: {
    subject: 'certificates',
    severity: 'critical',
    meaning: "A server's certificate, or a replica's client certificate, expires within the critical period (7 days).",
    metrics: ['mysql_certificate_not_after_timestamp_seconds'],
    procedure: 'renew-certificate',
    problem: 'certificate-expiring',
  },
  CertificateExpired: {
    subject: 'certificates',
    severity: 'critical',
    meaning:
      "A certificate has expired: a server's, a replica's client certificate, or an authority with no other valid beside it (label role).",
    metrics: [
      'mysql_certificate_not_after_timestamp_seconds',
      'mysql_certificate_verification',
      'mysql_cluster_problem',
    ],
    procedure: 'renew-certificate',
    problem: 'certificate-expired',
  },
  ClientCertificateExpiring: {
    subject: 'certificates',
    severity: 'warning',
    meaning: 'The client certificate that a channel logs in with expires within the warning period (30 days).',
    metrics: ['mysql_certificate_not_after_timestamp_seconds'],
    procedure: 'renew-certificate',
    problem: 'client-certificate-expiring',
  },
  CaExpiring: {
    subject: 'certificates',
    severity: 'warning',
    meaning:
      'A certificate authority expires within the period that a rotation takes (180 days), or has expired beside a valid one.',
    metrics: ['mysql_certificate_not_after_timestamp_seconds'],
    procedure: 'trust-authority',
    problem: 'ca-expiring',
  },
  CertificateNotYetValid: {
    subject: 'certificates',
    severity: 'critical',
    meaning: 'A certificate is not valid yet: its dates are wrong, or a clock is.',
    metrics: ['mysql_certificate_not_before_timestamp_seconds', 'mysql_certificate_verification'],
    procedure: 'renew-certificate',
    problem: 'certificate-not-yet-valid',
  },
  CertificateWrongName: {
    subject: 'certificates',
    severity: 'warning',
    meaning: 'The certificate that a server presents is not for the name or address that it is reached by.',
    metrics: ['mysql_certificate_verification'],
    procedure: 'renew-certificate',
    problem: 'certificate-wrong-name',
  },
  CertificateNotVerifying: {
    subject: 'certificates',
    severity: 'warning',
    meaning:
      "The certificate that a server presents does not verify against Lockstep's authority, for another reason than dates or names.",
    metrics: ['mysql_certificate_verification'],
    problem: 'certificate-not-verifying',
  },
  CertificateDiffersFromFile: {
    subject: 'certificates',
    severity: 'warning',
    meaning: 'The certificate that a server presents is not the one in its file: it was replaced and not loaded.',
    metrics: ['mysql_certificate_served_equals_file'],
    procedure: 'renew-certificate',
    problem: 'certificate-differs-from-file',
  },

  // Lockstep, and the way from it to Alertmanager
  LoginRefused: {
    subject: 'exporter',
    severity: 'warning',
    meaning:
      'A server answers and Lockstep cannot log in: certificate, account, TLS or connection limit. Other alerts of this server may be blind.',
    metrics: ['mysql_login_failure'],
  },
  CollectorFailing: {
    subject: 'exporter',
    severity: 'warning',
    meaning:
      'A collector brings nothing from a server that is up, for want of a privilege most often: alerts on its facts are blind.',
    metrics: ['lockstep_collector_success', 'mysql_up'],
    problem: 'privilege-missing',
  },
  ServerNotProbed: {
    subject: 'exporter',
    severity: 'warning',
    meaning: "Lockstep watches a server that Prometheus does not probe: the server's own alerts are blind.",
    metrics: ['mysql_server_role', 'mysql_up'],
  },
  ScrapeFailing: {
    subject: 'exporter',
    severity: 'warning',
    meaning: 'Prometheus cannot scrape a target of Lockstep.',
    metrics: ['up'],
  },
  LockstepAbsent: {
    subject: 'exporter',
    severity: 'critical',
    meaning: 'Prometheus has no metrics of any Lockstep: nobody watches replication.',
    metrics: ['lockstep_build_info'],
  },
  ConfigurationReloadFailed: {
    subject: 'exporter',
    severity: 'warning',
    meaning: 'The newest configuration of Lockstep was wrong; the one before it stays in force.',
    metrics: ['lockstep_config_last_reload_successful'],
  },
  ExpositionFaults: {
    subject: 'exporter',
    severity: 'warning',
    meaning: 'Lockstep left series out of its metrics because they were malformed: a defect to report.',
    metrics: ['lockstep_exposition_faults_total'],
  },
  Watchdog: {
    subject: 'exporter',
    severity: 'none',
    meaning:
      'Always fires, so that the way from Prometheus through Alertmanager to Lockstep is known to work; its silence is the alarm.',
    metrics: [],
  },
} as const satisfies Readonly<Record<string, Listed>>;

export type AlertName = keyof typeof alertList;
export const alertNames = Object.keys(alertList) as readonly AlertName[];
