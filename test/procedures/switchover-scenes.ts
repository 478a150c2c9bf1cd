import type { Parameters } from '../../src/domain/scene.js';
import type { ActivityFacts } from '../../src/domain/activity.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { certificate, handshake, lookedAt, withFacts, withServer } from '../domain/build.js';

/** Nothing runs for long anywhere. */
const idle: ActivityFacts = {
  statements: [],
  transactions: [],
  waitingForReplicas: 0,
  connections: { limit: 151, used: 12 },
  enabledEvents: 0,
};

export function changeTo(to: string, more: Readonly<Record<string, string>> = {}): Parameters {
  return { cluster: 'production', to, 'long-running': 'ask', sessions: 'end', ...more };
}

/** A cluster that is fit for it: certificates with the names of their servers, and {@link quiet}. */
export function fit(snapshot: ClusterSnapshot): ClusterSnapshot {
  return names(snapshot).reduce(
    (all, name) =>
      withServer(all, name, ({ address }) => ({
        login: {
          at: lookedAt,
          failure: undefined,
          handshake: handshake({ chain: [certificate({ names: [address.host, 'masterdb'] })] }),
        },
      })),
    quiet(snapshot),
  );
}

/** What a thorough look sees of activity, on every server that can be asked, and of the plugins of semi-synchronous replication. */
export function quiet(snapshot: ClusterSnapshot, change: Partial<ActivityFacts> = {}): ClusterSnapshot {
  return names(snapshot).reduce(
    (all, name) =>
      withFacts(all, name, ({ semiSync }) => ({
        activity: { ...idle, ...change },
        semiSync: semiSync && {
          source: semiSync.source ?? {
            enabled: false,
            active: false,
            waitPoint: 'after-sync',
            timeoutSeconds: 10,
            clients: 0,
            protectedTransactions: 0,
            unprotectedTransactions: 0,
            degradations: 0,
          },
          replica: semiSync.replica ?? { enabled: false, active: false },
        },
      })),
    snapshot,
  );
}

/** The same, replicating without GTID. */
export function byPosition(snapshot: ClusterSnapshot): ClusterSnapshot {
  return names(snapshot).reduce(
    (all, name) =>
      withFacts(all, name, ({ channels, gtid }) => ({
        gtid: gtid?.kind === 'mysql' ? { ...gtid, mode: 'OFF', executed: '', purged: '' } : gtid,
        channels: channels?.map((channel) => ({ ...channel, gtid: { mode: 'off', received: undefined } })),
      })),
    snapshot,
  );
}

function names({ servers }: ClusterSnapshot): readonly string[] {
  return servers.filter(({ facts }) => facts !== undefined).map(({ name }) => name);
}
