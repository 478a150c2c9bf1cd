import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError, messageOf } from './base/errors.js';
import { certificatesOf } from './base/x509.js';
import type { HostConfig } from './config/host-config.js';
import { readSecret } from './config/secrets.js';
import { within } from './hosts/allowed.js';
import { openHost, type HostSettings } from './hosts/open.js';
import type { CertificateFiles } from './observe/certificates.js';

/** What the configuration says of one host, as `hosts/` wants it. Secrets and known hosts are read at each login. */
export function hostSettingsOf(config: HostConfig): HostSettings {
  if (config.kind !== 'ssh') return config;
  const { key, passphrase, agent, knownHostsFile, ...rest } = config;
  const login =
    key === undefined
      ? { agent: agent ?? '' }
      : {
          key: () => readSecret(key),
          passphrase: passphrase === undefined ? undefined : () => readSecret(passphrase),
        };
  const knownHosts = knownHostsFile === undefined ? undefined : () => knownHostsIn(knownHostsFile);
  return { ...rest, login, knownHosts };
}

/**
 * Reads certificates on one host: on this machine all that Lockstep may read, as its own rights let it; elsewhere those
 * among the `paths`, and what is not among them is left alone without a word.
 */
export function certificateFilesOf(config: HostConfig): CertificateFiles {
  const host = openHost(hostSettingsOf(config));
  const roots = config.kind === 'local' && !config.sudo ? ['/'] : config.paths;
  return {
    read: async (given, signal) => {
      // A server may spell its paths as it likes.
      const file = path.posix.normalize(given);
      return within(roots, file) ? certificatesOf((await host.read(file, { signal })).toString()) : [];
    },
    close: () => host.close(),
  };
}

async function knownHostsIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new LockstepError(
      'host-key-unknown',
      `the known_hosts_file ${JSON.stringify(file)} cannot be read: ${messageOf(cause)}`,
      'Create it with `ssh-keyscan HOST`, and compare each key with `ssh-keygen -lf` on that machine.',
      { cause },
    );
  }
}
