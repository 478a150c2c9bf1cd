import path from 'node:path';
import type { Address } from '../domain/snapshot.js';
import { parseAddress } from './address.js';
import type { HostConfig, HostLimits } from './host-config.js';
import { defaultSshPort, type AnnouncerHostsEntry, type HostsEntry, type ServerHostsEntry } from './host-schema.js';
import { secretIn } from './secret-ref.js';

/** What a cluster says of its hosts, with the folder that its relative paths start from. */
export interface Hosts {
  readonly entry: HostsEntry;
  readonly folder: string;
}

/** The host of one server: what the server says for itself goes before what its cluster says. */
export function hostOf(
  { entry, folder }: Hosts,
  server: { readonly name: string; readonly address: Address; readonly hosts?: ServerHostsEntry | undefined },
): HostConfig {
  const own = server.hosts ?? {};
  const limits = limitsOf({ ...entry, ...own });
  switch (entry.kind) {
    case 'local':
      return { kind: 'local', sudo: entry.sudo ?? false, ...limits };
    case 'command': {
      const words: Readonly<Record<string, string>> = { '{server}': server.name, '{host}': server.address.host };
      const command = own.command ?? entry.command;
      return {
        kind: 'command',
        command: command.map((word) => word.replaceAll(/\{(?:server|host)\}/g, (found) => words[found] ?? found)),
        ...limits,
      };
    }
    case 'ssh': {
      const port = entry.port ?? defaultSshPort;
      const address = own.address === undefined ? undefined : parseAddress(own.address, port);
      return {
        kind: 'ssh',
        address: address ?? { host: server.address.host, port },
        user: own.user ?? entry.user,
        key: secretIn(entry.key_file, undefined, folder),
        passphrase: secretIn(entry.passphrase_file, entry.passphrase_env, folder),
        agent: entry.agent,
        knownHostsFile: entry.known_hosts_file === undefined ? undefined : path.resolve(folder, entry.known_hosts_file),
        hostKeys: [own.host_key ?? entry.host_key ?? []].flat(),
        sudo: entry.sudo ?? false,
        ...limits,
      };
    }
  }
}

/** The machine of an announcer, or of an application, with what it needs there. */
export function machineOf(
  entry: AnnouncerHostsEntry,
  folder: string,
  { paths = [], programs = [] }: { readonly paths?: readonly string[]; readonly programs?: readonly string[] },
): HostConfig {
  // No server is reached there: what would be taken from one is given by the entry itself.
  const nobody = { name: '', address: { host: '', port: 0 } };
  const host = hostOf({ entry, folder }, { ...nobody, hosts: entry.kind === 'ssh' ? { address: entry.address } : {} });
  return { ...host, paths: [...host.paths, ...paths], programs: [...host.programs, ...programs] };
}

function limitsOf({ paths, programs, services }: ServerHostsEntry): HostLimits {
  const bare = (given: readonly string[] = []) => given.map((one) => one.replace(/\/$/, ''));
  return { paths: bare(paths), programs: bare(programs), services: services ?? {} };
}
