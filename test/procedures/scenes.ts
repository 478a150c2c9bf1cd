import type { Column } from '../../src/dialects/capabilities.js';
import type { Parameters, Scene, Site } from '../../src/domain/scene.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import type { Seen } from '../../src/engine/procedure.js';
import { healthy } from '../domain/build.js';

/** The cluster of test/domain/build.ts as a configuration would describe it. */
export const site: Site = {
  cluster: 'production',
  servers: [1, 2, 3].map((id) => ({
    name: `db${id}`,
    address: { host: `db${id}.example`, port: 3306 },
    host: 'ssh',
    replicationTls: {
      caFile: '/etc/mysql/tls/ca.pem',
      certFile: '/etc/mysql/tls/client.pem',
      keyFile: '/etc/mysql/tls/client.key',
      verify: true,
    },
  })),
  names: ['masterdb'],
  accounts: {
    monitor: 'lockstep_monitor',
    operate: 'lockstep_operate',
    replication: { user: 'replication', require: 'x509' },
  },
  acceptUnproven: false,
  lagThreshold: 60,
};

export function sceneOf(snapshot: ClusterSnapshot): Scene {
  return { snapshot, site };
}

export function seenOf(snapshot: ClusterSnapshot, notes: Seen['notes'] = {}): Seen {
  return { snapshot, site, notes, held: new Set() };
}

export function of(server: string, more: Readonly<Record<string, string>> = {}): Parameters {
  return { cluster: 'production', server, ...more };
}

/** The healthy cluster as servers of one dialect column would show it. */
export function clusterOf(column: Column): ClusterSnapshot {
  const snapshot = healthy(column.flavour);
  const version = `${column.since.join('.')}${column.flavour === 'mariadb' ? '-MariaDB' : ''}`;
  return {
    ...snapshot,
    servers: snapshot.servers.map((server) => {
      const { facts } = server;
      if (facts?.state === undefined) return server;
      const { identity, state } = facts;
      return {
        ...server,
        facts: {
          ...facts,
          identity: { ...identity, version, release: column.since, column: column.name, proof: column.proof },
          state: { ...state, superReadOnly: column.readOnly === 'switch' ? undefined : state.readOnly },
        },
      };
    }),
  };
}
