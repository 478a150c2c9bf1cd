import type { DataPlace } from '../../domain/action.js';
import type { Host } from '../../hosts/host.js';
import { leaveRoot, placesOf, stands } from './places.js';

/** Removes what a swap kept aside. From its first moment on nobody can take a part of it for the whole. */
export async function discard(
  host: Host,
  data: string,
  place: DataPlace | undefined,
  signal: AbortSignal,
): Promise<void> {
  const places = placesOf(data, place);
  const { kept, gone } = places;
  if (await stands(host, kept, signal)) {
    await host.remove(gone, { signal, recursive: true });
    await host.move(kept, gone, { signal });
  }
  await host.remove(gone, { signal, recursive: true });
  await leaveRoot(host, places, signal);
}
