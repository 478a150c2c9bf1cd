import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { CertificateReach } from './actors/certificates/actor.js';
import { LockstepError } from './base/errors.js';
import type { Secret } from './base/secret.js';
import { certificatesOf } from './base/x509.js';
import type { AuthorityConfig, ClusterConfig, Config } from './config/config.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { Certificate } from './domain/certificate.js';
import { hostSettingsOf } from './host-settings.js';
import { openHost } from './hosts/open.js';
import { outsidersOf } from './outsiders.js';
import { openAuthority } from './pki/authority.js';
import { authorityFiles } from './pki/authority-files.js';
import { targetOf } from './target-of.js';

/** How certificates of one cluster are changed, under the configuration of now. */
export function certificateReachOf(
  config: () => Config,
  cluster: () => ClusterConfig,
  target: CertificateReach['target'],
  read: (ref: SecretRef) => Promise<Secret> = readSecret,
): CertificateReach {
  return {
    host: (server) => {
      const host = cluster().servers.find(({ name }) => name === server)?.host;
      return host && openHost(hostSettingsOf(host));
    },
    outsider: (name) => {
      const { caFile: file, host } = outsidersOf(cluster()).find((one) => one.name === name) ?? {};
      return file === undefined || host === undefined ? undefined : { host: openHost(hostSettingsOf(host)), file };
    },
    authority: async (name) => {
      const { directory, passphrase } = authorityNamed(config(), name);
      return openAuthority({ directory, passphrase: passphrase && (await readSecret(passphrase)) });
    },
    trusted: async () => {
      const { caFile } = cluster().tls;
      return caFile === undefined ? tls.rootCertificates.join('\n') : readFile(caFile, 'utf8');
    },
    target,
    ownHost: (directory) => openHost({ kind: 'local', sudo: false, paths: [directory], programs: [], services: {} }),
    ownTargets: async ({ cluster: name, server }) => {
      const found = config().clusters.find((one) => one.name === name);
      const one = found?.servers.find((each) => each.name === server);
      if (found === undefined || one === undefined)
        throw new LockstepError('unknown-server', `the configuration names no server ${name}/${server}`);
      const { monitor, operate } = found.accounts;
      const accounts = [monitor, ...(operate === undefined ? [] : [operate])];
      return Promise.all(accounts.map((account) => targetOf(found, one, account, read)));
    },
  };
}

/** The certificate of the authority that a cluster's certificates come from; undefined where it cannot be read. */
export async function authoritySeen(config: Config, { serverTls }: ClusterConfig): Promise<Certificate | undefined> {
  if (serverTls === undefined) return undefined;
  try {
    const { directory } = authorityNamed(config, serverTls.authority);
    const [own] = certificatesOf(await readFile(authorityFiles(directory).certificate, 'utf8'));
    return own;
  } catch {
    // Why, the procedure's refusal and `lockstep check` tell.
    return undefined;
  }
}

/** @throws LockstepError `authority-unknown` */
export function authorityNamed({ authorities }: Config, name: string): AuthorityConfig {
  const found = authorities.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new LockstepError(
    'authority-unknown',
    `the configuration names no authority "${name}"`,
    'Write it under `authorities`.',
  );
}
