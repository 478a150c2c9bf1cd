import path from 'node:path';
import type { AnnouncerShelf } from './announcers.js';
import { systemClock } from './base/clock.js';
import { LockstepError } from './base/errors.js';
import type { Log } from './base/log.js';
import { moments } from './base/moment.js';
import type { AutomationConfig } from './config/automation.js';
import type { ClusterConfig, Config } from './config/config.js';
import { LastSeenMemory } from './observe/last-seen-memory.js';
import type { Observer } from './observe/observer.js';
import type { OutlookMemory } from './observe/outlook-memory.js';
import type { PlaintextMemory } from './observe/plaintext-memory.js';
import { Verifications } from './verifications.js';
import { WorkMemories } from './work-memory.js';

export interface AutomationOptions {
  /** The configuration of now. */
  readonly config: () => Config;
  /** The eyes of now. */
  readonly observer: () => Observer;
  readonly log: Log;
}

/** What eyes and hands keep from one look or act to the next. */
export interface Kept {
  readonly memory: PlaintextMemory;
  readonly shelf: AnnouncerShelf;
  /** undefined where nobody looks all the time. */
  readonly outlook?: OutlookMemory;
  /** What long work remembers, and what verifications have shown. */
  readonly work: WorkMemories;
  readonly verifications: Verifications;
}

export async function keptBeside(
  { journal: { directory } }: AutomationConfig,
  log: Log,
): Promise<Pick<Kept, 'work' | 'verifications'>> {
  const verifications = await Verifications.open(path.join(directory, 'verifications.json'), log);
  return { work: new WorkMemories(path.join(directory, 'work')), verifications };
}

/** Beside the journal, for whoever holds that alone writes there. */
export function memoryIn({ journal }: AutomationConfig): string {
  return path.join(journal.directory, 'plaintext.json');
}

/** Beside it, alike: what was last seen of each primary. */
export function lastSeenIn({ journal }: AutomationConfig, log: Log): Promise<LastSeenMemory> {
  const options = { log, clock: systemClock, moment: moments(systemClock) };
  return LastSeenMemory.open(path.join(journal.directory, 'last-seen.json'), options);
}

/** What a cluster says under the configuration of now. @throws LockstepError `cluster-unknown` */
export function clusterNamed(config: Config, name: string): ClusterConfig {
  const found = config.clusters.find((cluster) => cluster.name === name);
  if (found !== undefined) return found;
  throw new LockstepError('cluster-unknown', `the configuration names no cluster "${name}"`);
}
