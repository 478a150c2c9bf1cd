import { readFile } from 'node:fs/promises';
import type { Clock } from './base/clock.js';
import { LockstepError, messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import { Secret } from './base/secret.js';
import { certificatesOf } from './base/x509.js';
import type { ClusterConfig, Config, ObserveConfig, ServerConfig, TlsConfig } from './config/config.js';
import { readSecret } from './config/secrets.js';
import type { Target, TlsTarget } from './mysql/target.js';
import { Observer } from './observe/observer.js';
import type { Watched } from './observe/watch.js';

/**
 * The eyes for every server that the configuration names.
 * @param before the eyes under the configuration before; see Observer
 */
export function observerOf(
  { clusters, observe }: Config,
  { clock, log }: { clock: Clock; log: Log },
  before?: Observer,
): Observer {
  const options = {
    servers: clusters.flatMap((cluster) => cluster.servers.map((server) => watchedOf(cluster, server, observe))),
    clock,
    log,
    timeout: observe.timeoutSeconds * 1000,
    slowInterval: observe.slowIntervalSeconds * 1000,
  };
  return new Observer(options, before);
}

function watchedOf(cluster: ClusterConfig, server: ServerConfig, observe: ObserveConfig): Watched {
  const { database, table, utc } = cluster.heartbeat;
  return {
    key: JSON.stringify([{ ...cluster, servers: undefined }, server, observe]),
    cluster: cluster.name,
    name: server.name,
    address: server.address,
    target: () => targetOf(cluster, server),
    questions: { heartbeatTable: { schema: database, table, utc }, registered: cluster.registeredReplicas },
    files: server.host?.kind === 'local' ? async (path) => certificatesOf(await readFile(path, 'utf8')) : undefined,
  };
}

/** Files are read at each login, so that a rotated certificate or password counts at the next one. */
async function targetOf({ accounts, tls }: ClusterConfig, server: ServerConfig): Promise<Target> {
  const { user, password } = accounts.monitor;
  return {
    address: { ...server.address, ...(server.socket === undefined ? {} : { socketPath: server.socket }) },
    user,
    password: () => readSecret(password),
    tls: tls.mode === 'disabled' ? undefined : await tlsOf(tls),
  };
}

async function tlsOf({ verify, caFile, certFile, keyFile, serverName }: TlsConfig): Promise<TlsTarget> {
  return {
    verify,
    ...(caFile === undefined ? {} : { ca: await tlsFile('ca_file', caFile) }),
    ...(certFile === undefined ? {} : { cert: await tlsFile('cert_file', certFile) }),
    ...(keyFile === undefined ? {} : { key: new Secret((await tlsFile('key_file', keyFile)).toString()) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

async function tlsFile(key: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LockstepError(
      'secret-unreadable',
      `tls.${key} ${JSON.stringify(file)} cannot be read: ${messageOf(cause)}`,
      undefined,
      { cause },
    );
  }
}
