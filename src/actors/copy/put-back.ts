import { LockstepError } from '../../base/errors.js';
import type { PutBackAction } from '../../domain/action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import type { Target } from '../../mysql/session.js';
import { isInside, takeBack } from './inside.js';
import { leaveRoot, placesOf, stands, type DataNames } from './places.js';
import { answers, stopped, untilAnswers } from './stop.js';

/**
 * Lets a server run again on what it held before a swap, and removes what it ran on meanwhile. Whoever comes after a crash
 * sees by the directories how far it got.
 * @throws LockstepError `kept-no-more` once that is being removed; those of hosts
 */
export async function putBack(
  { on, service, discarded, place }: PutBackAction,
  notes: Notes,
  host: Host,
  target: Target,
  { data, temporary }: DataNames,
  signal: AbortSignal,
): Promise<void> {
  const places = placesOf(data, place);
  const there = (path: string) => stands(host, path, signal);
  if (notes[discarded] !== undefined || (await there(places.gone)))
    throw new LockstepError('kept-no-more', `${on} runs on the copy, which was found equal; what it held before is removed`, 'Finish by hand what is left to do.'); // prettier-ignore
  const back = isInside(places) && ((await there(places.kept)) || (await there(places.inside.back)));
  const stop = () => stopped({ on, service, host, target }, { data: places.data, temporary }, signal);
  if (back) {
    await stop();
    await takeBack(host, places, signal);
  } else if (!isInside(places) && (await there(places.kept))) {
    await stop();
    if (await there(places.data)) {
      await host.remove(places.fresh, { signal, recursive: true });
      await host.move(places.data, places.fresh, { signal });
    }
    await host.move(places.kept, places.data, { signal });
  }
  if (!(await answers(target, signal))) await host.restart(service, { signal });
  await untilAnswers(target, signal);
  const ranOn = isInside(places) ? [places.inside.out, places.inside.coming] : [];
  for (const left of [places.fresh, ...ranOn]) await host.remove(left, { signal, recursive: true });
  await leaveRoot(host, places, signal);
}
