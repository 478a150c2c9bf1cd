/** The stable names of the boards; they are in links and bookmarks. */
export const uids = { fleet: 'lockstep-fleet', cluster: 'lockstep-cluster', tls: 'lockstep-tls' } as const;

/** From a cell that holds a cluster's name to the board of that cluster, at the same time. */
export const toCluster = {
  title: 'Open the cluster',
  url: `/d/${uids.cluster}?\${datasource:queryparam}&var-cluster=\${__value.raw}&\${__url_time_range}`,
} as const;
