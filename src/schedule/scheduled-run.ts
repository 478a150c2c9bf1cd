import { LockstepError } from '../base/errors.js';
import type { Automation } from '../engine/automation.js';
import type { RunId, RunRequest, RunView } from '../engine/run.js';

export type Asking = Pick<Automation, 'request' | 'run' | 'subscribe'>;

/**
 * Asks for a run as a schedule does, and waits until it has ended or needs a human.
 * @throws LockstepError as {@link Automation.request}; `run-unknown` when the journal no longer has it; the signal's reason
 */
export async function scheduledRun(
  automation: Asking,
  request: Pick<RunRequest, 'procedure' | 'parameters' | 'trigger'>,
  signal: AbortSignal,
): Promise<RunView> {
  const { run } = await automation.request({ ...request, mode: 'auto' });
  return ended(automation, run.id, signal);
}

function ended(automation: Asking, id: RunId, signal: AbortSignal): Promise<RunView> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const run = automation.run(id);
      if (run === undefined) leave(() => reject(new LockstepError('run-unknown', `run ${id} is gone`)));
      else if (run.state === 'ended' || run.state === 'needs-human') leave(() => resolve(run));
    };
    const stop = () => leave(() => reject(signal.reason as Error));
    const unsubscribe = automation.subscribe(look);
    const leave = (settle: () => void) => {
      unsubscribe();
      signal.removeEventListener('abort', stop);
      settle();
    };
    signal.addEventListener('abort', stop, { once: true });
    // The request itself took a while.
    if (signal.aborted) stop();
    else look();
  });
}
