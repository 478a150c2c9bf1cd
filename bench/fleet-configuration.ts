import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Scope } from '../src/base/scope.js';
import { sandboxAuthority } from '../src/sandbox/certificates.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { issue } from '../src/pki/issue.js';

/** What the simulated servers present, and how Lockstep checks it. */
export interface FleetTls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** A file. */
  readonly authority: string;
}

/** One certificate for every simulated server, since all are at the same address. */
export async function issueFleetTls(scope: Scope): Promise<FleetTls> {
  const authority = await sandboxAuthority(scope, 'Fleet authority');
  const issued = await issue(authority, { commonName: 'fleet', use: 'server', names: ['127.0.0.1'] });
  const file = path.join(await takeDirectory(scope), 'ca.pem');
  await writeFile(file, issued.authorityPem);
  return { cert: issued.chainPem, key: issued.keyPem.reveal(), authority: file };
}

/** The names of the server at a place of the fleet: two by two, a primary and its replica. */
export function placeOf(index: number): { readonly cluster: string; readonly server: string } {
  return { cluster: `c${String(Math.floor(index / 2)).padStart(4, '0')}`, server: index % 2 === 0 ? 'db1' : 'db2' };
}

/** A lockstep.yml for servers at these ports of 127.0.0.1; as it comes but for the clusters. @param more further keys */
export async function writeFleetConfiguration(
  scope: Scope,
  listen: string,
  ports: readonly number[],
  authority: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const directory = await takeDirectory(scope);
  const password = path.join(directory, 'password');
  await writeFile(password, 'every password is right\n', { mode: 0o600 });
  const clusters: Record<string, { servers: Record<string, { address: string }> }> = {};
  for (const [index, port] of ports.entries()) {
    const { cluster, server } = placeOf(index);
    (clusters[cluster] ??= { servers: {} }).servers[server] = { address: `127.0.0.1:${port}` };
  }
  const defaults = {
    accounts: {
      monitor: { user: 'lockstep_monitor', password_file: password },
      operate: { user: 'lockstep_operate', password_file: password },
    },
    heartbeat: { table: 'heartbeat.heartbeat', utc: true },
    tls: { ca_file: authority, verify: 'identity' },
  };
  const file = path.join(directory, 'lockstep.yml');
  await writeFile(file, stringify({ version: 1, listen, log: { level: 'warn' }, defaults, clusters, ...more }), {
    mode: 0o600,
  });
  return file;
}
