import { randomInt } from 'node:crypto';
import { Dice } from './dice.js';

const extents = ['short', 'ci', 'versions', 'flavours', 'all'] as const;
/**
 * How much is run: LOCKSTEP_EXTENT, of which each is more than the one before.
 * - `short`, of `npm test`: every suite on one of its versions, which the seed draws; Lockstep is killed once in each procedure, on one version.
 * - `ci`: every suite on one version of each flavour, drawn too; Lockstep is killed twice, and frozen at times, on both flavours.
 * - `versions`, the default of single files: every suite on all its versions; Lockstep is killed three times.
 * - `flavours`, of `npm run crash`: Lockstep is killed at every point, on both flavours.
 * - `all`: that on every version, of which LOCKSTEP_SHARD=I/N takes its part.
 */
export type Extent = (typeof extents)[number];

export function extent(): Extent {
  const given = process.env['LOCKSTEP_EXTENT'] ?? 'versions';
  const found = extents.find((one) => one === given);
  if (found === undefined) throw new Error(`LOCKSTEP_EXTENT=${given} is none: use ${extents.join(', ')}`);
  return found;
}

/** Whether of deaths and the like everything is tried, rather than what belongs to every run of the tests. */
export function isWhole(): boolean {
  return ['flavours', 'all'].includes(extent());
}

const another = randomInt(2 ** 31);

/** What chance is made of: LOCKSTEP_SEED repeats it; another one for every process without. */
export function seed(): number {
  return Number(process.env['LOCKSTEP_SEED'] ?? another);
}

/** @param key says for what: the same seed throws the same for it */
export function diceFor(key: string): Dice {
  return new Dice(`${seed()} ${key}`);
}
