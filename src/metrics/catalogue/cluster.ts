import { type Metric, ofCluster } from '../metric.js';

/** A cluster as a whole. */
export const clusterMetrics = [
  {
    name: 'mysql_cluster_topology',
    type: 'stateset',
    help: 'The kind of the cluster; procedures and writable-server alerts stay out of all but async.',
    labels: [...ofCluster, 'topology'],
    states: ['async', 'circular', 'galera', 'group-replication', 'managed'],
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_servers',
    type: 'gauge',
    help: 'Servers that the configuration names.',
    labels: ofCluster,
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_servers_up',
    type: 'gauge',
    help: 'Servers that answered in the newest look.',
    labels: ofCluster,
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_writable_servers',
    type: 'gauge',
    help: 'Servers that were asked and accept writes; 1 in a healthy asynchronous cluster.',
    labels: ofCluster,
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_replicas_configured',
    type: 'gauge',
    help: 'Servers that the configuration names and that are not the primary, reachable or not.',
    labels: ofCluster,
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_replicas_healthy',
    type: 'gauge',
    help: 'Of those, the servers whose every channel receives and applies and hears its source; lag is judged apart.',
    labels: ofCluster,
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_problems',
    type: 'gauge',
    help: 'How many problems of each name the cluster has, 0 for every name that it has none of.',
    labels: [...ofCluster, 'problem'],
    scope: 'cluster',
  },
  {
    name: 'mysql_cluster_problem',
    type: 'gauge',
    help: 'Always 1: a problem that the cluster has now, with the server and channel that have it, where there is one.',
    labels: [...ofCluster, 'problem', 'server', 'channel'],
    scope: 'cluster',
  },
] as const satisfies readonly Metric[];
