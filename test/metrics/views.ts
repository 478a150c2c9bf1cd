import type { Problem } from '../../src/domain/problems.js';
import type { ChannelRelation, Relations } from '../../src/domain/relations.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import type { Topology } from '../../src/domain/topology.js';
import { at, brokenMariadb, brokenMysql, healthyMariadb, mariadbFacts, up } from './snapshots.js';

const relation: ChannelRelation = {
  server: 'db2',
  channel: '',
  source: 'db1',
  gtidGap: 0,
  heartbeatLagSeconds: 0.7,
  lagKnown: true,
  tls: {
    negotiated: true,
    proof: 'observed',
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    fallbackPossible: false,
  },
  sourceLogAvailable: true,
  retentionHeadroomSeconds: 800_000,
};

export interface View {
  readonly snapshot: ClusterSnapshot;
  readonly topology: Topology;
  readonly relations: Relations;
  readonly problems: readonly Problem[];
}

const primary = up('db1', {
  ...mariadbFacts,
  identity: { ...mariadbFacts.identity, serverId: 1, hostname: 'db1' },
  state: mariadbFacts.state && { ...mariadbFacts.state, readOnly: false },
  channels: [],
});

export const healthyCluster: View = {
  snapshot: { cluster: 'production', at, servers: [primary, healthyMariadb] },
  topology: {
    kind: 'async',
    primary: 'db1',
    roles: { db1: 'primary', db2: 'replica' },
    links: [{ replica: 'db2', channel: '', source: 'db1', address: { host: 'db1.production.wpdn', port: 3306 } }],
    writable: ['db1'],
  },
  relations: {
    channels: [relation],
    servers: [
      { server: 'db1', errantTransactions: undefined, errantSet: '', errantUnsettled: false, unknownReplicas: 0 },
      { server: 'db2', errantTransactions: 0, errantSet: '', errantUnsettled: false, unknownReplicas: 0 },
    ],
  },
  problems: [],
};

/** Two writable servers, the one with errant transactions and a channel that nothing proves to be encrypted. */
export const brokenCluster: View = {
  snapshot: { cluster: 'production', at, servers: [primary, brokenMariadb, { ...brokenMysql, name: 'db3' }] },
  topology: {
    ...healthyCluster.topology,
    roles: { db1: 'primary', db2: 'replica', db3: 'unknown' },
    writable: ['db1', 'db2'],
  },
  relations: {
    channels: [
      {
        ...relation,
        source: undefined,
        gtidGap: undefined,
        heartbeatLagSeconds: undefined,
        lagKnown: false,
        tls: {
          negotiated: undefined,
          proof: 'none',
          protocol: undefined,
          cipher: undefined,
          fallbackPossible: undefined,
        },
        sourceLogAvailable: undefined,
        retentionHeadroomSeconds: undefined,
      },
    ],
    servers: [
      { server: 'db1', errantTransactions: undefined, errantSet: '', errantUnsettled: false, unknownReplicas: 1 },
      { server: 'db2', errantTransactions: 2, errantSet: '0-2-44', errantUnsettled: true, unknownReplicas: undefined },
      {
        server: 'db3',
        errantTransactions: undefined,
        errantSet: '',
        errantUnsettled: false,
        unknownReplicas: undefined,
      },
    ],
  },
  problems: [
    problem('two-primaries', undefined, undefined),
    problem('replication-failed', 'db2', ''),
    problem('replication-failed', 'db2', 'frozen'),
    problem('replication-failed', 'db2', 'frozen'),
    problem('server-down', 'db3', undefined),
  ],
};

function problem(name: Problem['name'], server: string | undefined, channel: string | undefined): Problem {
  return { name, severity: 'critical', server, channel, message: `${name} somewhere` };
}
