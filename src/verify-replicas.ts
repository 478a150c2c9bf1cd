import { messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import type { Engine } from './engine/engine.js';
import type { Trigger } from './engine/run.js';
import type { Observer } from './observe/observer.js';
import { scheduledRun } from './schedule/scheduled-run.js';

export interface VerifyReplicasOptions {
  readonly config: () => Config;
  readonly observer: () => Observer;
  readonly engine: Engine;
  readonly log: Log;
}

const trigger: Trigger = { kind: 'schedule', by: 'verify_replicas' };

/** The job: every replica is compared with its source, one of a cluster after the other, clusters side by side. */
export async function verifyReplicas(options: VerifyReplicasOptions, signal: AbortSignal): Promise<void> {
  await Promise.all(
    options.config().clusters.map(async ({ name, accounts }) => {
      if (accounts.operate === undefined) return;
      for (const server of await replicasOf(options, name, signal)) await verified(name, server, options, signal);
    }),
  );
}

/** One that cannot be asked for keeps nobody else from being compared. */
async function verified(cluster: string, server: string, options: VerifyReplicasOptions, signal: AbortSignal) {
  const { engine, log } = options;
  try {
    const request = { procedure: 'verify-replica', parameters: { cluster, server }, trigger } as const;
    const { id, outcome, why } = await scheduledRun(engine, request, signal);
    log.info({ cluster, server, run: id, outcome, why }, 'a replica was to be verified');
  } catch (cause) {
    if (signal.aborted) throw cause;
    log.warn({ cluster, server, error: messageOf(cause) }, 'a verification could not be asked for');
  }
}

/** Those that replicate now: the others have alerts of their own. */
async function replicasOf({ observer }: VerifyReplicasOptions, cluster: string, signal: AbortSignal) {
  const { snapshot } = await observer().lookAtCluster(cluster, { signal });
  return snapshot.servers.filter(({ facts }) => (facts?.channels?.length ?? 0) > 0).map(({ name }) => name);
}
