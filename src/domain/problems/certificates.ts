import { soonest } from '../expiry.js';
import type { SeenCertificate } from '../certificate.js';
import type { Problem } from '../problems.js';
import type { ServerSnapshot } from '../snapshot.js';
import { spell } from '../spell.js';
import { found, type Check, type Sight } from './check.js';

/** Certificates and handshakes are judged for servers that are down, too: they were seen, and their dates go on. */
function ofEachSeen(check: (server: ServerSnapshot, sight: Sight) => readonly Problem[]): Check {
  return (sight) => sight.snapshot.servers.flatMap((server) => check(server, sight));
}

/**
 * Of each kind (role and channel) the one that ends first. An authority counts as expired only when no other
 * of its bundle is valid: during a rotation the old one stands beside the new one.
 */
const dates = ofEachSeen((server, { at, thresholds }) =>
  kindsOf(server.certificates).flatMap((seen) => {
    const first = soonest(seen);
    if (first === undefined) return [];
    const left = first.notAfter - at;
    const what = `the ${nameOf(first)} of ${server.name}`;
    const replaced = first.role === 'ca' && seen.some(({ notAfter }) => notAfter > at);
    if (left <= 0 && !replaced)
      return [found('certificate-expired', server.name, `${what} expired ${spell(-left)} ago`, first.channel)];
    const limit = first.role === 'ca' ? thresholds.authority : thresholds.certificate;
    if (left >= limit) return [];
    const when = left > 0 ? `expires in ${spell(left)}` : `expired ${spell(-left)} ago; another one beside it is valid`;
    return [found(expiringNames[first.role], server.name, `${what} ${when}`, first.channel)];
  }),
);

/** The handshake may fail on an intermediate that is not among the certificates above. */
const expiredByHandshake = ofEachSeen((server, { at }) => {
  const known = server.certificates.some(({ role, notAfter }) => role !== 'client' && notAfter <= at);
  return reasonOf(server) === 'expired' && !known
    ? [
        found(
          'certificate-expired',
          server.name,
          `${server.name} presents a chain that has expired: ${messageOf(server)}`,
        ),
      ]
    : [];
});

const notYetValid = ofEachSeen((server, { at }) => {
  const early = kindsOf(server.certificates).flatMap(
    (seen) => seen.find(({ notBefore }) => notBefore !== undefined && notBefore > at) ?? [],
  );
  if (early.length === 0 && reasonOf(server) === 'not-yet-valid')
    return [
      found(
        'certificate-not-yet-valid',
        server.name,
        `${server.name} presents a chain that is not valid yet: ${messageOf(server)}`,
      ),
    ];
  return early.map((one) =>
    found(
      'certificate-not-yet-valid',
      server.name,
      `the ${nameOf(one)} of ${server.name} is valid only in ${spell((one.notBefore ?? at) - at)}`,
      one.channel,
    ),
  );
});

const wrongName = ofEachSeen((server) =>
  reasonOf(server) === 'wrong-name'
    ? [
        found(
          'certificate-wrong-name',
          server.name,
          `the certificate of ${server.name} is not for ${server.address.host}: ${messageOf(server)}`,
        ),
      ]
    : [],
);

/** Dates and names have their own problems. */
const notVerifying = ofEachSeen((server) => {
  const reason = reasonOf(server);
  if (reason === undefined || ['expired', 'not-yet-valid', 'wrong-name'].includes(reason)) return [];
  return [
    found(
      'certificate-not-verifying',
      server.name,
      `the certificate of ${server.name} is not accepted (${reason}): ${messageOf(server)}`,
    ),
  ];
});

const differsFromFile = ofEachSeen((server) =>
  server.servedEqualsFile === false
    ? [
        found(
          'certificate-differs-from-file',
          server.name,
          `${server.name} serves another certificate than the one in ${server.facts?.tls?.certFile ?? 'its file'}: the file was replaced and not loaded`,
        ),
      ]
    : [],
);

export const certificateChecks: readonly Check[] = [
  dates,
  expiredByHandshake,
  notYetValid,
  wrongName,
  notVerifying,
  differsFromFile,
];

const expiringNames = {
  server: 'certificate-expiring',
  ca: 'ca-expiring',
  client: 'client-certificate-expiring',
} as const;

function kindsOf(seen: readonly SeenCertificate[]): readonly (readonly SeenCertificate[])[] {
  const kinds = new Map<string, SeenCertificate[]>();
  for (const one of seen) {
    const kind = `${one.role} ${one.channel === undefined ? '' : `of ${one.channel}`}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  return [...kinds.values()];
}

function nameOf({ role, origin, channel }: SeenCertificate): string {
  const what = { server: 'server certificate', ca: 'certificate authority', client: 'client certificate' }[role];
  const where = channel === undefined ? '' : channel === '' ? ' of the default channel' : ` of channel ${channel}`;
  return `${what}${where} (${origin})`;
}

function reasonOf({ login }: ServerSnapshot): string | undefined {
  const verification = login?.handshake?.verification;
  return verification === undefined || verification.verified ? undefined : verification.reason;
}

function messageOf({ login }: ServerSnapshot): string {
  return login?.handshake?.verification?.message ?? '';
}
