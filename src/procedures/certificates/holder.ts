import path from 'node:path/posix';
import type { Column } from '../../dialects/capabilities.js';
import type { Certificate } from '../../domain/certificate.js';
import type { FilePair } from '../../domain/certificate-action.js';
import type { ReplicationTls, Scene, SiteServerTls, SiteTls } from '../../domain/scene.js';
import type { Channel, ServerFacts, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import type { Refusal } from '../../engine/procedure.js';
import { columnOf, viewOf } from '../view.js';

/** A server whose certificates Lockstep looks after, and the files that it and its channels read. */
export interface Holder {
  readonly name: ServerName;
  readonly server: ServerSnapshot;
  readonly facts: ServerFacts;
  readonly column: Column;
  readonly own: SiteServerTls;
  readonly site: SiteTls;
  /** All files that belong together, without their directory. */
  readonly files: readonly string[];
  readonly pair: FilePair;
  /** The file of authorities that its clients' certificates are checked by. */
  readonly trust: string | undefined;
  readonly channels: readonly HeldChannel[];
  /** What lies there for the day when it is a replica; undefined: it is one, or nothing was seen there. */
  readonly ready: Omit<HeldChannel, 'channel'> | undefined;
}

/** Whose file of authorities: the server's own, that of a channel, or one that lies ready. */
export type Trusting = 'server' | 'ready' | { readonly channel: string };

export interface HeldChannel {
  readonly channel: Channel;
  /** What it presents; undefined: nothing. */
  readonly pair: FilePair | undefined;
  /** The file of authorities by which it checks its source, where that is one of the holder's. */
  readonly trust: string | undefined;
}

/** The server with its files, or why its certificates are not to be changed. */
export function holderOf(scene: Scene, name: ServerName): Holder | readonly Refusal[] {
  const server = viewOf(scene).server(name);
  const configured = scene.site.servers.find((one) => one.name === name);
  const { serverTls: site } = scene.site;
  const own = configured?.serverTls;
  if (site === undefined || own === undefined)
    return [
      {
        reason: 'not-configured',
        why: `nothing says which authority the certificates of ${name} come from, and where they stand`,
        remedy: 'Write `server_tls: { authority: …, directory: … }` for the cluster.',
      },
    ];
  if (!own.allowed)
    return [
      {
        reason: 'no-host',
        why: `Lockstep may not change files in ${own.directory} of ${name}`,
        remedy: `Configure \`hosts\` with ${own.directory} among its \`paths\`.`,
      },
    ];
  const { facts } = server ?? {};
  if (server === undefined || facts?.tls === undefined || facts.channels === undefined) return [];
  const { tls } = facts;
  if (tls.haveSsl !== 'YES')
    return [{ reason: 'tls-off', why: `${name} offers no TLS`, remedy: 'Turn it on first: docs/runbooks/TlsOff.md.' }]; // prettier-ignore
  const file = (given: string | undefined) => nameIn(own.directory, given);
  const [certificate, key] = [file(tls.certFile), file(tls.keyFile)];
  const channels = facts.channels.map((channel) => held(channel, file));
  const elsewhere = [
    tls.certFile,
    tls.keyFile,
    tls.caFile,
    ...facts.channels.flatMap((channel) => [channel.tls.certFile, channel.tls.keyFile]),
  ].find((given) => given !== undefined && given !== '' && file(given) === undefined);
  if (certificate === undefined || key === undefined || elsewhere !== undefined)
    return [
      {
        reason: 'files-elsewhere',
        why: `${name} reads ${elsewhere ?? 'a certificate that no file is named for'}, which is not in ${own.directory}`,
        remedy: `Let its certificate, key and authority, and those of its channels, stand in ${own.directory}: docs/certificates.md.`,
      },
    ];
  const trust = file(tls.caFile);
  const ready = readyIn(server, configured?.replicationTls, file);
  const reading = ready === undefined ? channels : [...channels, ready];
  const all = [certificate, key, trust, ...reading.flatMap(({ pair, trust: theirs }) => [pair?.certificate, pair?.key, theirs])]; // prettier-ignore
  const files = [...new Set(all.filter((one) => one !== undefined))].sort();
  return {
    name,
    server,
    facts,
    column: columnOf(facts),
    own,
    site,
    files,
    pair: { certificate, key },
    trust,
    channels,
    ready,
  };
}

/** Names of its keys, where they never leave its machine. */
export function keysStaying({ site, pair, channels, ready }: Holder): { readonly keysStay?: readonly string[] } {
  if (site.keys !== 'host') return {};
  const keys = [pair, ...channels.map((one) => one.pair), ready?.pair].flatMap((one) => one?.key ?? []);
  return { keysStay: [...new Set(keys)].sort() };
}

export function isHolder(given: Holder | readonly Refusal[]): given is Holder {
  return 'files' in given;
}

/** The certificate in the server's file, else the one that it serves. */
export function serverCertificate(
  server: ServerSnapshot | undefined,
  origin?: 'file' | 'handshake',
): Certificate | undefined {
  const of = (wanted: 'file' | 'handshake') =>
    server?.certificates.find((one) => one.role === 'server' && one.origin === wanted && one.channel === undefined)
      ?.certificate;
  return origin === undefined ? (of('file') ?? of('handshake')) : of(origin);
}

export function clientCertificate(server: ServerSnapshot | undefined, channel: string): Certificate | undefined {
  return server?.certificates.find((one) => one.role === 'client' && one.origin === 'file' && one.channel === channel)
    ?.certificate;
}

export function readyCertificate(server: ServerSnapshot | undefined): Certificate | undefined {
  return server?.certificates.find((one) => one.role === 'client' && one.ready === true)?.certificate;
}

/** The authorities in a file that the server names, that a channel names, or that lies ready. */
export function trustedBy(server: ServerSnapshot | undefined, of: Trusting): readonly Certificate[] {
  const channel = typeof of === 'string' ? undefined : of.channel;
  const ready = of === 'ready';
  return (server?.certificates ?? []).flatMap((one) =>
    one.role === 'ca' &&
    one.origin === 'file' &&
    one.channel === channel &&
    (one.ready === true) === ready &&
    one.certificate !== undefined
      ? [one.certificate]
      : [],
  );
}

/** Who reads a file of authorities of the server. */
export function trusting({ trust, channels, ready, server }: Holder, file: string): readonly Trusting[] {
  const own = ready?.trust === file && trustedBy(server, 'ready').length > 0;
  return [
    ...(trust === file ? ['server' as const] : []),
    ...channels.flatMap((one) => (one.trust === file ? [{ channel: one.channel.name }] : [])),
    ...(own ? ['ready' as const] : []),
  ];
}

/** `db1` of `O=Example, CN=db1`. */
export function commonNameOf({ subject }: Certificate): string | undefined {
  return /(?:^|, )CN=((?:[^,\\]|\\.)+)(?:$|, )/.exec(subject)?.[1];
}

function held(channel: Channel, file: (given: string | undefined) => string | undefined): HeldChannel {
  const [certificate, key] = [file(channel.tls.certFile), file(channel.tls.keyFile)];
  const pair = certificate === undefined || key === undefined ? undefined : { certificate, key };
  return { channel, pair, trust: file(channel.tls.caFile) };
}

/** Files that were seen: one that is not there cannot be copied into a generation. */
function readyIn(
  server: ServerSnapshot,
  tls: ReplicationTls | undefined,
  file: (given: string | undefined) => string | undefined,
): Holder['ready'] {
  if (tls === undefined || readyCertificate(server) === undefined) return undefined;
  const [certificate, key, trust] = [file(tls.certFile), file(tls.keyFile), file(tls.caFile)];
  if (certificate === undefined || key === undefined) return undefined;
  const seen = tls.caFile === server.facts?.tls?.caFile || trustedBy(server, 'ready').length > 0;
  return { pair: { certificate, key }, trust: seen ? trust : undefined };
}

/** A file of the directory itself, or of the generation in use; undefined for any other. */
function nameIn(directory: string, given: string | undefined): string | undefined {
  if (given === undefined || given === '') return undefined;
  const plain = path.normalize(given);
  const folder = path.dirname(plain);
  return folder === directory || folder === path.join(directory, 'current') ? path.basename(plain) : undefined;
}
