import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../base/scope.js';
import { createAuthority, type Authority } from '../pki/authority.js';
import { issue, type IssueRequest } from '../pki/issue.js';
import { writeIssued } from '../pki/written.js';
import { takeDirectory } from './directories.js';
import type { SandboxServer } from './server.js';
import type { TlsFiles } from './settings.js';

/** Dates other than the usual ones, to make certificates that are expired, not yet valid or soon to end. */
export type Validity = Pick<IssueRequest, 'days' | 'notBefore' | 'notAfter'>;

/** An authority of its own in a directory that goes with the scope. */
export async function sandboxAuthority(scope: Scope, commonName: string): Promise<Authority> {
  const directory = path.join(await takeDirectory(scope), 'authority');
  // Made long ago, so that it can issue certificates whose time is over.
  const notBefore = new Date(Date.now() - 400 * day);
  return createAuthority({ directory, commonName, keyBits: 2048, days: 4000, notBefore });
}

/** The certificate that a server presents, with its address and its name; written where the server looks for it. */
export async function issueServer(
  authority: Authority,
  server: SandboxServer,
  validity: Validity & { readonly names?: readonly string[] | undefined } = {},
): Promise<TlsFiles> {
  const { names, ...dates } = validity;
  const request: IssueRequest = {
    commonName: server.name,
    use: 'server',
    names: names ?? [server.address.host, server.name],
    ...dates,
  };
  return filesOf(await writeIssued(await issue(authority, request), server.tlsDirectory));
}

/** The certificate that a server presents as a replica, to its source. */
export async function issueReplicaClient(
  authority: Authority,
  server: SandboxServer,
  validity: Validity = {},
): Promise<TlsFiles> {
  const request: IssueRequest = { commonName: `${server.name}-replication`, use: 'client', names: [], ...validity };
  return filesOf(await writeIssued(await issue(authority, request), server.tlsDirectory, 'client'));
}

/** A client certificate of Lockstep's own. */
export async function issueClient(authority: Authority, directory: string, commonName: string): Promise<TlsFiles> {
  return filesOf(await writeIssued(await issue(authority, { commonName, use: 'client', names: [] }), directory));
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

function filesOf(written: {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}): TlsFiles {
  return { ca: written.authority, cert: written.certificate, key: written.key };
}
