import type { Clock } from './base/clock.js';
import type { Log } from './base/log.js';
import type { ClusterConfig, Config, ObserveConfig, ServerConfig } from './config/config.js';
import { certificateFilesOf } from './host-settings.js';
import { Observer, type ObserverOptions } from './observe/observer.js';
import type { Watched } from './observe/watch.js';
import { targetOf } from './target-of.js';

/**
 * The eyes for every server that the configuration names.
 * @param before the eyes under the configuration before; see Observer
 */
export function observerOf(
  { clusters, observe }: Config,
  { clock, log, ...told }: { clock: Clock; log: Log } & Pick<ObserverOptions, 'seen' | 'looked'>,
  before?: Observer,
): Observer {
  const options = {
    servers: clusters.flatMap((cluster) => cluster.servers.map((server) => watchedOf(cluster, server, observe))),
    clock,
    log,
    timeout: observe.timeoutSeconds * 1000,
    slowInterval: observe.slowIntervalSeconds * 1000,
    ...told,
  };
  return new Observer(options, before);
}

/** Whose sessions are Lockstep's own. */
function oursIn({ accounts: { monitor, operate } }: ClusterConfig): readonly string[] {
  return [monitor.user, ...(operate === undefined ? [] : [operate.user])];
}

function watchedOf(cluster: ClusterConfig, server: ServerConfig, observe: ObserveConfig): Watched {
  const { database, table, utc } = cluster.heartbeat;
  return {
    key: JSON.stringify([{ ...cluster, servers: undefined }, server, observe]),
    cluster: cluster.name,
    name: server.name,
    address: server.address,
    target: () => targetOf(cluster, server, cluster.accounts.monitor),
    questions: {
      heartbeatTable: { schema: database, table, utc },
      registered: cluster.registeredReplicas,
      ours: oursIn(cluster),
    },
    files: server.host && certificateFilesOf(server.host),
    ready: server.replicationTls,
  };
}
