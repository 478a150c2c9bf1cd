import { LockstepError, messageOf } from '../base/errors.js';

export interface UntilOptions {
  /** Milliseconds; default 30000. */
  readonly within?: number;
  /** Milliseconds between two looks; default 20. */
  readonly every?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Ask until the answer is neither undefined nor false, and give it. A condition that throws is asked again.
 * @param what the thing waited for, as it stands in the error: "gave up waiting for …"
 * @throws LockstepError `sandbox-timeout` when the time is over, with the last failure as its cause.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, undefined | false>> {
  const { within = 30_000, every = 20, signal } = options;
  const end = performance.now() + within;
  for (;;) {
    signal?.throwIfAborted();
    let failure: unknown;
    try {
      const answer = await condition();
      if (holds(answer)) return answer;
    } catch (thrown) {
      failure = thrown;
    }
    if (performance.now() >= end) throw gaveUp(what, within, failure);
    await new Promise((next) => setTimeout(next, every));
  }
}

function holds<T>(answer: T): answer is Exclude<T, undefined | false> {
  return answer !== undefined && answer !== false;
}

function gaveUp(what: string, within: number, failure: unknown): LockstepError {
  const last = failure === undefined ? '' : `; the last try said: ${messageOf(failure)}`;
  return new LockstepError('sandbox-timeout', `gave up waiting for ${what} after ${within} ms${last}`, undefined, {
    cause: failure,
  });
}
