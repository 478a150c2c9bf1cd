import type { Address } from '../domain/snapshot.js';
import type { SecretRef } from './secrets.js';

/** How Lockstep reaches the machine of one server, and all that it may touch there. */
export type HostConfig = LocalHostConfig | SshHostConfig | CommandHostConfig;

/** What the configuration names, and nothing else is touched. Default none of each. */
export interface HostLimits {
  /** Directories, with all below them, and single files. Absolute, without `..` and without a slash at the end. */
  readonly paths: readonly string[];
  /** Programs that may be run with arguments of Lockstep's own, absolute. */
  readonly programs: readonly string[];
  /** The whole command that restarts each service. */
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/** The server runs on Lockstep's own machine. */
export interface LocalHostConfig extends HostLimits {
  readonly kind: 'local';
  /** Whether everything goes through `sudo -n --`. Default false. */
  readonly sudo: boolean;
}

export interface SshHostConfig extends HostLimits {
  readonly kind: 'ssh';
  /** Default: the host of the server's address, port 22. */
  readonly address: Address;
  readonly user: string;
  /** The private key to log in with; undefined where an agent does. */
  readonly key: SecretRef | undefined;
  /** Opens the key. Default undefined: the key is not encrypted. */
  readonly passphrase: SecretRef | undefined;
  /** The socket of an agent that holds the key. Either this or `key`. */
  readonly agent: string | undefined;
  /** In OpenSSH's format. Default undefined; then `hostKeys` holds one at least. */
  readonly knownHostsFile: string | undefined;
  /** Fingerprints of the host's own keys, `SHA256:…`; any of them will do, and no other. Default none. */
  readonly hostKeys: readonly string[];
  /** As {@link LocalHostConfig.sudo}, on the host. */
  readonly sudo: boolean;
}

/** Everything goes through a program of the operator's, such as `docker exec -i db1`. */
export interface CommandHostConfig extends HostLimits {
  readonly kind: 'command';
  /** The words before those of each command. */
  readonly command: readonly string[];
}
