import type { Certificate } from './certificate.js';
import type { FilePair } from './certificate-action.js';
import type { ClusterName, ServerName } from './snapshot.js';

/** The client certificate with which Lockstep itself logs in to servers: two files on its own machine. */
export interface OwnCertificate {
  /** Absolute. */
  readonly certFile: string;
  readonly keyFile: string;
  /** undefined: it cannot be read. */
  readonly certificate: Certificate | undefined;
  /** Why the files are not Lockstep's to change, what follows "since"; left out: they are. */
  readonly fixed?: string;
  /** Whose runs change it: the first cluster that presents it whose authority, or the one that gives way, issued it. Left out: none. */
  readonly keptBy?: ClusterName;
  /** Every cluster that is logged in to with it, in the order of the configuration. */
  readonly presentedTo: readonly Presented[];
}

/** A cluster that meets Lockstep's certificate. */
export interface Presented {
  readonly cluster: ClusterName;
  readonly servers: readonly ServerName[];
  /** The authorities of its `server_tls`, by their names; none where it has none. */
  readonly authorities: readonly string[];
}

/** Every server that it is presented to, with its cluster. */
export function presentedServers({ presentedTo }: Pick<OwnCertificate, 'presentedTo'>): readonly OwnLogin[] {
  return presentedTo.flatMap(({ cluster, servers }) => servers.map((server) => ({ cluster, server })));
}

/** Where Lockstep logs in, on each of its accounts. */
export interface OwnLogin {
  readonly cluster: ClusterName;
  readonly server: ServerName;
}

/** What a pair consists of, and where: both files stand in one directory. Generations lie in a directory of their own below it. */
export interface OwnPlace extends FilePair {
  readonly directory: string;
  readonly below: string;
}

/** Where the pair stands. Both are taken to stand where the certificate does. */
export function ownPlaceOf(certFile: string, keyFile: string): OwnPlace {
  const [directory, certificate] = splitAt(certFile);
  const [, key] = splitAt(keyFile);
  return { directory, below: `${certificate}.lockstep`, certificate, key };
}

function splitAt(file: string): readonly [string, string] {
  const end = file.lastIndexOf('/');
  return [end === 0 ? '/' : file.slice(0, end), file.slice(end + 1)];
}
