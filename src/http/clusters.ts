import { z } from 'zod';
import type { ClusterReport } from './ports.js';
import { route } from './api.js';
import { clusterDetail, clusterSummary } from './cluster-schemas.js';
import { component } from './components.js';
import { knownCluster } from './switches.js';

const clusterList = component(
  'ClusterList',
  'Every cluster, in the order of the configuration.',
  z.object({ clusters: z.array(clusterSummary) }),
);
const acknowledged = component(
  'Acknowledged',
  'A failure that somebody has looked into.',
  z.object({ cluster: z.string(), by: z.string() }),
);

export const clusterRoutes = [
  route({
    method: 'get',
    path: '/api/v1/clusters',
    operation: 'listClusters',
    summary: 'Every cluster: topology, problems, and which servers answer',
    who: 'viewer',
    answers: { 200: { description: 'The clusters.', schema: clusterList } },
    async handle({ ports, signal }) {
      const names = [...new Set(ports.targets().map(({ cluster }) => cluster))];
      const reports = await Promise.all(names.map((each) => ports.cluster(each, signal)));
      return { body: { clusters: reports.map(summaryOf) } };
    },
  }),
  route({
    method: 'get',
    path: '/api/v1/clusters/{cluster}',
    operation: 'getCluster',
    summary: 'All that is seen of a cluster: every fact of every server, what follows from them, and its problems',
    who: 'viewer',
    answers: { 200: { description: 'The cluster.', schema: clusterDetail } },
    problems: ['cluster-unknown'],
    async handle({ ports, parameters: { cluster = '' }, signal }) {
      const { view, problems } = await ports.cluster(knownCluster(ports, cluster), signal);
      return { body: { ...view.snapshot, topology: view.topology, relations: view.relations, problems } };
    },
  }),
  route({
    method: 'post',
    path: '/api/v1/clusters/{cluster}/acknowledge',
    operation: 'acknowledge',
    summary: 'Lift the cooldown that a failed run left behind',
    who: 'operator',
    automation: true,
    answers: { 200: { description: 'It is lifted.', schema: acknowledged } },
    problems: ['cluster-unknown'],
    async handle({ automation, ports, parameters, identity }) {
      const cluster = knownCluster(ports, parameters['cluster'] ?? '');
      await automation.acknowledge(cluster, identity.name);
      return { body: { cluster, by: identity.name } };
    },
  }),
];

function summaryOf({ view: { snapshot, topology }, problems }: ClusterReport) {
  return {
    cluster: snapshot.cluster,
    at: snapshot.at,
    servers: snapshot.servers.map(({ name, address, facts, failure }) => ({
      name,
      address,
      role: topology.roles[name] ?? 'unknown',
      up: facts !== undefined,
      failure,
    })),
    topology,
    problems,
  };
}
