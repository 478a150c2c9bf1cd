import { channel, fact, ofChannel, ofServer, server } from './promql.js';
import type { BuildRules } from './rule.js';
import { aChannel, aServer, asNumber } from './words.js';

/** All before TLS 1.2, as servers of all ages write them. */
const weak = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.0', 'TLSv1.1'];
const perVersion = ['cluster', 'server', 'version'] as const;

const withoutTls = ofServer('mysql_accounts_without_tls');
const required = ofServer('mysql_tls_required');
const enabled = ofChannel('mysql_replica_tls_enabled');
const negotiated = ofChannel('mysql_replica_tls_negotiated');

export const tlsRules: BuildRules<'tls'> = () => ({
  recordings: [],
  alerts: {
    TlsOff: {
      // The greeting tells even where a server without TLS is not logged into, and have_ssl where the greeting is old.
      expr: `${ofServer('mysql_have_ssl', { state: 'YES' })} == 0\nor\n${ofServer('mysql_tls_offered')} == 0`,
      for: 'fact',
      summary: `${aServer} does not offer TLS`,
      description: `${aServer} does not offer TLS: whoever connects speaks plaintext or not at all.`,
    },
    TlsNotRequired: {
      expr: `(\n  ${withoutTls} > 0\n  unless on (${server})\n  ${required} == 1\n)\nor\n(\n  ${required} == 0\n  unless on (${server})\n  ${withoutTls}\n)`,
      for: 'fact',
      summary: `${aServer} does not require TLS`,
      description: `{{ if eq $value 0.0 }}require_secure_transport is off on ${aServer}, and its accounts cannot be counted.{{ else }}${asNumber} accounts of ${aServer} may log in over the network without TLS.{{ end }}`,
    },
    TlsWeakProtocol: {
      expr: `${fact('mysql_tls_version_accepted', perVersion, { version: weak })} == 1\nor\n${fact('mysql_tls_sessions', perVersion, { version: weak })} > 0`,
      for: 'fact',
      summary: `${aServer} speaks {{ $labels.version }}`,
      description: `${aServer} accepts {{ $labels.version }}, or serves ${asNumber} sessions of it; TLS 1.2 is the oldest that is safe.`,
    },
    ChannelWithoutTls: {
      expr: `${enabled} == 0`,
      for: 'fact',
      summary: `${aChannel} replicates without TLS`,
      description: `${aChannel} is configured without TLS: all that is written crosses the network in plaintext.`,
    },
    ChannelPlaintext: {
      expr: `${negotiated} == 0\nand on (${channel})\n${enabled} == 1`,
      for: 'fact',
      summary: `${aChannel} says TLS and speaks plaintext`,
      description: `${aChannel} is configured with TLS, and its source sees a stream that is not encrypted.`,
    },
    ChannelFallbackPossible: {
      expr: `${ofChannel('mysql_replica_tls_fallback_possible')} == 1\nunless on (${channel})\n${negotiated} == 0`,
      for: 'fact',
      summary: `${aChannel} could fall back to plaintext`,
      description: `${aChannel} would go on in plaintext, without a word, if its source stopped offering TLS.`,
    },
    ChannelNotVerifying: {
      expr: `${ofChannel('mysql_replica_tls_verify')} == 0\nand on (${channel})\n${enabled} == 1`,
      for: 'fact',
      summary: `${aChannel} does not verify its source`,
      description: `${aChannel} takes any certificate for that of its source: somebody in between can read and change all.`,
    },
  },
});
