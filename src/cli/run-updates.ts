import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../base/errors.js';
import type { HistoryLine } from '../engine/automation.js';
import type { RunEvent } from '../engine/events.js';
import type { RunView } from '../engine/run.js';
import type { Client } from './client.js';
import type { ServerEvent } from './server-events.js';

/** What a run says while it is watched. */
export type Update =
  | { readonly kind: 'state'; readonly run: RunView }
  | { readonly kind: 'event'; readonly event: RunEvent; readonly run: RunView }
  /** Told while nobody listened. */
  | { readonly kind: 'history'; readonly line: HistoryLine }
  /** Nobody answers at the moment. */
  | { readonly kind: 'lost'; readonly why: string };

/** An instance that restarts is back sooner. Milliseconds. */
const patience = 120_000;
const between = 1000;

/**
 * Follows a run until it has ended, over broken connections and restarts of the instance.
 * @throws LockstepError of the client once nobody has answered for two minutes, or at once for what waiting does not mend
 */
export async function* updatesOf(client: Client, id: string, signal: AbortSignal): AsyncGenerator<Update> {
  let last: string | undefined;
  let lostAt: number | undefined;
  while (!signal.aborted) {
    try {
      for await (const told of client.events(`/api/v1/runs/${id}/events`, last, signal)) {
        lostAt = undefined;
        last = told.id;
        const update = updateOf(told);
        yield update;
        if ('run' in update && update.run.state === 'ended') return;
      }
      // The stream ended and the run may not have: the configuration was read again, or the instance stops.
      const run = await client.get<RunView>(`/api/v1/runs/${id}`);
      yield { kind: 'state', run };
      if (run.state === 'ended') return;
    } catch (error) {
      if (!(error instanceof LockstepError) || !passing.has(error.code)) throw error;
      if (lostAt === undefined) yield { kind: 'lost', why: error.message };
      lostAt ??= performance.now();
      if (performance.now() - lostAt > patience) throw error;
    }
    await pause(between, undefined, { signal }).catch(() => undefined);
  }
}

const passing: ReadonlySet<string> = new Set([
  'instance-absent',
  'instance-unreachable',
  'stream-lost',
  'not-ready',
  'stopping',
  'too-many-streams',
]);

function updateOf({ event, data }: ServerEvent): Update {
  if (event === 'state') return { kind: 'state', run: data as RunView };
  if (event === 'history') return { kind: 'history', line: data as HistoryLine };
  const told = data as RunEvent;
  return { kind: 'event', event: told, run: told.run };
}
