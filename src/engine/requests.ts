import { LockstepError } from '../base/errors.js';
import type { Automation } from './automation.js';
import { keyOf, viewOf, type BookedRun } from './book.js';
import { echoOf } from './echo.js';
import { checkedParameters, type KnownCluster } from './parameters.js';
import type { Procedure } from './procedure.js';
import { newRunId } from './run-id.js';
import type { RunId, RunLimits, RunRequest, RunView, Trigger } from './run.js';
import type { EngineRules, Shop } from './shop.js';

type Answer = Awaited<ReturnType<Automation['request']>>;

/** One run for what is asked many times: alerts repeat, Alertmanagers have peers, and people press twice. */
export class Requests {
  /** What is being written down now, by what makes two requests the same. */
  readonly #asking = new Map<string, Promise<Answer>>();

  constructor(
    readonly shop: Shop,
    readonly clusters: () => readonly KnownCluster[],
    /** Begins to work on a run that is durable. */
    readonly begin: (id: RunId) => void,
  ) {}

  async ask(request: RunRequest): Promise<Answer> {
    if (this.shop.stopping.aborted)
      throw new LockstepError('stopping', 'Lockstep is stopping', 'Ask again when it has started.');
    const procedure = this.shop.procedure(request.procedure);
    const parameters = checkedParameters(procedure, request.parameters, this.clusters());
    const key = keyOf(procedure.name, parameters);
    const { idempotencyKey } = request;
    const same = request.trigger.kind === 'person' ? idempotencyKey && `key ${idempotencyKey}` : key;
    const known = this.#known(request, key);
    if (known !== undefined) return { run: viewOf(known), repeated: true };
    const asking = same === undefined ? undefined : this.#asking.get(same);
    if (asking !== undefined) return { run: (await asking).run, repeated: true };
    // Known from here on: nothing may be waited for between the look into the book and this.
    const asked = this.#asked(procedure, { ...request, parameters });
    if (same !== undefined) {
      this.#asking.set(same, asked);
      void asked.catch(() => undefined).finally(() => this.#asking.delete(same));
    }
    return asked;
  }

  /** A run that this request is a repeat of. */
  #known({ idempotencyKey, trigger, mode }: RunRequest, key: string): BookedRun | undefined {
    const { book } = this.shop;
    const again = idempotencyKey === undefined ? undefined : book.idempotency.get(idempotencyKey);
    const id = again ?? (trigger.kind === 'person' ? undefined : book.episodes.get(key));
    const found = id === undefined ? undefined : book.runs.get(id);
    if (found?.state !== 'ended' || again !== undefined) return found;
    // Each time of a schedule is a new one, whatever became of the last; and what was only planned is still to be done.
    const anew = trigger.kind === 'schedule' || (found.outcome === 'planned' && mode !== 'plan');
    return anew || isNews(trigger, found) ? undefined : found;
  }

  async #asked(procedure: Procedure, request: RunRequest): Promise<Answer> {
    const echo = await echoOf(this.shop, procedure, request.parameters, request.trigger);
    if (echo !== undefined) return { run: viewOf(echo), repeated: true };
    return { run: await this.#requested(request), repeated: false };
  }

  async #requested(request: RunRequest): Promise<RunView> {
    const { shop } = this;
    const { procedure, parameters, mode, trigger, idempotencyKey } = request;
    const run = newRunId(shop.ports.clock.now());
    const limits = limitsOf(shop.rules(), request.limits);
    const key = idempotencyKey === undefined ? {} : { idempotencyKey };
    await shop.write({ v: 1, run, type: 'requested', procedure, parameters, mode, trigger, limits, ...key });
    this.begin(run);
    return viewOf(shop.book.run(run));
  }
}

/**
 * It began after the run had mended what it was for: that is broken again, even if nobody saw it whole in between. A
 * cooldown bounds how often.
 */
function isNews(trigger: Trigger, { outcome, endedAt }: BookedRun): boolean {
  return trigger.kind === 'alert' && outcome === 'succeeded' && Date.parse(trigger.startsAt) > (endedAt ?? Infinity);
}

/** What a run is asked under: the configuration's limits, and over them those of the policy. */
export function limitsOf({ waitAtMost, cooldown }: EngineRules, given: Partial<RunLimits> = {}): RunLimits {
  return { waitAtMost, cooldown, window: '', ...given };
}
