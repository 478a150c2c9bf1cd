import { setTimeout as pause } from 'node:timers/promises';
import { Scope } from '../src/base/scope.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import type { VersionName } from '../src/sandbox/versions.js';
import { say } from './run.js';
import { Load } from './switchover-load.js';
import { openSwitchoverStage, type SwitchoverStage } from './switchover-stage.js';

export interface FailoverOptions {
  readonly version: VersionName;
  readonly program: string | undefined;
  readonly failovers: number;
  /** Writes per second. */
  readonly rate: number;
  /** How long a primary must have been silent before it counts as dead, seconds. */
  readonly evidence: number;
  readonly signal: AbortSignal;
}

/** What one death of a primary cost, milliseconds from SIGKILL on. */
export interface FailedOver {
  /** To the moment at which another server is open: Lockstep's clock. */
  readonly promoted: number;
  /** To the moment at which every announcer has told it. */
  readonly routed: number;
  /** From the last write that the old primary took to the first of the new one, by the servers' clock. */
  readonly still: number;
  /** The longest time without an acknowledged write, of a client through HAProxy. */
  readonly proxied: number;
}

export interface MeasuredFailovers {
  readonly done: readonly FailedOver[];
  readonly failed: readonly string[];
  readonly acked: number;
  readonly lost: number;
  /** Old primaries that had what nobody else has, and were built anew. */
  readonly rebuilt: number;
}

/** Kills the primary under load again and again; each time the run is asked for at once, as if the alert had come, and goes ahead by itself. */
export async function measureFailovers(options: FailoverOptions): Promise<MeasuredFailovers> {
  const scope = new Scope();
  try {
    const stage = await openSwitchoverStage(scope, { ...options, roundTrip: 0 });
    const load = await Load.start(stage, options.rate);
    scope.defer(() => load.stop());
    const [done, failed]: [FailedOver[], string[]] = [[], []];
    let rebuilt = 0;
    for (let number = 1; number <= options.failovers; number += 1) {
      options.signal.throwIfAborted();
      await pause(2 * options.evidence * 1000, undefined, { signal: options.signal });
      const from = await stage.primary();
      load.forget();
      // A gap lies between two acknowledgements: everybody has to have had one.
      await load.writesAgain();
      await from.kill();
      const killed = Date.now();
      const { id, outcome, why, at } = await stage.run('failover');
      if (outcome === 'succeeded') {
        await load.writesAgain();
        const { proxied, still } = await load.gaps(from, await stage.primary());
        done.push({ promoted: at('step-ended', 'promote') - killed, routed: at('step-ended', 'announce') - killed, still, proxied }); // prettier-ignore
      } else {
        failed.push(`${id} ${outcome}: ${why}`);
        say(`failover ${number} did not succeed: ${failed.at(-1) ?? ''}`);
      }
      await from.start();
      if (await comesBack(stage, from)) rebuilt += 1;
      await load.writesAgain();
      if (number % 5 === 0) say(`${number} failovers, ${failed.length} failed`);
    }
    await load.stop();
    return { done, failed, acked: load.acked, lost: await load.lost(stage), rebuilt };
  } finally {
    await scope.end();
  }
}

/** As a replica, or as the primary that it still is. @returns whether it had to be built anew */
async function comesBack(stage: SwitchoverStage, server: SandboxServer): Promise<boolean> {
  for (const procedure of ['rejoin', 'open-primary']) {
    const { outcome, id } = await stage.run(procedure, { server: server.name });
    if (outcome === 'succeeded') return false;
    if (outcome === 'needs-human') await stage.abandon(id);
  }
  await stage.rebuild(server);
  return true;
}
