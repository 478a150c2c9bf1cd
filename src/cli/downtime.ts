import { Command, InvalidArgumentError, Option } from 'commander';
import { LockstepError } from '../base/errors.js';
import { parseDuration } from '../base/duration.js';
import { loadConfig } from '../config/load.js';
import type { Downtime } from '../engine/automation.js';
import { connect, withConnection, type ConnectionOptions } from './connection.js';
import { clean, timeWords } from './words.js';

type Options = ConnectionOptions & {
  readonly for?: number;
  readonly reason?: string;
  readonly end?: true;
  readonly json?: true;
};

export function downtimeCommand(): Command {
  return withConnection(new Command('downtime'))
    .description('say that a server is being worked on: no run touches it by itself, and its alerts are inhibited')
    .argument('<server>', 'as CLUSTER/SERVER, or SERVER where only one has that name')
    .addOption(new Option('--for <duration>', 'how long, from now: 30m, 2h, 3d').argParser(duration).conflicts('end'))
    .addOption(new Option('--reason <text>', 'why, for whoever reads it later').conflicts('end'))
    .option('--end', 'end it now')
    .option('--json', 'print how it stands as JSON')
    .addHelpText(
      'after',
      '\nIt ends by itself. Given again, it lasts from now on.\n\nExamples:\n  lockstep downtime production/db2 --for 2h --reason "disk swap"\n  lockstep downtime production/db2 --end\n',
    )
    .action(act);
}

async function act(given: string, options: Options): Promise<void> {
  const wanted = wantedOf(options);
  const [cluster, server] = await placeOf(given, options);
  const connection = await connect(options, 'record');
  try {
    const path = `/api/v1/downtime/${encodeURIComponent(cluster)}/${encodeURIComponent(server)}`;
    const state = await connection.client.put<{ down: boolean; downtime?: Downtime }>(path, wanted);
    process.stdout.write(
      options.json === true ? `${JSON.stringify(state, null, 2)}\n` : `${text(cluster, server, state.downtime)}\n`,
    );
  } finally {
    await connection.release();
  }
}

/** @throws LockstepError `usage` */
function wantedOf({ for: seconds, reason, end }: Options) {
  if (end === true) return { down: false };
  if (seconds === undefined || reason === undefined)
    throw new LockstepError('usage', 'a downtime needs --for and --reason', 'Or end one with --end.');
  return { down: true, seconds: Math.ceil(seconds), reason };
}

/** @throws LockstepError `usage` where the name alone does not say which */
async function placeOf(given: string, options: Options): Promise<readonly [string, string]> {
  const [, cluster, server] = /^([^/]+)\/([^/]+)$/.exec(given) ?? [];
  if (cluster !== undefined && server !== undefined) return [cluster, server];
  if (options.url !== undefined) throw new LockstepError('usage', `${JSON.stringify(given)} does not say which cluster`, 'With --url give CLUSTER/SERVER.'); // prettier-ignore
  const { clusters } = await loadConfig(options.config);
  const having = clusters.filter(({ servers }) => servers.some(({ name }) => name === given));
  const [only] = having;
  if (only !== undefined && having.length === 1) return [only.name, given];
  throw new LockstepError(
    'usage',
    only === undefined ? `no cluster has a server ${JSON.stringify(given)}` : `${having.length} clusters have a server ${JSON.stringify(given)}`, // prettier-ignore
    only === undefined
      ? 'lockstep status lists them.'
      : `Say which: ${having.map(({ name }) => `${name}/${given}`).join(', ')}.`,
  );
}

function text(cluster: string, server: string, downtime: Downtime | undefined): string {
  if (downtime === undefined) return `${cluster}/${server} is not in downtime.`;
  const { until, by, reason } = downtime;
  return clean(`${cluster}/${server} is in downtime until ${timeWords(until)} (${by}: ${reason}).`);
}

function duration(given: string): number {
  const seconds = parseDuration(given);
  if (seconds !== undefined && seconds >= 1) return seconds;
  throw new InvalidArgumentError(`"${given}" is no duration such as 30m, 2h or 3d.`);
}
