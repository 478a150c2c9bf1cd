import { deadline } from '../base/deadline.js';
import type { Parameters } from '../domain/scene.js';
import { keyOf, recalled, type BookedRun } from './book.js';
import type { Procedure } from './procedure.js';
import type { Trigger } from './run.js';
import type { Shop } from './shop.js';

/** Whoever delivers alerts wants an answer within two seconds. */
const lookWithin = 1000;
/** How far what is scraped, and the rules over it, trail behind: a minute for what is asked slowly, and one to evaluate. */
const trail = 120_000;

/**
 * An alert may fire on for a while after its run has mended what it names, for rules keep firing and Alertmanagers
 * repeat; one of several for the same run may even begin only then, from what was scraped before. While nothing is to
 * be mended, one that began before the newest such run ended, or soon after, is an echo of it.
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
  if (run?.endedAt === undefined) return undefined;
  const after = Date.parse(trigger.startsAt) - run.endedAt;
  if (!(after < trail)) return undefined;
  const limit = deadline(lookWithin, shop.stopping);
  try {
    // A look of the last seconds may have missed what broke after the run.
    const how = after < 0 ? 'recent' : procedure.looks;
    const scene = await shop.ports.observer.look(parameters.cluster, limit.signal, how);
    return procedure.needed(recalled(scene, shop.book), parameters).observed === 'no' ? run : undefined;
  } finally {
    limit.clear();
  }
}
