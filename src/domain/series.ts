import type { Identity } from './snapshot.js';

type Release = Pick<Identity, 'flavour' | 'release'>;

/** Whether two servers are of one kind and one series, as `10.11`: files of one are read by the other. */
export function isSameSeries(one: Release, other: Release): boolean {
  return one.flavour === other.flavour && one.release[0] === other.release[0] && one.release[1] === other.release[1];
}

/** Whether the first, of the same kind, is of a newer series than the other. */
export function isNewerSeries({ release: [a, b] }: Release, { release: [c, d] }: Release): boolean {
  return a > c || (a === c && b > d);
}
