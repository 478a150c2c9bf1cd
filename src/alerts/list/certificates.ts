import type { Listed } from '../listed.js';

/** Certificates, whether or not their server can be asked. */
export const certificateAlerts = {
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
    metrics: ['mysql_certificate_verified', 'mysql_certificate_verification'],
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
  LockstepCertificateExpiring: {
    subject: 'certificates',
    severity: 'warning',
    of: 'cluster',
    meaning:
      'The client certificate with which Lockstep itself logs in expires within the warning period (30 days), or has expired.',
    metrics: ['lockstep_client_certificate_not_after_timestamp_seconds'],
    procedure: 'renew-certificate',
  },
} as const satisfies Readonly<Record<string, Listed>>;
