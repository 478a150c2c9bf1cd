import { siteAnnouncersOf } from './announcers.js';
import type { ClusterConfig } from './config/config.js';
import type { Site } from './domain/scene.js';

/** The part of a cluster's configuration that plans may rest on. */
export function siteOf(cluster: ClusterConfig): Site {
  const { monitor, operate, replication } = cluster.accounts;
  return {
    cluster: cluster.name,
    servers: cluster.servers.map(({ name, address, host, replicationTls }) => ({
      name,
      address,
      host: host?.kind,
      replicationTls,
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
  };
}
