import { deadline } from '../base/deadline.js';
import type { Parameters } from '../domain/scene.js';
import { keyOf, type BookedRun } from './book.js';
import type { Procedure } from './procedure.js';
import type { Trigger } from './run.js';
import type { Shop } from './shop.js';

/** Whoever delivers alerts wants an answer within two seconds. */
const lookWithin = 1000;

/**
 * An alert may fire on for a while after its run has mended what it names, for rules keep firing and Alertmanagers
 * repeat. One that began before the newest such run ended, while nothing is to be mended, is an echo of it.
 * @returns that run; undefined when the alert may be news, and a run of its own is to look at it
 */
export async function echoOf(
  shop: Shop,
  procedure: Procedure,
  parameters: Parameters,
  trigger: Trigger,
): Promise<BookedRun | undefined> {
  if (trigger.kind !== 'alert') return undefined;
  const id = shop.book.latest.get(keyOf(procedure.name, parameters));
  const run = id === undefined ? undefined : shop.book.runs.get(id);
  if (run?.endedAt === undefined || !(Date.parse(trigger.startsAt) < run.endedAt)) return undefined;
  const limit = deadline(lookWithin, shop.stopping);
  try {
    const scene = await shop.ports.observer.look(parameters.cluster, limit.signal, 'recent');
    return procedure.needed(scene, parameters).observed === 'no' ? run : undefined;
  } finally {
    limit.clear();
  }
}
