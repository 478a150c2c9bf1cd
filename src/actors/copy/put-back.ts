import { setTimeout as pause } from 'node:timers/promises';
import type { PutBackAction } from '../../domain/action.js';
import type { Host } from '../../hosts/host.js';
import type { Target } from '../../mysql/session.js';
import { placesOf } from './places.js';
import { answers, lookEvery, shutDown } from './swap.js';

/**
 * Lets a server run again on what it held before a swap, and removes what it ran on meanwhile. Whoever comes after a crash
 * sees by the directories how far it got.
 */
export async function putBack(
  { service }: PutBackAction,
  host: Host,
  target: Target,
  data: string,
  signal: AbortSignal,
): Promise<void> {
  const places = placesOf(data);
  const there = async (path: string) => (await host.stat(path, { signal })) !== undefined;
  if (await there(places.kept)) {
    if (await answers(target, signal)) await shutDown(target, signal);
    if (await there(places.data)) {
      await host.remove(places.fresh, { signal, recursive: true });
      await host.move(places.data, places.fresh, { signal });
    }
    await host.move(places.kept, places.data, { signal });
  }
  if (!(await answers(target, signal))) await host.restart(service, { signal });
  while (!(await answers(target, signal))) await pause(lookEvery, undefined, { signal });
  await host.remove(places.fresh, { signal, recursive: true });
}
