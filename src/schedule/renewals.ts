import type { Log } from '../base/log.js';
import { messageOf } from '../base/errors.js';
import type { Automation } from '../engine/automation.js';
import type { Trigger } from '../engine/run.js';
import { scheduledRun, type Asking } from './scheduled-run.js';

export interface RenewalOptions {
  /** Clusters whose certificates Lockstep looks after, with their servers. */
  readonly clusters: readonly { readonly name: string; readonly servers: readonly string[] }[];
  readonly automation: Asking & Pick<Automation, 'plan'>;
  readonly log: Log;
}

const procedure = 'renew-certificate' as const;
const trigger: Trigger = { kind: 'schedule', by: 'renew_certificates' };

/**
 * Asks for a run of renew-certificate where something is due, one at a time: what Lockstep itself presents, then every
 * server; one that must wait for its replicas comes after them. What is refused is asked for all the same, so that it is told as any refusal is.
 */
export async function renewDue(options: RenewalOptions, signal: AbortSignal): Promise<void> {
  for (const { name, servers } of options.clusters) {
    if ((await dueOf(name, undefined, options, signal)) !== 'no') await renewed(name, undefined, options, signal);
    let left = servers;
    let later = await renewAmong(left, name, options, signal);
    while (later.length > 0 && later.length < left.length) {
      left = later;
      later = await renewAmong(left, name, options, signal);
    }
    for (const server of later) await renewed(name, server, options, signal);
  }
}

/** @returns those that must wait for their replicas */
async function renewAmong(
  servers: readonly string[],
  cluster: string,
  options: RenewalOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const later: string[] = [];
  for (const server of servers) {
    const due = await dueOf(cluster, server, options, signal);
    if (due === 'later') later.push(server);
    if (due === 'now') await renewed(cluster, server, options, signal);
  }
  return later;
}

async function dueOf(
  cluster: string,
  server: string | undefined,
  { automation }: RenewalOptions,
  signal: AbortSignal,
): Promise<'no' | 'now' | 'later'> {
  signal.throwIfAborted();
  const { guards } = await automation.plan({ procedure, parameters: parametersOf(cluster, server), trigger }, signal);
  if (guards.some(({ guard }) => guard === 'not-observed')) return 'no';
  return guards.some(({ reason }) => reason === 'replicas-first') ? 'later' : 'now';
}

/** Without a server it is what Lockstep itself presents. */
function parametersOf(cluster: string, server: string | undefined) {
  return { cluster, ...(server === undefined ? {} : { server }) };
}

async function renewed(
  cluster: string,
  server: string | undefined,
  { automation, log }: RenewalOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const request = { procedure, parameters: parametersOf(cluster, server), trigger };
    const { id, outcome, state, why } = await scheduledRun(automation, request, signal);
    if (outcome === 'succeeded') log.info({ cluster, server, run: id }, 'certificates were renewed');
    else log.warn({ cluster, server, run: id, outcome: outcome ?? state, why }, 'certificates that are due could not be renewed'); // prettier-ignore
  } catch (cause) {
    if (signal.aborted) throw cause;
    log.warn({ cluster, server, error: messageOf(cause) }, 'a renewal of certificates could not be asked for');
  }
}
