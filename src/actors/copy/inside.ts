import type { Host } from '../../hosts/host.js';
import { moveIn, moveOut } from './entries.js';
import { stands, type Inside, type Places } from './places.js';

/** Places within a data directory that has one name for good. */
export type PlacesInside = Places & { readonly inside: Inside };

export function isInside(places: Places): places is PlacesInside {
  return places.inside !== undefined;
}

/**
 * Lets the copy take the place of what a server holds, which must not run: that goes to `kept` first. Directories that
 * get another name at once tell how far it came: the copy is `fresh` until all of before is out, then `coming` until all of
 * it is in.
 * @param between what is done once nothing of before is in place, and before anything of the copy is; more than once after a crash
 */
export async function letIn(
  host: Host,
  places: PlacesInside,
  between: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { fresh, kept, inside } = places;
  if (await stands(host, fresh, signal)) {
    await moveOut(host, places, kept, signal);
    await between();
    await host.move(fresh, inside.coming, { signal });
  }
  if (await stands(host, inside.coming, signal)) await moveIn(host, places, inside.coming, signal);
}

/**
 * Gives a server, which must not run, again what it held before; wherever {@link letIn} was broken off. What it ran on
 * meanwhile is left in `fresh`, `coming` and `out`.
 */
export async function takeBack(host: Host, places: PlacesInside, signal: AbortSignal): Promise<void> {
  const { fresh, kept, inside } = places;
  if (await stands(host, kept, signal)) {
    // As long as the copy waits whole, what is in place is of before.
    if (!(await stands(host, fresh, signal))) await moveOut(host, places, inside.out, signal);
    await host.move(kept, inside.back, { signal });
  }
  if (await stands(host, inside.back, signal)) await moveIn(host, places, inside.back, signal);
}
