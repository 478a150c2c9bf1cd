import { LockstepError, messageOf } from '../base/errors.js';
import type { Config } from '../config/config.js';
import type { Withdrawal } from '../domain/withdrawal.js';
import type { Downtime, Pause } from '../engine/automation.js';
import type { RunView } from '../engine/run.js';
import type { Colours } from './colours.js';
import { connectLocally } from './connection.js';
import { agoWords, clean, placeWords, stateWords } from './words.js';

/** What the automation is doing, or is kept from doing. */
export interface AtWork {
  /** Those that have not ended. */
  readonly runs: readonly RunView[];
  readonly pauses: readonly Pause[];
  readonly downtimes: readonly Downtime[];
  /** Servers that applications are not to read from. */
  readonly withdrawals: readonly (Withdrawal & { readonly cluster: string })[];
}

/** Undefined without a journal; the reason when nobody tells, which must not keep anybody from looking at servers. */
export async function atWork(config: Config): Promise<AtWork | { readonly unknown: string } | undefined> {
  if (config.automation === undefined) return undefined;
  try {
    const connection = await connectLocally(config, 'read');
    const { client } = connection;
    try {
      const [{ runs }, { pauses }, { downtimes }, { withdrawals }] = await Promise.all([
        client.get<Pick<AtWork, 'runs'>>('/api/v1/runs?open=true&limit=1000'),
        client.get<Pick<AtWork, 'pauses'>>('/api/v1/pause'),
        client.get<Pick<AtWork, 'downtimes'>>('/api/v1/downtime'),
        client.get<Pick<AtWork, 'withdrawals'>>('/api/v1/withdrawals').catch(ofAnOlder),
      ]);
      return { runs, pauses, downtimes, withdrawals };
    } finally {
      await connection.release();
    }
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

/** A Lockstep that does not know of withdrawals withdraws nobody. */
function ofAnOlder(cause: unknown): Pick<AtWork, 'withdrawals'> {
  if (cause instanceof LockstepError && cause.code === 'not-found') return { withdrawals: [] };
  throw cause;
}

/** What of it concerns one cluster. */
export function ofCluster({ runs, pauses, downtimes, withdrawals }: AtWork, name: string): AtWork {
  return {
    runs: runs.filter(({ parameters }) => parameters.cluster === name),
    pauses: pauses.filter(({ cluster }) => cluster === undefined || cluster === name),
    downtimes: downtimes.filter(({ cluster }) => cluster === name),
    withdrawals: withdrawals.filter(({ cluster }) => cluster === name),
  };
}

/** A line for each, below the table of a cluster. @param now milliseconds */
export function atWorkLines(
  { runs, pauses, downtimes, withdrawals }: AtWork,
  now: number,
  colours: Colours,
): readonly string[] {
  return [
    ...pauses.map(({ cluster, by, reason, since }) =>
      clean(`${cluster ?? 'everything'} is paused by ${by}, ${agoWords(since, now)}: ${reason}`),
    ),
    ...downtimes.map(({ server, until, by, reason }) =>
      clean(`${server} is in downtime, which ends ${agoWords(until, now)} (${by}: ${reason})`),
    ),
    ...withdrawals.map(({ server, since, procedure, run }) =>
      clean(`${server} is out of what applications read from, ${agoWords(since, now)}, by ${procedure} (${run})`),
    ),
  ]
    .map((line) => `  ${colours.yellow('‖')} ${line}`)
    .concat(
      runs.map(
        (run) =>
          `  ${colours.cyan('▸')} ${run.procedure} on ${placeWords(run.parameters)} ${colours.dim(run.id)} ${stateWords(run, colours)}: ${clean(run.why)}`,
      ),
    );
}
