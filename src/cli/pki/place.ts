import type { Command } from 'commander';
import { LockstepError } from '../../base/errors.js';
import type { Secret } from '../../base/secret.js';
import type { ClusterConfig, Config, ServerConfig } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { readSecret } from '../../config/secrets.js';
import { serverNames } from '../../domain/server-names.js';
import { configOption } from '../options.js';

/** Where the authority is: a directory, or a name in the configuration, or whoever issues for a configured server. */
export interface PlaceFlags {
  readonly directory?: string;
  readonly authority?: string;
  readonly passphraseFile?: string;
  readonly server?: string;
  readonly config: string;
}

export function withPlace(command: Command, { server = true } = {}): Command {
  command
    .option('--directory <path>', 'the directory of the authority; or, instead:')
    .option('--authority <name>', 'one of the `authorities` of the configuration')
    .option('--passphrase-file <path>', "what opens the authority's key (default: what the configuration says)");
  if (server)
    command.option('--server <cluster/server>', 'a server of the configuration: its authority, names, lifetime');
  return command.addOption(configOption());
}

export interface Place {
  readonly directory: string;
  readonly passphrase?: Secret;
  readonly passphraseFile?: string;
}

/** A server of the configuration, and what its certificate must say. */
export interface Subscriber {
  readonly cluster: ClusterConfig;
  readonly server: ServerConfig;
  readonly names: readonly string[];
}

export async function placeOf(flags: PlaceFlags): Promise<{ place: Place; subscriber: Subscriber | undefined }> {
  const { directory, passphraseFile } = flags;
  const wanted = flags.authority !== undefined || flags.server !== undefined;
  const config = wanted ? await loadConfig(flags.config) : undefined;
  const subscriber = config && flags.server !== undefined ? subscriberOf(config, flags.server) : undefined;
  const opened = passphraseFile === undefined ? {} : { passphraseFile };
  if (directory !== undefined) {
    if (flags.authority === undefined) return { place: { directory, ...opened }, subscriber };
    throw new LockstepError('usage', '--directory and --authority were given', 'Give one of them.');
  }
  const name = flags.authority ?? subscriber?.cluster.serverTls?.authority;
  if (config === undefined || name === undefined) {
    throw new LockstepError(
      'usage',
      'nothing says which authority is meant',
      'Give its --directory, or by --authority its name in the configuration.',
    );
  }
  const found = config.authorities.find((one) => one.name === name);
  if (found === undefined) {
    throw new LockstepError(
      'authority-unknown',
      `there is no authority "${name}" in ${config.file}`,
      `It names: ${config.authorities.map((one) => one.name).join(', ') || 'none'}.`,
    );
  }
  const secret =
    passphraseFile === undefined && found.passphrase !== undefined
      ? { passphrase: await readSecret(found.passphrase) }
      : opened;
  return { place: { directory: found.directory, ...secret }, subscriber };
}

function subscriberOf(config: Config, given: string): Subscriber {
  const [clusterName, serverName] = given.split('/');
  const cluster = config.clusters.find(({ name }) => name === clusterName);
  const server = cluster?.servers.find(({ name }) => name === serverName);
  if (cluster !== undefined && server !== undefined) {
    return { cluster, server, names: serverNames(server, cluster) };
  }
  const known = config.clusters.flatMap((one) => one.servers.map(({ name }) => `${one.name}/${name}`));
  throw new LockstepError(
    'server-unknown',
    `there is no server ${JSON.stringify(given)} in ${config.file}`,
    `It names: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}.`,
  );
}
