import { access, readFile } from 'node:fs/promises';
import { authorityNamed } from './certificate-reach.js';
import { deadline, raced } from './base/deadline.js';
import { certificatesOf } from './base/x509.js';
import type { ClusterConfig, Config } from './config/config.js';
import { lockstepItself, type HeldAuthority, type Outsider, type Rotation } from './domain/rotation.js';
import { hostSettingsOf } from './host-settings.js';
import { openHost } from './hosts/open.js';
import { ownCertificateSeen } from './own-certificate-seen.js';
import { outsidersOf, relyingOf, sharingOf, type OutsiderFiles } from './outsiders.js';
import { authorityFiles } from './pki/authority-files.js';

/** How long reading the files of Lockstep and of applications may take, milliseconds: what comes later is not seen. */
const readWithin = 2000;

/** The authorities of a cluster and who else checks certificates; undefined where there is none, or it cannot be read. */
export async function rotationSeen(
  config: Config,
  cluster: ClusterConfig,
  signal: AbortSignal,
): Promise<Rotation | undefined> {
  const { serverTls } = cluster;
  if (serverTls === undefined) return undefined;
  const { authority, replaces } = serverTls;
  const [to, from, outsiders, own] = await Promise.all([
    held(config, authority),
    replaces === undefined ? undefined : held(config, replaces),
    outsidersSeen(config, cluster, signal),
    ownCertificateSeen(config, cluster),
  ]);
  return to && { to, ...(from === undefined ? {} : { from }), outsiders, ...(own === undefined ? {} : { own }) };
}

async function held(config: Config, name: string): Promise<HeldAuthority | undefined> {
  try {
    const files = authorityFiles(authorityNamed(config, name).directory);
    const [own, ...above] = certificatesOf(await readFile(files.certificate, 'utf8'));
    const keyed = await access(files.key).then(
      () => true,
      () => false,
    );
    return own && { name, certificates: [own, ...above], keyed };
  } catch {
    // Why, the procedure's refusal and `lockstep check` tell.
    return undefined;
  }
}

async function outsidersSeen(
  config: Config,
  cluster: ClusterConfig,
  signal: AbortSignal,
): Promise<readonly Outsider[]> {
  const limit = deadline(readWithin, signal);
  const [sharedWith, reliedOnBy] = [sharingOf(config, cluster), relyingOf(config, cluster)];
  try {
    return await Promise.all(
      outsidersOf(cluster).map(async (one) => ({
        name: one.name,
        file: one.caFile,
        ...(await filesOf(one, limit.signal)),
        sharedWith: one.name === lockstepItself ? sharedWith : undefined,
        reliedOnBy: one.name === lockstepItself ? reliedOnBy : undefined,
      })),
    );
  } finally {
    limit.clear();
  }
}

async function filesOf({ caFile, certFile, host }: OutsiderFiles, signal: AbortSignal) {
  const open = openHost(hostSettingsOf(host));
  const read = async (file: string | undefined) => {
    if (file === undefined) return undefined;
    const reading = open.read(file, { signal }).then((content) => certificatesOf(content.toString()));
    return raced(reading, signal).catch(() => undefined);
  };
  try {
    const [trusted, presents] = await Promise.all([read(caFile), read(certFile)]);
    return { trusted, presents: presents?.[0] };
  } finally {
    await open.close();
  }
}
