import path from 'node:path/posix';
import { columnFor, compareReleases, type Column } from '../../dialects/capabilities.js';
import { versionOf } from '../../dialects/detect.js';
import { tlsOptions, turnTlsOn, type OptionLines, type TlsPaths } from '../../dialects/tls-options.js';
import type { Leaf } from '../../domain/certificate-action.js';
import type { Scene, SiteOptionFiles, SiteServerTls, SiteTls } from '../../domain/scene.js';
import type { ServerFacts, ServerName, ServerSnapshot } from '../../domain/snapshot.js';
import { columnOf, viewOf } from '../view.js';

/** A server that offers no TLS, with what it is to get. Its files are always called so. */
export interface Newcomer {
  readonly name: ServerName;
  readonly server: ServerSnapshot;
  /** undefined: Lockstep logs in over TLS alone, and knows no more than its greeting tells. */
  readonly facts: ServerFacts | undefined;
  readonly column: Column;
  /** Whether the version was tested. */
  readonly proven: boolean;
  readonly own: SiteServerTls;
  readonly site: SiteTls;
  readonly optionFiles: SiteOptionFiles | undefined;
  readonly paths: TlsPaths;
  readonly options: OptionLines;
  /** How it takes TLS up: without a restart only over a session that it lets in now. */
  readonly way: 'reload' | 'restart';
}

export const newFiles = { certificate: 'cert.pem', key: 'key.pem', trust: 'ca.pem' } as const;

/** undefined: nothing says which certificate it should get, or it has said nothing of itself. */
export function newcomerOf(scene: Scene, name: ServerName): Newcomer | undefined {
  const server = viewOf(scene).server(name);
  const own = scene.site.servers.find((one) => one.name === name)?.serverTls;
  const { serverTls: site } = scene.site;
  const seen = server === undefined ? undefined : versionSeen(server);
  if (server === undefined || own === undefined || site === undefined || seen === undefined) return undefined;
  const { column } = seen;
  const at = (file: string) => path.join(own.directory, file);
  const paths = { caFile: at(newFiles.trust), certFile: at(newFiles.certificate), keyFile: at(newFiles.key) };
  return {
    ...seen,
    name,
    server,
    facts: server.facts,
    own,
    site,
    optionFiles: own.optionFiles,
    paths,
    options: tlsOptions(column, paths),
    way: server.facts?.tls !== undefined && turnTlsOn(column, paths) !== undefined ? 'reload' : 'restart',
  };
}

/** Whether it offers TLS, by what it says when it greets and by its own word; undefined: neither was heard. */
export function offersTls(server: ServerSnapshot | undefined): boolean | undefined {
  const offered = server?.login?.handshake?.tlsOffered;
  const haveSsl = server?.facts?.tls?.haveSsl;
  if (offered === false || (haveSsl !== undefined && haveSsl !== 'YES')) return false;
  return offered ?? (haveSsl === undefined ? undefined : true);
}

/** The same pair for both directions: what it serves, and what it presents as a replica. */
export function firstLeaf({ name, own, site }: Newcomer): Leaf {
  return {
    certificate: newFiles.certificate,
    key: newFiles.key,
    use: 'both',
    authority: site.authority,
    commonName: name,
    names: own.names,
    lifetime: site.lifetime,
    noteAs: 'new-server-certificate',
  };
}

function versionSeen({ facts, login }: ServerSnapshot): Pick<Newcomer, 'column' | 'proven'> | undefined {
  if (facts !== undefined) {
    const { proof, newerThanKnown } = facts.identity;
    return { column: columnOf(facts), proven: proof === 'live' && !newerThanKnown };
  }
  const greeting = login?.handshake?.greeting;
  if (greeting === undefined) return undefined;
  try {
    const { flavour, release } = versionOf(greeting);
    const column = columnFor({ flavour, release });
    return { column, proven: column.tested !== undefined && compareReleases(column.tested, release.slice(0, 2)) === 0 };
  } catch {
    return undefined;
  }
}
