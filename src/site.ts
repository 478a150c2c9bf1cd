import { siteAnnouncersOf } from './announcers.js';
import type { ClusterConfig, OwnServerTls, ServerConfig } from './config/config.js';
import type { Site, SiteServer, SiteServerTls } from './domain/scene.js';
import { serverNames } from './domain/server-names.js';
import { within } from './hosts/allowed.js';

/** The part of a cluster's configuration that plans may rest on. */
export function siteOf(cluster: ClusterConfig): Site {
  const { monitor, operate, replication } = cluster.accounts;
  const { serverTls } = cluster;
  return {
    cluster: cluster.name,
    servers: cluster.servers.map((server) => ({
      name: server.name,
      address: server.address,
      host: server.host?.kind,
      replicationTls: server.replicationTls,
      ...reachOf(server.host),
      ...(server.serverTls === undefined ? {} : { serverTls: serverTlsOf(cluster, server, server.serverTls) }),
    })),
    names: cluster.names,
    accounts: {
      monitor: monitor.user,
      operate: operate?.user,
      replication: replication && { user: replication.user, require: replication.require },
    },
    acceptUnproven: cluster.acceptUnproven,
    lagThreshold: cluster.thresholds.lag,
    failover: cluster.failover,
    ...(cluster.announcers.length === 0 ? {} : { announcers: siteAnnouncersOf(cluster) }),
    ...(serverTls === undefined
      ? {}
      : {
          serverTls: {
            authority: serverTls.authority,
            ...(serverTls.replaces === undefined ? {} : { replaces: serverTls.replaces }),
            renewBefore: serverTls.renewBeforeSeconds,
            lifetime: serverTls.lifetimeSeconds,
            ...(serverTls.keys === 'host' ? { keys: 'host' } : {}),
          },
        }),
  };
}

function serverTlsOf(
  cluster: ClusterConfig,
  server: ServerConfig,
  { directory, optionFiles }: OwnServerTls,
): SiteServerTls {
  const { mode, verify, serverName } = cluster.tls;
  return {
    directory,
    allowed: server.host !== undefined && within(server.host.paths, directory),
    names: serverNames(server, cluster),
    checked:
      mode === 'disabled'
        ? undefined
        : { name: verify === 'identity' ? (serverName ?? server.address.host) : undefined },
    services: Object.keys(server.host?.services ?? {}),
    ...(optionFiles === undefined
      ? {}
      : {
          optionFiles: {
            ...optionFiles,
            allowed:
              server.host !== undefined &&
              within(server.host.paths, optionFiles.directory) &&
              server.host.programs.includes(optionFiles.command[0] ?? ''),
          },
        }),
  };
}

/** What may be run and restarted on a machine. */
function reachOf(host: ClusterConfig['servers'][number]['host']): Pick<SiteServer, 'programs' | 'services'> {
  const services = Object.keys(host?.services ?? {});
  return {
    ...(host === undefined || host.programs.length === 0 ? {} : { programs: host.programs }),
    ...(services.length === 0 ? {} : { services }),
  };
}
