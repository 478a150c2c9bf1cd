import type { Column } from '../../src/dialects/capabilities.js';
import type { Outage } from '../../src/domain/outlook.js';
import type { Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot, SemiSyncFacts, ServerSnapshot } from '../../src/domain/snapshot.js';
import { down, lookedAt, uuidOf, withChannel, withFacts, withGtid, withSection, withServer } from '../domain/build.js';
import { clusterOf, site } from './scenes.js';

type Source = NonNullable<SemiSyncFacts['source']>;

/** How the primary waited for its replicas when it was last seen: so that nothing can have been lost. */
export function holding(column: Column): Source {
  return {
    prefix: column.semiSync[0]?.source ?? 'rpl_semi_sync_master',
    enabled: true,
    active: true,
    waitPoint: 'after-sync',
    timeoutSeconds: 86_400,
    waitsFor: 1,
    waitsWithout: true,
    clients: 2,
    protectedTransactions: 100,
    unprotectedTransactions: 0,
    degradations: 0,
  };
}

/** db1 has died eleven seconds ago, and db2 and db3 have lost it. @param source undefined: not semi-synchronous */
export function deadPrimary(column: Column, source: Source | undefined = holding(column)): Scene {
  let snapshot = clusterOf(column);
  for (const name of ['db2', 'db3']) {
    snapshot = withChannel(snapshot, name, {
      io: 'connecting',
      ioError: { errno: 2003, message: 'error connecting', time: undefined },
      receivedAt: lookedAt - 12_000,
    });
    snapshot = withFacts(snapshot, name, {
      semiSync: { source: { ...holding(column), enabled: false, active: false, clients: 0 }, replica: { enabled: true, active: true } }, // prettier-ignore
    });
  }
  const alive = withFacts(snapshot, 'db1', { semiSync: { source, replica: undefined } });
  const [last] = alive.servers;
  return { snapshot: silent(alive), site, outlook: { outages: [outage(last)], fleet: { servers: 3, reachable: 2 } } };
}

/** db1 has crashed, and came back read-only without its last three transactions, which db2 and db3 have received. */
export function returnedPrimary(column: Column): Scene {
  const closed = { readOnly: true, superReadOnly: column.readOnly === 'switch' ? undefined : false };
  let snapshot = withSection(clusterOf(column), 'db1', 'state', closed);
  snapshot = withGtid(snapshot, 'db1', column.flavour === 'mysql' ? { executed: `${uuidOf(1)}:1-97` } : { binlog: '0-1-97', state: '0-1-97', current: '0-1-97' }); // prettier-ignore
  snapshot = withSection(snapshot, 'db1', 'binlog', {
    current: { file: 'bin.000005', position: 330 },
    files: [{ name: 'bin.000003', bytes: 900 }, { name: 'bin.000004', bytes: 700 }, { name: 'bin.000005', bytes: 330 }], // prettier-ignore
  });
  const errno = column.flavour === 'mysql' ? 13_114 : 1236;
  for (const name of ['db2', 'db3']) {
    snapshot = withChannel(snapshot, name, { io: 'stopped', ioError: { errno, message: 'more than the source has', time: undefined } }); // prettier-ignore
    snapshot = withFacts(snapshot, name, {
      semiSync: { source: { ...holding(column), enabled: false, active: false, clients: 0 }, replica: { enabled: true, active: true } }, // prettier-ignore
    });
  }
  const lastChange = { primary: 'db1', former: undefined, formerEnd: undefined, opened: undefined, byGtid: true, at: lookedAt - 60_000 }; // prettier-ignore
  return { snapshot, site, lastChange, outlook: { outages: [], fleet: { servers: 3, reachable: 3 } } };
}

export function withSnapshot(scene: Scene, change: (snapshot: ClusterSnapshot) => ClusterSnapshot): Scene {
  return { ...scene, snapshot: change(scene.snapshot) };
}

function outage(lastSeen: ServerSnapshot | undefined): Outage {
  const seen = lastSeen && { ...lastSeen, at: lookedAt - 12_000 };
  return { server: 'db1', since: lookedAt - 11_000, looks: 4, reasons: ['refused'], lastSeen: seen };
}

function silent(snapshot: ClusterSnapshot): ClusterSnapshot {
  return withServer(down(snapshot, 'db1'), 'db1', ({ login }) => ({ login: login && { ...login, handshake: undefined } })); // prettier-ignore
}
