import path from 'node:path';
import type { ApplicationConfig, AuthorityConfig, OwnServerTls, ServerTlsConfig } from './config.js';
import { machineOf } from './host-resolve.js';
import { secretIn } from './secret-ref.js';
import {
  defaultLifetime,
  type ApplicationEntry,
  type AuthorityEntry,
  type OwnServerTlsEntry,
  type ServerTlsEntry,
} from './server-tls-schema.js';

/** @param folder what relative paths start from */
export function authorityOf(name: string, entry: AuthorityEntry, folder: string): AuthorityConfig {
  return {
    name,
    directory: path.resolve(folder, entry.directory),
    passphrase: secretIn(entry.passphrase_file, entry.passphrase_env, folder),
  };
}

/** @param folder what relative paths start from */
export function serverTlsOf(entry: ServerTlsEntry, folder: string): ServerTlsConfig {
  return {
    authority: entry.authority,
    renewBeforeSeconds: entry.renew_before,
    lifetimeSeconds: entry.lifetime ?? defaultLifetime,
    names: entry.names ?? [],
    keys: entry.keys ?? 'lockstep',
    replaces: entry.replaces,
    applications: Object.entries(entry.applications ?? {}).map(([name, given]) => applicationOf(name, given, folder)),
  };
}

/** Its machine may be touched where its files stand. */
function applicationOf(name: string, given: ApplicationEntry, folder: string): ApplicationConfig {
  const { ca_file: caFile, cert_file: certFile } = given;
  const paths = [
    ...(caFile === undefined ? [] : [path.posix.dirname(caFile)]),
    ...(certFile === undefined ? [] : [certFile]),
  ];
  return { name, caFile, certFile, host: machineOf(given.host ?? { kind: 'local' }, folder, { paths }) };
}

export function ownServerTlsOf(cluster: ServerTlsEntry, own: OwnServerTlsEntry = {}): OwnServerTls {
  const bare = (given: string) => given.replace(/\/$/, '');
  const include = own.include_directory ?? cluster.include_directory;
  const command = own.server_command ?? cluster.server_command;
  return {
    directory: bare(own.directory ?? cluster.directory),
    names: own.names ?? [],
    optionFiles: include === undefined || command === undefined ? undefined : { directory: bare(include), command },
  };
}
