import { type Metric, ofCluster, ofServer } from '../metric.js';

/** How each look at a server went. */
export const lookMetrics = [
  {
    name: 'lockstep_look_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the look that these facts come from began.',
    labels: ofServer,
    scope: 'server',
  },
  {
    name: 'lockstep_look_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How long the look took.',
    labels: ofServer,
    scope: 'server',
  },
  {
    name: 'lockstep_collector_success',
    type: 'gauge',
    help: 'Whether the collector brought its facts.',
    labels: [...ofServer, 'collector'],
    scope: 'server',
  },
  {
    name: 'lockstep_collector_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How long the collector took; collectors that share a round trip share its time.',
    labels: [...ofServer, 'collector'],
    scope: 'server',
  },
  {
    name: 'lockstep_collector_failure_info',
    type: 'info',
    help: 'Why a collector failed: privilege, timeout, down or other; absent for one that succeeded.',
    labels: [...ofServer, 'collector', 'reason'],
    scope: 'server',
  },
] as const satisfies readonly Metric[];

/** The client certificate with which Lockstep logs in to the servers of a cluster: what its file holds at each scrape. */
export const presentedMetrics = [
  {
    name: 'lockstep_client_certificate_not_after_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the certificate expires that Lockstep presents to the servers; absent where it presents none, or its file cannot be read.',
    labels: ofCluster,
    scope: 'cluster',
  },
  {
    name: 'lockstep_client_certificate_info',
    type: 'info',
    help: 'What the certificate says that Lockstep presents to the servers.',
    labels: [...ofCluster, 'subject', 'issuer', 'serial', 'fingerprint'],
    scope: 'cluster',
  },
] as const satisfies readonly Metric[];

/** Lockstep itself. */
export const ownMetrics = [
  {
    name: 'lockstep_build_info',
    type: 'info',
    help: 'The version of Lockstep and of Node.js that it runs on.',
    labels: ['version', 'node_version'],
    scope: 'own',
  },
  {
    name: 'lockstep_config_last_reload_successful',
    type: 'gauge',
    help: 'Whether the newest configuration that was read is in force (1), or was wrong and the one before it stays (0).',
    labels: [],
    scope: 'own',
  },
  {
    name: 'lockstep_config_last_reload_success_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the configuration that is in force was read.',
    labels: [],
    scope: 'own',
  },
  {
    name: 'lockstep_clusters_configured',
    type: 'gauge',
    help: 'Clusters that the configuration in force names.',
    labels: [],
    scope: 'own',
  },
  {
    name: 'lockstep_servers_configured',
    type: 'gauge',
    help: 'Servers that the configuration in force names.',
    labels: [],
    scope: 'own',
  },
  {
    name: 'lockstep_looks_coalesced_total',
    type: 'counter',
    help: 'Looks at a server that were answered by one that was already under way.',
    labels: [],
    scope: 'own',
  },
  {
    name: 'lockstep_http_requests_total',
    type: 'counter',
    help: 'Requests that were answered, by route and status.',
    labels: ['route', 'status'],
    scope: 'own',
  },
  {
    name: 'lockstep_http_request_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How long requests took to answer, by route.',
    labels: ['route'],
    scope: 'own',
  },
  {
    name: 'lockstep_exposition_faults_total',
    type: 'counter',
    help: 'Series left out of an exposition because the catalogue does not allow them or they came twice: a defect to report.',
    labels: [],
    scope: 'own',
  },
] as const satisfies readonly Metric[];
