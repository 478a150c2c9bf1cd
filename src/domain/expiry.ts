import type { SeenCertificate } from './certificate.js';
import type { ServerSnapshot } from './snapshot.js';

/** The certificate of a server, whatever its role or origin, that ends first; undefined when none was seen. */
export function soonestExpiry(server: ServerSnapshot): SeenCertificate | undefined {
  return soonest(server.certificates);
}

/** The one with the least `notAfter`; of several, the first. */
export function soonest(seen: readonly SeenCertificate[]): SeenCertificate | undefined {
  return seen.reduce<SeenCertificate | undefined>(
    (first, one) => (first === undefined || one.notAfter < first.notAfter ? one : first),
    undefined,
  );
}
