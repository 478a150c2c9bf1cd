import type { Log } from '../base/log.js';
import { messageOf } from '../base/errors.js';
import type { Automation } from '../engine/automation.js';
import type { RunId, RunView, Trigger } from '../engine/run.js';

export interface RenewalOptions {
  /** Clusters whose certificates Lockstep looks after, with their servers. */
  readonly clusters: readonly { readonly name: string; readonly servers: readonly string[] }[];
  readonly automation: Pick<Automation, 'plan' | 'request' | 'run' | 'subscribe'>;
  readonly log: Log;
}

const trigger: Trigger = { kind: 'schedule', by: 'renew-certificates' };

/**
 * Asks for a run of renew-certificate for every server where something is due, one at a time; a server that must wait
 * for its replicas comes after them. What is refused is asked for all the same, so that it is told as any refusal is.
 */
export async function renewDue({ clusters, automation, log }: RenewalOptions, signal: AbortSignal): Promise<void> {
  for (const { name: cluster, servers } of clusters) {
    let left = servers;
    while (left.length > 0) {
      const later: string[] = [];
      for (const server of left) {
        signal.throwIfAborted();
        const parameters = { cluster, server };
        const plan = await automation.plan({ procedure: 'renew-certificate', parameters, trigger }, signal);
        if (plan.guards.some(({ guard }) => guard === 'not-observed')) continue;
        if (plan.guards.some(({ why }) => why.endsWith('(replicas-first)'))) {
          later.push(server);
          continue;
        }
        await renewed(automation, cluster, server, log, signal);
      }
      if (later.length === left.length) {
        for (const server of later) await renewed(automation, cluster, server, log, signal);
        break;
      }
      left = later;
    }
  }
}

async function renewed(
  automation: RenewalOptions['automation'],
  cluster: string,
  server: string,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  try {
    const request = { procedure: 'renew-certificate', parameters: { cluster, server }, mode: 'auto', trigger } as const;
    const { run } = await automation.request(request);
    const { outcome, state, why } = await ended(automation, run.id, signal);
    if (outcome === 'succeeded') log.info({ cluster, server, run: run.id }, 'certificates were renewed');
    else log.warn({ cluster, server, run: run.id, outcome: outcome ?? state, why }, 'certificates that are due could not be renewed'); // prettier-ignore
  } catch (cause) {
    if (signal.aborted) throw cause;
    log.warn({ cluster, server, error: messageOf(cause) }, 'a renewal of certificates could not be asked for');
  }
}

/** Settles when a run has ended, or needs a human. */
function ended(automation: RenewalOptions['automation'], id: RunId, signal: AbortSignal): Promise<RunView> {
  return new Promise((resolve, reject) => {
    const over = () => {
      unsubscribe();
      reject(signal.reason as Error);
    };
    const look = () => {
      const run = automation.run(id);
      if (run === undefined || (run.state !== 'ended' && run.state !== 'needs-human')) return;
      unsubscribe();
      signal.removeEventListener('abort', over);
      resolve(run);
    };
    const unsubscribe = automation.subscribe(look);
    signal.addEventListener('abort', over, { once: true });
    look();
  });
}
