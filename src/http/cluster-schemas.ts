import { z } from 'zod';
import { problemNames } from '../domain/problems.js';
import { tlsProofs } from '../domain/relations.js';
import { component, moment } from './components.js';
import { address, failure, server } from './snapshot-schemas.js';

/** A cluster, what follows from it, and what is wrong with it, as JSON. */

const role = z.enum(['primary', 'replica', 'intermediate', 'standalone', 'unknown']);

const topology = component(
  'Topology',
  'Who replicates from whom.',
  z.object({
    kind: z.enum(['async', 'circular', 'galera', 'group-replication', 'managed']),
    primary: z.string().optional().describe('Absent when there is none, or when several could be it.'),
    roles: z.record(z.string(), role),
    links: z.array(z.object({ replica: z.string(), channel: z.string(), source: z.string().optional(), address })),
    writable: z.array(z.string()).describe('Servers that were asked and accept writes.'),
  }),
);

const problem = component(
  'ClusterProblem',
  'Something that is wrong with a cluster.',
  z.object({
    name: z.enum(problemNames),
    severity: z.enum(['info', 'warning', 'critical']),
    server: z.string().optional(),
    channel: z.string().optional(),
    message: z.string(),
  }),
);

const relations = component(
  'Relations',
  'Facts that take more than one server to know.',
  z.object({
    channels: z.array(
      z.object({
        server: z.string(),
        channel: z.string(),
        source: z.string().optional(),
        gtidGap: z.number().optional(),
        heartbeatLagSeconds: z.number().optional(),
        lagKnown: z.boolean(),
        tls: z.object({
          negotiated: z.boolean().optional(),
          proof: z.enum(tlsProofs),
          protocol: z.string().optional(),
          cipher: z.string().optional(),
          fallbackPossible: z.boolean().optional(),
        }),
        sourceLogAvailable: z.boolean().optional(),
        retentionHeadroomSeconds: z.number().optional(),
      }),
    ),
    servers: z.array(
      z.object({
        server: z.string(),
        errantTransactions: z.number().optional(),
        errantSet: z.string(),
        errantUnsettled: z.boolean(),
        unknownReplicas: z.number().optional(),
      }),
    ),
  }),
);

export const clusterSummary = component(
  'ClusterSummary',
  'A cluster at a glance.',
  z.object({
    cluster: z.string(),
    at: moment,
    servers: z.array(z.object({ name: z.string(), address, role, up: z.boolean(), failure: failure.optional() })),
    topology,
    problems: z.array(problem),
  }),
);

export const clusterDetail = component(
  'Cluster',
  'A cluster at one moment.',
  z.object({
    cluster: z.string(),
    at: moment,
    servers: z.array(server),
    topology,
    relations,
    problems: z.array(problem),
  }),
);
