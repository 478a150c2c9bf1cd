import { setTimeout as pause } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { type Problem, problemsOf } from '../domain/problems.js';
import type { ClusterView } from '../observe/cluster.js';
import type { Observer } from '../observe/observer.js';
import { observerOf } from '../watched.js';
import { withAnnouncers } from './announced.js';
import { atWork, atWorkLines, ofCluster, type AtWork } from './at-work.js';
import { terminalColours } from './colours.js';
import { clustersNamed, configOption } from './options.js';
import { statusTable } from './status-table.js';
import { switchoverLines, switchoversOf, type Switchover } from './switchovers.js';

interface StatusOptions {
  readonly config: string;
  readonly json?: true;
  readonly watch?: number | true;
  readonly failOnProblem?: true;
}

export interface ClusterStatus {
  readonly view: ClusterView;
  readonly problems: readonly Problem[];
  /** Undefined without an account to change anything. */
  readonly switchovers?: readonly Switchover[];
  /** Undefined without a journal, or when nobody tells. */
  readonly atWork?: AtWork;
}

export function statusCommand(): Command {
  return new Command('status')
    .description('look at every server now: roles, lag, TLS, certificates, problems')
    .argument('[cluster...]', 'only these clusters')
    .addOption(configOption())
    .option('--json', 'print what was seen as JSON')
    .option('--watch [seconds]', 'look again every so many seconds (default 2) until interrupted', seconds)
    .option('--fail-on-problem', 'exit 1 when a cluster has a problem')
    .addHelpText('after', examples)
    .action(async (names: string[], options: StatusOptions) => {
      const config = await loadConfig(options.config);
      const observer = observerOf(config, { clock: systemClock, log: silentLog });
      try {
        if (options.watch === undefined) await once(config, observer, names, options);
        else await watch(config, observer, names, options.watch === true ? 2 : options.watch);
      } finally {
        await observer.close();
      }
    });
}

const examples = `
Examples:
  lockstep status                      every cluster of lockstep.yml
  lockstep status production --watch   one cluster, again every 2 seconds
  lockstep status --json               for other programs
`;

/** The clusters that were named, or all, looked at now. */
export async function statusOf(
  config: Config,
  observer: Observer,
  names: readonly string[] = [],
): Promise<ClusterStatus[]> {
  const signal = AbortSignal.timeout(Math.ceil(config.observe.timeoutSeconds * 1000));
  return Promise.all(
    clustersNamed(config, names).map(async (cluster) => {
      const { name, thresholds } = cluster;
      const view = await observer.lookAtCluster(name, { signal });
      const switchovers = switchoversOf(cluster, view.snapshot);
      return {
        view,
        ...(switchovers === undefined ? {} : { switchovers }),
        problems: problemsOf(view.snapshot, view.topology, view.relations, thresholds, systemClock.now() / 1000),
      };
    }),
  );
}

export function statusText(statuses: readonly ClusterStatus[]): string {
  const colours = terminalColours();
  const now = systemClock.now();
  return statuses
    .map(({ view, problems, switchovers = [], atWork: work }) => {
      const lines = [
        ...switchoverLines(switchovers, colours, { whole: false }),
        ...(work === undefined ? [] : atWorkLines(work, now, colours)),
      ];
      return [statusTable(view, problems, now, colours), ...(lines.length === 0 ? [] : ['', ...lines])].join('\n');
    })
    .join('\n\n');
}

async function once(
  config: Config,
  observer: Observer,
  names: readonly string[],
  options: StatusOptions,
): Promise<void> {
  const { statuses, note } = await withWork(config, await statusOf(config, observer, names));
  const json = statuses.map(({ view, problems, switchovers, atWork: work }) => ({
    ...view.snapshot,
    topology: view.topology,
    relations: view.relations,
    problems,
    ...(switchovers === undefined ? {} : { switchovers }),
    ...(work === undefined ? {} : { automation: work }),
  }));
  const text = () => [statusText(statuses), ...note].join('\n\n');
  process.stdout.write(options.json === true ? `${JSON.stringify(json, null, 2)}\n` : `${text()}\n`);
  if (options.failOnProblem === true && statuses.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}

async function watch(config: Config, observer: Observer, names: readonly string[], every: number): Promise<void> {
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  process.once('SIGTERM', () => ended.abort());
  while (!ended.signal.aborted) {
    const { statuses, note } = await withWork(config, await statusOf(config, observer, names));
    repaint([statusText(statuses), ...note].join('\n\n'));
    await pause(every * 1000, undefined, { signal: ended.signal }).catch(() => undefined);
  }
}

/** With open runs, pauses, downtimes and withdrawals, where a journal is configured, and with what announcers tell. */
async function withWork(
  config: Config,
  statuses: readonly ClusterStatus[],
): Promise<{ readonly statuses: readonly ClusterStatus[]; readonly note: readonly string[] }> {
  const work = await atWork(config);
  if (work === undefined) return { statuses: await withAnnouncers(config, statuses, []), note: [] };
  if ('unknown' in work) return { statuses: await withAnnouncers(config, statuses, undefined), note: [terminalColours().dim(`Runs are not known: ${work.unknown}.`)] }; // prettier-ignore
  const seen = await withAnnouncers(config, statuses, work.withdrawals);
  return {
    statuses: seen.map((status) => ({ ...status, atWork: ofCluster(work, status.view.snapshot.cluster) })),
    note: [],
  };
}

/** From the top of the screen, each line's rest and all below cleared: no flicker. A pipe gets one text after the other. */
export function repaint(text: string): void {
  process.stdout.write(
    process.stdout.isTTY ? `\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[K\n\u001b[J` : `${text}\n\n`,
  );
}

function seconds(given: string): number {
  const value = Number(given);
  if (!(value > 0 && value <= 3600))
    throw new InvalidArgumentError(`"${given}" is not a number of seconds between 0 and 3600.`);
  return value;
}
