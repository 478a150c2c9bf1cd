import type { Reach } from '../../src/actors/sql-actor.js';

/** Of a reach where nothing long is at work, or nothing of it needs to last. */
export const noMemory: Pick<Reach, 'memory' | 'follows' | 'verified' | 'host'> = {
  memory: () => ({
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve(),
    forget: () => Promise.resolve(),
  }),
  host: () => undefined,
  follows: () => Promise.resolve(undefined),
  verified: () => Promise.resolve(),
};
