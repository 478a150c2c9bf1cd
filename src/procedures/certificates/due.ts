import type { Certificate } from '../../domain/certificate.js';
import type { FilePair } from '../../domain/certificate-action.js';
import { renewalDue } from '../../domain/renewal.js';
import { namesMissing } from '../../domain/server-names.js';
import type { Channel } from '../../domain/snapshot.js';
import { clientCertificate, commonNameOf, readyCertificate, serverCertificate, type Holder } from './holder.js';

/** One of a server's own certificates, as it is now. */
export interface Present {
  readonly use: 'server' | 'client' | 'both';
  readonly pair: FilePair;
  readonly certificate: Certificate | undefined;
  /** Channels that present it; none for one that the server alone serves. */
  readonly channels: readonly Channel[];
  /** Why it is to be renewed; undefined: it is not. */
  readonly due: string | undefined;
  /** When it will be, one sentence. */
  readonly later: string;
  readonly words: string;
}

/** The server's certificate first, then those of its channels, each file once. @param at seconds since the Unix epoch */
export function presentOf(holder: Holder, at: number): readonly Present[] {
  const { name, pair, channels, server } = holder;
  const presenting = (file: FilePair) =>
    channels.filter((one) => one.pair?.certificate === file.certificate).map(({ channel }) => channel);
  const own = presenting(pair);
  const first = judged(holder, at, {
    use: own.length > 0 ? 'both' : 'server',
    pair,
    certificate: serverCertificate(server),
    channels: own,
    words: `the certificate of ${name}`,
  });
  const others = new Map(
    channels.flatMap((one) => (one.pair === undefined ? [] : [[one.pair.certificate, one.pair] as const])),
  );
  others.delete(pair.certificate);
  const { ready } = holder;
  const lies = ready?.pair !== undefined && ready.pair.certificate !== pair.certificate ? [ready.pair] : [];
  return [
    first,
    ...lies.map((file) =>
      judged(holder, at, {
        use: 'client',
        pair: file,
        certificate: readyCertificate(server),
        channels: [],
        words: `the client certificate that lies ready on ${name}`,
      }),
    ),
    ...[...others.values()].map((file) => {
      const theirs = presenting(file);
      const certificate = clientCertificate(server, theirs[0]?.name ?? '');
      return judged(holder, at, {
        use: 'client',
        pair: file,
        certificate,
        channels: theirs,
        words: `the client certificate of ${name}`,
      });
    }),
  ];
}

/** What a new one is to be called: as the present one, unless that has no name of its own. */
export function nameFor(holder: Holder, { certificate, use }: Present): string {
  const fallback = use === 'client' ? `${holder.name}-replication` : holder.name;
  return (certificate && commonNameOf(certificate)) ?? fallback;
}

/** What it must carry: what the configuration wants, and whatever it carries now, so that nobody is refused who was not. */
export function namesFor(holder: Holder, { certificate, use }: Present): readonly string[] {
  const now = certificate?.names ?? [];
  if (use === 'client') return now;
  return [...holder.own.names, ...namesMissing({ names: holder.own.names }, now)];
}

function judged(holder: Holder, at: number, one: Omit<Present, 'due' | 'later'>): Present {
  const { certificate, use, words } = one;
  if (certificate === undefined) return { ...one, due: undefined, later: `${words} cannot be seen.` };
  const { due, reason } = renewalDue(certificate, { renewBeforeSeconds: holder.site.renewBefore }, at);
  if (due) return { ...one, due: `${words}: ${lowered(reason)}`, later: reason };
  if (certificate.notBefore > at) return { ...one, due: `${words} is not valid yet`, later: reason };
  if (use !== 'client') {
    const missing = namesMissing(certificate, holder.own.names);
    if (missing.length > 0) return { ...one, due: `${words} does not name ${missing.join(', ')}`, later: reason };
    if (holder.server.servedEqualsFile === false)
      return { ...one, due: `${words} that it serves is not the one in its file`, later: reason };
  }
  return { ...one, due: undefined, later: `${words}: ${lowered(reason)}` };
}

function lowered(reason: string): string {
  return reason.charAt(0).toLowerCase() + reason.slice(1).replace(/\.$/, '');
}
