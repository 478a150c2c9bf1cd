import { channel, duration, fact, indented, ofServer, selector, server, type Promql } from './promql.js';
import type { BuildRules } from './rule.js';
import { aChannel, aCluster, aServer, asDuration, labelOfServer } from './words.js';

const perKind = 'cluster, server, channel, role';
const perOrigin = ['cluster', 'server', 'channel', 'role', 'origin'] as const;

type Role = 'server' | 'ca' | 'client';

/** Of each kind of certificate the soonest end among handshake, status and file; of two Locksteps the newer look. */
function endOf(by: string, roles: readonly Role[]): Promql {
  const where = roles.length === 1 ? { role: roles[0] ?? '' } : { role: roles };
  return `min by (${by}) (${fact('mysql_certificate_not_after_timestamp_seconds', perOrigin, where)})`;
}

function handshakeSays(reason: string): Promql {
  return `${ofServer('mysql_certificate_verification', { reason })} == 1`;
}

/** What only the handshake tells: of an intermediate, say. */
function chain(reason: string, known: Promql): Promql {
  return `label_replace(0 * (${handshakeSays(reason)}), "role", "chain", "", "")\nunless on (${server})\n(\n${indented(known)}\n)`;
}

/** Expired, though another authority of the bundle may be valid: then Lockstep names no problem. */
const caExpired = `(time() - ${endOf(perKind, ['ca'])} >= 0)\nand on (${channel})\n${fact('mysql_cluster_problem', ['cluster', 'server', 'channel'], { problem: 'certificate-expired' })} == 1`;
const leafExpired = `time() - ${endOf(perKind, ['server', 'client'])} >= 0`;
const notYetValid = `max by (${perKind}) (mysql_certificate_not_before_timestamp_seconds) - time() > 0`;

const theCertificate = '{{ $labels.role }} certificate';

export const certificateRules: BuildRules<'certificates'> = (values) => ({
  recordings: [
    {
      record: 'server:mysql_certificate_not_after_timestamp_seconds:min',
      expr: `min by (${server}, role) (${fact('mysql_certificate_not_after_timestamp_seconds', perOrigin)})`,
    },
    {
      record: 'cluster:mysql_certificate_not_after_timestamp_seconds:min',
      expr: 'min by (cluster) (server:mysql_certificate_not_after_timestamp_seconds:min)',
    },
  ],
  alerts: {
    CertificateExpiring: {
      expr: expiring(endOf(server, ['server']), values.certificate_warning),
      for: 'fact',
      summary: `The certificate of ${aServer} expires soon`,
      description: `The certificate of ${aServer} expires in ${asDuration}.`,
    },
    CertificateExpiringSoon: {
      expr: expiring(endOf(perKind, ['server', 'client']), values.certificate_critical),
      for: 'fact',
      summary: `The ${theCertificate} of ${aChannel} is about to expire`,
      description: `The ${theCertificate} of ${aChannel} expires in ${asDuration}: it should have been renewed by now.`,
    },
    CertificateExpired: {
      expr: `${leafExpired}\nor\n${caExpired}\nor\n${chain('expired', leafExpired)}`,
      for: undefined,
      summary: `The ${theCertificate} of ${aChannel} has expired`,
      description: `{{ if eq $labels.role "chain" }}${aServer} presents a chain in which a certificate has expired.{{ else }}The ${theCertificate} of ${aChannel} expired ${asDuration} ago.{{ end }}`,
    },
    ClientCertificateExpiring: {
      expr: expiring(endOf(channel, ['client']), values.certificate_warning),
      for: 'fact',
      summary: `The client certificate of ${aChannel} expires soon`,
      description: `The client certificate that ${aChannel} logs in with expires in ${asDuration}.`,
    },
    CaExpiring: {
      expr: `${endOf(channel, ['ca'])} - time() < ${values.authority}`,
      for: 'fact',
      summary: `The authority of ${aChannel} expires, and must be rotated`,
      description: `{{ if gt $value 0.0 }}A certificate authority of ${aChannel} expires in ${asDuration}; a rotation takes up to ${duration(values.authority)}.{{ else }}A certificate authority of ${aChannel} has expired ({{ $value | humanizeDuration }} left).{{ end }}`,
    },
    CertificateNotYetValid: {
      expr: `${notYetValid}\nor\n${chain('not-yet-valid', notYetValid)}`,
      for: undefined,
      summary: `The ${theCertificate} of ${aChannel} is not valid yet`,
      description: `{{ if eq $labels.role "chain" }}${aServer} presents a chain in which a certificate is not valid yet.{{ else }}The ${theCertificate} of ${aChannel} becomes valid only in ${asDuration}.{{ end }}`,
    },
    CertificateWrongName: {
      expr: handshakeSays('wrong-name'),
      for: 'fact',
      summary: `The certificate of ${aServer} is for another name`,
      description: `The certificate that ${aServer} presents is not for the name or address that it is reached by.`,
    },
    CertificateNotVerifying: {
      expr: `${ofServer('mysql_certificate_verified')} == 0\nunless on (${server})\n${ofServer('mysql_certificate_verification', { reason: ownReasons })} == 1`,
      for: 'fact',
      summary: `The certificate of ${aServer} does not verify`,
      description: `The certificate that ${aServer} presents is not accepted: ${labelOfServer('mysql_certificate_verification', 'reason', 'unknown')}.`,
    },
    CertificateDiffersFromFile: {
      expr: `${ofServer('mysql_certificate_served_equals_file')} == 0`,
      for: 'fact',
      summary: `${aServer} serves another certificate than its file holds`,
      description: `${aServer} serves another certificate than its file holds: the file was replaced and not loaded, and the next restart takes it.`,
    },
    LockstepCertificateExpiring: {
      expr: `${lockstepEnd} - time() < ${values.certificate_warning}`,
      for: 'fact',
      summary: `The certificate with which Lockstep logs in to ${aCluster} expires`,
      description: `{{ if gt $value 0.0 }}The client certificate with which Lockstep logs in to ${aCluster} expires in ${asDuration}: lockstep run renew-certificate --cluster ${aCluster}.{{ else }}The client certificate with which Lockstep logs in to ${aCluster} has expired ({{ $value | humanizeDuration }} left): servers that require it let Lockstep in no more.{{ end }}`,
    },
  },
});

/** Of two Locksteps the one whose certificate ends first. */
const lockstepEnd = `min by (cluster) (${selector('lockstep_client_certificate_not_after_timestamp_seconds')})`;

/** Reasons that have alerts of their own. */
const ownReasons = ['expired', 'not-yet-valid', 'wrong-name'];

function expiring(end: Promql, within: number): Promql {
  return `${end} - time() < ${within}\nand\n${end} - time() > 0`;
}
