import { authoritySeen } from './certificate-reach.js';
import type { Config } from './config/config.js';
import type { SceneObserver } from './engine/ports.js';
import { clusterNamed, type AutomationOptions, type Kept } from './kept.js';
import type { Named } from './observe/outlook-memory.js';
import { rotationSeen } from './rotation-seen.js';
import { siteOf } from './site.js';

/** How old a recent look may be, milliseconds. */
const recently = 2000;

/** How the engine sees: servers, announcers, the authority, and what is remembered of them. */
export function eyes(
  { config, observer }: AutomationOptions,
  { memory, shelf, outlook, verifications }: Kept,
): SceneObserver {
  return {
    look: async (name, signal, kind) => {
      const how = kind === 'recent' ? { maxAge: recently, unpaused: true } : { thorough: kind ?? true };
      const cluster = clusterNamed(config(), name);
      const [{ snapshot }, announcements, readSides, authority, rotation] = await Promise.all([
        observer().lookAtCluster(name, { signal, ...how }),
        shelf.readBack(cluster, signal),
        shelf.readReaders(cluster, signal),
        authoritySeen(config(), cluster),
        // Applications may be slow to reach, and only plans, and procedures that look anew, rest on them.
        kind === undefined || kind === 'promptly' ? undefined : rotationSeen(config(), cluster, signal),
      ]);
      const told = {
        ...(announcements === undefined ? {} : { announcements }),
        ...(readSides === undefined ? {} : { readSides }),
        ...(authority === undefined ? {} : { authority }),
        ...(rotation === undefined ? {} : { rotation }),
      };
      const remembered = outlook === undefined ? {} : { outlook: outlook.of(name, fleetOf(config())) };
      const verified = verifications.all().filter((one) => one.cluster === name).map(({ server, differingTables }) => ({ server, differingTables })); // prettier-ignore
      return { snapshot, site: siteOf(cluster), plaintext: memory.of(name), verified, ...told, ...remembered };
    },
    pauseCollection: (cluster) => observer().pause(cluster),
  };
}

/** Every server that is watched. */
function fleetOf({ clusters }: Config): readonly Named[] {
  return clusters.flatMap(({ name: cluster, servers }) => servers.map(({ name }) => ({ cluster, name })));
}
