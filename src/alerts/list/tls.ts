import type { Listed } from '../listed.js';

/** TLS of servers and of channels. */
export const tlsAlerts = {
  TlsOff: {
    subject: 'tls',
    severity: 'critical',
    meaning:
      'A server does not offer TLS: have_ssl, or what replaced it, is not YES, or its greeting does not offer TLS.',
    metrics: ['mysql_have_ssl', 'mysql_tls_offered'],
    procedure: 'enable-tls',
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
} as const satisfies Readonly<Record<string, Listed>>;
