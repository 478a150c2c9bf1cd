import { constants } from 'node:fs';
import { access, lstat, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { certificatesOf } from './base/x509.js';
import type { ClusterConfig, Config } from './config/config.js';
import type { Certificate } from './domain/certificate.js';
import { isForeignLink } from './domain/generation-link.js';
import { ownPlaceOf, type OwnCertificate } from './domain/own-certificate.js';
import { authorityFiles } from './pki/authority-files.js';

/** What Lockstep presents to the servers of a cluster; undefined: nothing, by its configuration. */
export async function ownCertificateSeen(config: Config, { tls }: ClusterConfig): Promise<OwnCertificate | undefined> {
  const { mode, certFile, keyFile } = tls;
  if (mode === 'disabled' || certFile === undefined || keyFile === undefined) return undefined;
  const sharing = config.clusters.filter(
    (one) => one.tls.mode === 'required' && (one.tls.certFile === certFile || one.tls.keyFile === keyFile),
  );
  const certificate = await certificateIn(certFile);
  const [fixed, keptBy] = await Promise.all([
    fixedBecause(config, certFile, keyFile),
    certificate && keeperOf(config, sharing, certificate),
  ]);
  return {
    certFile,
    keyFile,
    certificate,
    ...(fixed === undefined ? {} : { fixed }),
    ...(keptBy === undefined ? {} : { keptBy }),
    presentedTo: sharing.map(({ name: cluster, servers, serverTls }) => ({
      cluster,
      servers: servers.map(({ name }) => name),
      authorities: authoritiesOf(serverTls),
    })),
  };
}

/** The first certificate in a file; undefined where none can be read. */
export async function certificateIn(file: string): Promise<Certificate | undefined> {
  try {
    return certificatesOf(await readFile(file, 'utf8'))[0];
  } catch {
    // That nobody can log in without it, looks at the servers tell.
    return undefined;
  }
}

/** Several clusters may present one certificate: the runs of one alone change it, so that no two runs do at once. */
async function keeperOf(
  config: Config,
  sharing: readonly ClusterConfig[],
  { issuer }: Certificate,
): Promise<string | undefined> {
  for (const { name, serverTls } of sharing)
    for (const authority of authoritiesOf(serverTls)) {
      const held = config.authorities.find((one) => one.name === authority);
      if (held && (await certificateIn(authorityFiles(held.directory).certificate))?.subject === issuer) return name;
    }
  return undefined;
}

function authoritiesOf(serverTls: ClusterConfig['serverTls']): readonly string[] {
  return [serverTls?.authority, serverTls?.replaces].filter((name) => name !== undefined);
}

async function fixedBecause(config: Config, certFile: string, keyFile: string): Promise<string | undefined> {
  const { directory, below, certificate, key } = ownPlaceOf(certFile, keyFile);
  if (path.dirname(keyFile) !== directory) return `they stand in two directories, ${directory} and ${path.dirname(keyFile)}`; // prettier-ignore
  if (certificate === key) return 'certificate and key are one file';
  const server = config.clusters
    .flatMap(({ servers }) => servers)
    .find(({ host, serverTls }) => host?.kind === 'local' && serverTls?.directory === directory);
  if (server !== undefined) return `they stand among those of the server ${server.name}`;
  for (const name of [certificate, key]) {
    const strange = await strangeBecause(directory, below, name);
    if (strange !== undefined) return strange;
  }
  try {
    await access(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `Lockstep may not write into ${directory}`;
  }
}

/** What stands there is to be a file that is Lockstep's to give away, or the link that Lockstep made of it. */
async function strangeBecause(directory: string, below: string, name: string): Promise<string | undefined> {
  const file = path.join(directory, name);
  try {
    const facts = await lstat(file);
    if (facts.isSymbolicLink())
      return isForeignLink(await readlink(file), below, name)
        ? `${file} is a link that Lockstep did not make`
        : undefined;
    const user = process.getuid?.() ?? 0;
    return user === 0 || facts.uid === user ? undefined : `${file} belongs to another user than Lockstep's`;
  } catch {
    return `${file} cannot be looked at`;
  }
}
