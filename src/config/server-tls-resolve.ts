import path from 'node:path';
import type { AuthorityConfig, OwnServerTls, ServerTlsConfig } from './config.js';
import { secretIn } from './secret-ref.js';
import {
  defaultLifetime,
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

export function serverTlsOf(entry: ServerTlsEntry): ServerTlsConfig {
  return {
    authority: entry.authority,
    renewBeforeSeconds: entry.renew_before,
    lifetimeSeconds: entry.lifetime ?? defaultLifetime,
    names: entry.names ?? [],
    keys: entry.keys ?? 'lockstep',
  };
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
