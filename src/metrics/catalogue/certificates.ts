import { verificationReasons } from '../../domain/certificate.js';
import { type Metric, ofServer } from '../metric.js';

const ofCertificate = [...ofServer, 'role', 'origin', 'channel'] as const;

/**
 * Certificates by role (server, ca, client) and origin (handshake, status, file). They outlive a server that is down:
 * expired never means absent.
 */
export const certificateMetrics = [
  {
    name: 'mysql_certificate_not_before_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the certificate becomes valid, the latest where several share the labels; kept from the newest handshake or reading of the file.',
    labels: ofCertificate,
    scope: 'server',
    collector: 'certificates',
  },
  {
    name: 'mysql_certificate_not_after_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the certificate expires, the soonest where several share the labels; kept from the newest handshake or reading of the file.',
    labels: ofCertificate,
    scope: 'server',
    collector: 'certificates',
  },
  {
    name: 'mysql_certificate_info',
    type: 'info',
    help: 'What the certificate says, one series for each certificate of a chain or bundle; names are joined by commas.',
    labels: [...ofCertificate, 'subject', 'issuer', 'serial', 'fingerprint', 'key_algorithm', 'key_bits', 'names'],
    scope: 'server',
    collector: 'certificates',
  },
  {
    name: 'mysql_certificate_verified',
    type: 'gauge',
    help: "Whether the certificate presented at the newest handshake verified against Lockstep's authority and the server's name.",
    labels: ofServer,
    scope: 'server',
    collector: 'certificates',
  },
  {
    name: 'mysql_certificate_verification',
    type: 'stateset',
    help: 'Why the certificate presented at the newest handshake was accepted (ok) or not.',
    labels: [...ofServer, 'reason'],
    states: verificationReasons,
    scope: 'server',
    collector: 'certificates',
  },
  {
    name: 'mysql_certificate_served_equals_file',
    type: 'gauge',
    help: 'Whether the certificate that the server presents is the one in the file that it names; absent where the file cannot be read.',
    labels: ofServer,
    scope: 'server',
    collector: 'certificates',
  },
  {
    name: 'mysql_handshake_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the newest login reached the handshake whose certificates and verification are shown.',
    labels: ofServer,
    scope: 'server',
    collector: 'certificates',
  },
] as const satisfies readonly Metric[];
