import { LockstepError } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import type { Engine } from './engine/engine.js';
import type { RunId, RunView } from './engine/run.js';
import type { Observer } from './observe/observer.js';

export interface VerifyReplicasOptions {
  readonly config: () => Config;
  readonly observer: () => Observer;
  readonly engine: Engine;
  readonly log: Log;
}

/** What asks for these runs, as a journal names it. */
const by = 'verify_replicas';

/** The job: every replica is compared with its source, one of a cluster after the other, clusters side by side. */
export async function verifyReplicas(options: VerifyReplicasOptions, signal: AbortSignal): Promise<void> {
  const { config, log } = options;
  await Promise.all(
    config().clusters.map(async ({ name, accounts }) => {
      if (accounts.operate === undefined) return;
      for (const server of await replicasOf(options, name, signal)) {
        const run = await verified(options.engine, { cluster: name, server }, signal);
        log.info(
          { cluster: name, server, run: run.id, outcome: run.outcome, why: run.why },
          'a replica was to be verified',
        );
      }
    }),
  );
}

/** Those that replicate now: the others have alerts of their own. */
async function replicasOf({ observer }: VerifyReplicasOptions, cluster: string, signal: AbortSignal) {
  const { snapshot } = await observer().lookAtCluster(cluster, { signal });
  return snapshot.servers.filter(({ facts }) => (facts?.channels?.length ?? 0) > 0).map(({ name }) => name);
}

/** Asks for a run, and waits until it has ended or needs a human. */
async function verified(
  engine: Engine,
  parameters: { readonly cluster: string; readonly server: string },
  signal: AbortSignal,
): Promise<RunView> {
  const trigger = { kind: 'schedule', by } as const;
  const { run } = await engine.request({ procedure: 'verify-replica', parameters, mode: 'auto', trigger });
  return ended(engine, run.id, signal);
}

function ended(engine: Engine, id: RunId, signal: AbortSignal): Promise<RunView> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const run = engine.run(id);
      if (run === undefined || run.state === 'ended' || run.state === 'needs-human') leave(() => (run === undefined ? reject(gone(id)) : resolve(run))); // prettier-ignore
    };
    const stop = () => leave(() => reject(signal.reason instanceof Error ? signal.reason : gone(id)));
    const unsubscribe = engine.subscribe((event) => {
      if ('run' in event && event.run.id === id) look();
    });
    const leave = (settle: () => void) => {
      unsubscribe();
      signal.removeEventListener('abort', stop);
      settle();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    else look();
  });
}

function gone(id: RunId): LockstepError {
  return new LockstepError('run-unknown', `run ${id} is gone`);
}
