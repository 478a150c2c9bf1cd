import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../base/scope.js';
import { createAuthority, type Authority, type AuthorityOptions } from '../pki/authority.js';
import { issue, type IssueRequest } from '../pki/issue.js';
import { writeIssued } from '../pki/written.js';
import { takeDirectory } from './directories.js';
import type { SandboxServer } from './server.js';
import type { TlsFiles } from './settings.js';

/** Dates other than the usual ones, to make certificates that are expired, not yet valid or soon to end. */
export type Validity = Pick<IssueRequest, 'days' | 'notBefore' | 'notAfter'>;

/** An authority of its own in a directory that goes with the scope: one that nobody else trusts. */
export async function sandboxAuthority(scope: Scope, commonName: string): Promise<Authority> {
  return createAuthority(authorityWish(path.join(await takeDirectory(scope), 'authority'), commonName));
}

export function authorityWish(directory: string, commonName: string): AuthorityOptions {
  // Made long ago, so that it can issue certificates whose time is over.
  return { directory, commonName, keyBits: 2048, days: 4000, notBefore: new Date(Date.now() - 400 * day) };
}

/** What to issue, and the beginning of the files' names. */
export interface Request extends IssueRequest {
  readonly baseName?: string;
}

/** What a server presents: it holds its address and its name. */
export function serverRequest(server: SandboxServer): Request {
  return { commonName: server.name, use: 'server', names: [server.address.host, server.name] };
}

/** What a server presents as a replica, to its source. */
export function replicaRequest(server: SandboxServer): Request {
  return { commonName: `${server.name}-replication`, use: 'client', names: [], baseName: 'client' };
}

/** Issue a server's certificate anew, over the one that stands where it looks. */
export async function issueServer(
  authority: Authority,
  server: SandboxServer,
  {
    names,
    ...more
  }: Validity & Pick<IssueRequest, 'keyType'> & { readonly names?: readonly string[] | undefined } = {},
): Promise<TlsFiles> {
  const request = { ...serverRequest(server), ...more };
  return write(authority, names === undefined ? request : { ...request, names }, server.tlsDirectory);
}

/** Issue the certificate anew that a server presents as a replica. */
export async function issueReplicaClient(
  authority: Authority,
  server: SandboxServer,
  validity: Validity = {},
): Promise<TlsFiles> {
  return write(authority, { ...replicaRequest(server), ...validity }, server.tlsDirectory);
}

/** A client certificate, for whoever logs in. */
export async function issueClient(authority: Authority, directory: string, commonName: string): Promise<TlsFiles> {
  return write(authority, { commonName, use: 'client', names: [] }, directory);
}

/** The files of {@link issueServer} and {@link issueReplicaClient}, to put them back after a swap. */
export async function keepFiles(server: SandboxServer): Promise<() => Promise<void>> {
  const names = await readdir(server.tlsDirectory);
  const kept = await Promise.all(
    names.map(
      async (name) =>
        [path.join(server.tlsDirectory, name), await readFile(path.join(server.tlsDirectory, name))] as const,
    ),
  );
  return async () => {
    for (const [file, content] of kept)
      await writeFile(file, content, { mode: file.endsWith('key.pem') ? 0o600 : 0o644 });
  };
}

const day = 86_400_000;

async function write(authority: Authority, request: Request, directory: string): Promise<TlsFiles> {
  const { baseName, ...wish } = request;
  const written = await writeIssued(await issue(authority, wish), directory, baseName);
  return { ca: written.authority, cert: written.certificate, key: written.key };
}
