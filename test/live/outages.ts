import type { Outage, Outlook } from '../../src/domain/outlook.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';

/** What is remembered of outages, for whoever has no Lockstep that does. */
export function outages(): (snapshot: ClusterSnapshot) => Outlook {
  const seen = new Map<string, Outage['lastSeen']>();
  const open = new Map<string, Outage>();
  return (snapshot) => {
    for (const server of snapshot.servers) {
      const { name: key, failure } = server;
      if (failure === undefined) {
        seen.set(key, server);
        open.delete(key);
        continue;
      }
      const before = open.get(key);
      open.set(key, {
        server: key,
        since: before?.since ?? server.at + server.durationSeconds * 1000,
        looks: (before?.looks ?? 0) + 1,
        reasons: [...new Set([...(before?.reasons ?? []), failure.reason])],
        lastSeen: seen.get(key),
      });
    }
    const reachable = snapshot.servers.filter(({ facts }) => facts !== undefined).length;
    return { outages: [...open.values()], fleet: { servers: snapshot.servers.length, reachable } };
  };
}
