import type { SiteAnnouncer } from '../../src/domain/announcement.js';
import type { ReadAnnouncer, ReadersSeen } from '../../src/domain/readers.js';
import type { Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot } from '../../src/domain/snapshot.js';
import { lookedAt } from '../domain/build.js';
import { sceneOf, site } from './scenes.js';

const readers = { servers: ['db2', 'db3'], fallback: true, readsBack: true, drainSeconds: 10 };
export const backend: ReadAnnouncer = {
  ...{ name: 'haproxy', kind: 'haproxy', words: 'the backend', holds: true, readsBack: true },
  readers: { ...readers, words: 'the servers of the backend mysql-read' },
};
/** Nobody stands in; it cannot be read back. */
export const hook: ReadAnnouncer = {
  ...{ name: 'webhook', kind: 'webhook', words: 'an address', holds: false, readsBack: false },
  readers: { words: 'what it does', servers: ['db2', 'db3'], fallback: false, readsBack: false, drainSeconds: 0 },
};

export function reading(from: readonly string[], failure?: string): ReadersSeen {
  return { announcer: 'haproxy', readers: from, found: from.join(', '), failure, at: lookedAt };
}

/** @param from whom applications read by the backend */
export function readFrom(
  snapshot: ClusterSnapshot,
  from: readonly string[],
  announcers: readonly SiteAnnouncer[] = [backend],
): Scene {
  return { ...sceneOf(snapshot), site: { ...site, announcers }, readSides: [reading(from)] };
}

export const withdrawal = { server: 'db2', since: lookedAt, run: '20261128T152233Z-3f9a1c', procedure: 'rebuild-replica' }; // prettier-ignore
