import type { Certificate, SeenCertificate } from '../../domain/certificate.js';
import type { ServerSnapshot } from '../../domain/snapshot.js';
import type { ClusterSink, ServerSink } from '../families.js';

/**
 * Certificates, whether or not the server can be asked now. A chain or bundle may hold several under the same labels:
 * its dates are the worst among them, so that the value series goes on when a certificate is renewed. The server's own
 * CA file and that of its default channel share the empty channel label and count as one bundle.
 */
export function certificates(sink: ServerSink, { certificates, login, servedEqualsFile }: ServerSnapshot): void {
  for (const group of groups(certificates)) {
    const [first] = group;
    const labels = { role: first.role, origin: first.origin, channel: first.channel ?? '' };
    const begins = group.flatMap((found) => found.notBefore ?? []);
    if (begins.length > 0) sink.add('mysql_certificate_not_before_timestamp_seconds', Math.max(...begins), labels);
    const ends = group.map((found) => found.notAfter);
    sink.add('mysql_certificate_not_after_timestamp_seconds', Math.min(...ends), labels);
    info(sink, group, labels);
  }
  sink.add('mysql_certificate_served_equals_file', servedEqualsFile);
  const handshake = login?.handshake;
  if (handshake === undefined) return;
  sink.add('mysql_handshake_timestamp_seconds', handshake.at / 1000);
  sink.add('mysql_tls_offered', handshake.tlsOffered);
  sink.add('mysql_certificate_verified', handshake.verification?.verified);
  if (handshake.verification !== undefined)
    sink.states('mysql_certificate_verification', 'reason', handshake.verification.reason);
}

/** What Lockstep itself logs in with. */
export function presentedCertificate(
  sink: ClusterSink,
  { subject, issuer, serial, fingerprint, notAfter }: Certificate,
): void {
  sink.add('lockstep_client_certificate_not_after_timestamp_seconds', notAfter);
  sink.info('lockstep_client_certificate_info', { subject, issuer, serial, fingerprint });
}

/** The same certificate twice in a file is one series. */
function info(
  sink: ServerSink,
  group: readonly SeenCertificate[],
  labels: { role: string; origin: string; channel: string },
): void {
  const distinct = new Map(
    group.flatMap(({ certificate }) => (certificate ? [[certificate.fingerprint, certificate]] : [])),
  );
  for (const certificate of distinct.values())
    sink.info('mysql_certificate_info', {
      ...labels,
      subject: certificate.subject,
      issuer: certificate.issuer,
      serial: certificate.serial,
      fingerprint: certificate.fingerprint,
      key_algorithm: certificate.keyAlgorithm,
      key_bits: certificate.keyBits,
      names: certificate.names.join(','),
    });
}

type Group = [SeenCertificate, ...SeenCertificate[]];

function groups(certificates: readonly SeenCertificate[]): Iterable<Group> {
  const found = new Map<string, Group>();
  for (const certificate of certificates) {
    const key = JSON.stringify([certificate.role, certificate.origin, certificate.channel ?? '']);
    const group = found.get(key);
    if (group === undefined) found.set(key, [certificate]);
    else group.push(certificate);
  }
  return found.values();
}
