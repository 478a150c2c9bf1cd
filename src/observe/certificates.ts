import type {
  Certificate,
  CertificateOrigin,
  CertificateRole,
  Handshake,
  SeenCertificate,
} from '../domain/certificate.js';
import type { ServerFacts } from '../domain/snapshot.js';

/** Where the files are that a server names: its machine. */
export interface CertificateFiles {
  /** The certificates of a PEM file, none where it may not be looked at, or a failure to read it. */
  read(path: string, signal: AbortSignal): Promise<readonly Certificate[]>;
  close(): Promise<void>;
}

/** A file that the server names, with what it is for. */
interface NamedFile {
  readonly path: string | undefined;
  readonly role: CertificateRole;
  readonly channel: string | undefined;
}

/** What the newest handshake presented: the leaf is the server's, the rest are authorities. */
export function fromHandshake(handshake: Handshake | undefined): SeenCertificate[] {
  return (handshake?.chain ?? []).map((certificate, index) =>
    seen(certificate, index === 0 ? 'server' : 'ca', 'handshake', undefined),
  );
}

/** The server's own word; dates only. */
export function fromStatus(facts: ServerFacts | undefined): SeenCertificate[] {
  const { statusNotBefore, statusNotAfter } = facts?.tls ?? {};
  if (statusNotAfter === undefined) return [];
  return [
    {
      role: 'server',
      origin: 'status',
      channel: undefined,
      notBefore: statusNotBefore,
      notAfter: statusNotAfter,
      certificate: undefined,
    },
  ];
}

export interface FromFiles {
  readonly certificates: readonly SeenCertificate[];
  /** Files that could not be read, with why. */
  readonly failures: readonly { readonly path: string; readonly error: unknown }[];
}

/** What a server is to present and trust once it is a replica. */
export interface ReadyFiles {
  readonly certFile: string | undefined;
  readonly caFile: string;
}

/**
 * The files that the server's settings and its channels name, where they can be read; of one that replicates from nobody
 * also those that lie ready for the day when it does, if they are there.
 */
export async function fromFiles(
  facts: ServerFacts,
  files: CertificateFiles,
  signal: AbortSignal,
  ready?: ReadyFiles,
): Promise<FromFiles> {
  const named: NamedFile[] = [
    { path: facts.tls?.certFile, role: 'server', channel: undefined },
    { path: facts.tls?.caFile, role: 'ca', channel: undefined },
    ...(facts.channels ?? []).flatMap((channel): NamedFile[] => [
      { path: channel.tls.certFile, role: 'client', channel: channel.name },
      { path: channel.tls.caFile, role: 'ca', channel: channel.name },
    ]),
  ];
  const failures: { path: string; error: unknown }[] = [];
  const found = await Promise.all(
    named.map(async ({ path, role, channel }) => {
      if (path === undefined) return [];
      try {
        const [leaf, ...rest] = await files.read(path, signal);
        if (leaf === undefined) return [];
        // What follows the leaf in a certificate file are its intermediates; a CA file is a bundle of equals.
        return [
          seen(leaf, role, 'file', channel),
          ...rest.map((certificate) => seen(certificate, 'ca', 'file', channel)),
        ];
      } catch (error) {
        failures.push({ path, error });
        return [];
      }
    }),
  );
  return { certificates: [...found.flat(), ...(await fromReady(facts, files, signal, ready))], failures };
}

async function fromReady(
  facts: ServerFacts,
  files: CertificateFiles,
  signal: AbortSignal,
  ready: ReadyFiles | undefined,
): Promise<readonly SeenCertificate[]> {
  if (ready === undefined || facts.channels?.length !== 0) return [];
  const { certFile, caFile } = ready;
  const read = (path: string | undefined) =>
    path === undefined ? Promise.resolve([]) : files.read(path, signal).catch(() => []);
  const [own, trusted] = await Promise.all([read(certFile), read(caFile === facts.tls?.caFile ? undefined : caFile)]);
  return [
    ...own.map((one, index) => seen(one, index === 0 ? 'client' : 'ca', 'file', undefined)),
    ...trusted.map((one) => seen(one, 'ca', 'file', undefined)),
  ].map((one) => ({ ...one, ready: true as const }));
}

/** Whether the leaf on the wire is the leaf in the file; undefined unless both were seen. */
export function servedEqualsFile(certificates: readonly SeenCertificate[]): boolean | undefined {
  const leaf = (origin: CertificateOrigin) =>
    certificates.find((found) => found.role === 'server' && found.origin === origin && found.channel === undefined)
      ?.certificate;
  const served = leaf('handshake');
  const file = leaf('file');
  return served === undefined || file === undefined ? undefined : served.fingerprint === file.fingerprint;
}

function seen(
  certificate: Certificate,
  role: CertificateRole,
  origin: CertificateOrigin,
  channel: string | undefined,
): SeenCertificate {
  return { role, origin, channel, notBefore: certificate.notBefore, notAfter: certificate.notAfter, certificate };
}
