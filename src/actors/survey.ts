import { messageOf } from '../base/errors.js';
import { columnFor } from '../dialects/capabilities.js';
import { holdingsOf, holdingsStatements } from '../dialects/survey-statements.js';
import type { Flavour, Identity, ServerName } from '../domain/snapshot.js';
import type { Holdings, MachineSurvey, Survey } from '../domain/survey.js';
import type { Host } from '../hosts/host.js';
import { openSession, type Target } from '../mysql/session.js';
import { foreign } from './copy/entries.js';
import { followed, leftovers, placesOf, stands } from './copy/places.js';

/** How a server and its machine are asked. */
export interface SurveyReach {
  readonly server: ServerName;
  readonly flavour: Flavour;
  readonly release: Identity['release'];
  target(): Promise<Target>;
  /** undefined: Lockstep does not reach its machine. Whoever asks closes it. */
  readonly host: Host | undefined;
  /** Those that say their version. */
  readonly programs: readonly string[];
}

/** Looks at what a copy would meet; changes nothing. Never throws for what a server or its machine does. */
export async function survey(reach: SurveyReach, signal: AbortSignal): Promise<Survey> {
  const { server, host } = reach;
  const failures: string[] = [];
  const told = <T>(work: Promise<T>) =>
    work.catch((cause: unknown) => {
      signal.throwIfAborted();
      failures.push(`${server}: ${messageOf(cause)}`);
      return undefined;
    });
  const holds = await told(holdingsAt(reach, signal));
  const machine = host === undefined || holds === undefined ? undefined : await told(machineAt(host, holds.data, reach.programs, signal)); // prettier-ignore
  return { server, holds, machine, failures };
}

async function holdingsAt(reach: SurveyReach, signal: AbortSignal): Promise<Holdings> {
  const session = await openSession(await reach.target(), { signal });
  try {
    const statements = holdingsStatements(columnFor(reach));
    return holdingsOf(await session.query(statements.join('; '), { signal }), reach.flavour);
  } finally {
    await session.end();
  }
}

/**
 * What a machine tells of a data directory, whose path may be a link, and of programs.
 * @throws LockstepError those of hosts
 */
export async function machineAt(
  host: Host,
  data: string,
  programs: readonly string[],
  signal: AbortSignal,
): Promise<MachineSurvey> {
  const found = await followed(host, data, signal);
  const [{ free }, movable, facts] = await Promise.all([
    host.space(found, { signal }),
    host.movable(found, { signal }),
    host.stat(found, { signal }),
  ]);
  const exchangeable = movable === true && facts?.kind === 'directory';
  const places = placesOf(found, exchangeable ? undefined : { data: found, system: '' });
  const kept = await Promise.all(leftovers(places).map((left) => stands(host, left, signal)));
  const mounts = exchangeable ? [] : await fixedIn(host, found, signal);
  const versions = await Promise.all(programs.map(async (program) => [program, await versionOf(host, program, signal)] as const)); // prettier-ignore
  return {
    freeBytes: free,
    exchangeable,
    kept: kept.includes(true),
    ...(found === data ? {} : { data: found }),
    ...(mounts.length === 0 ? {} : { mounts }),
    programs: Object.fromEntries(versions),
  };
}

/** Entries of a directory that have no other name: mounts, other file systems, what is itself allowed. */
async function fixedIn(host: Host, directory: string, signal: AbortSignal): Promise<readonly string[]> {
  const fixed: string[] = [];
  for (const name of await host.list(directory, { signal })) {
    if (foreign.includes(name)) continue;
    // What is gone meanwhile is no hindrance.
    if ((await host.movable(`${directory}/${name}`, { signal })) === false) fixed.push(name);
  }
  return fixed;
}

async function versionOf(host: Host, program: string, signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = await host.run([program, '--version'], { signal, maxOutput: 65_536 });
  // `mariadb-backup based on MariaDB server 10.11.19-MariaDB`, `mysqldump  Ver 9.7.4 for Linux`
  return /(?:server|Ver)\s+(\d+\.\d+\.\d+)/.exec(`${stdout} ${stderr}`)?.[1] ?? '';
}
