import path from 'node:path';
import { messageOf } from '../base/errors.js';
import { holdingsOf, holdingsStatements } from '../dialects/survey-statements.js';
import type { Flavour, ServerName } from '../domain/snapshot.js';
import type { Holdings, MachineSurvey, Survey } from '../domain/survey.js';
import type { Host } from '../hosts/host.js';
import { openSession, type Target } from '../mysql/session.js';
import { placesOf, stands } from './copy/places.js';

/** How a server and its machine are asked. */
export interface SurveyReach {
  readonly server: ServerName;
  readonly flavour: Flavour;
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
  const machine = host === undefined || holds === undefined ? undefined : await told(machineAt(host, holds, reach.programs, signal)); // prettier-ignore
  return { server, holds, machine, failures };
}

async function holdingsAt(reach: SurveyReach, signal: AbortSignal): Promise<Holdings> {
  const session = await openSession(await reach.target(), { signal });
  try {
    return holdingsOf(await session.query(holdingsStatements.join('; '), { signal }), reach.flavour);
  } finally {
    await session.end();
  }
}

async function machineAt(
  host: Host,
  { data }: Holdings,
  programs: readonly string[],
  signal: AbortSignal,
): Promise<MachineSurvey> {
  const places = placesOf(data);
  const [here, above, facts] = await Promise.all([
    host.space(places.data, { signal }),
    host.space(path.posix.dirname(places.data), { signal }),
    host.stat(places.data, { signal }),
  ]);
  const versions = await Promise.all(programs.map(async (program) => [program, await versionOf(host, program, signal)] as const)); // prettier-ignore
  return {
    freeBytes: here.free,
    // What two file systems have in common is never their size to the byte.
    exchangeable: here.total === above.total && facts?.kind === 'directory',
    kept: await stands(host, places.kept, signal),
    programs: Object.fromEntries(versions),
  };
}

async function versionOf(host: Host, program: string, signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = await host.run([program, '--version'], { signal, maxOutput: 65_536 });
  // `mariadb-backup based on MariaDB server 10.11.19-MariaDB`, `mysqldump  Ver 9.7.4 for Linux`
  return /(?:server|Ver)\s+(\d+\.\d+\.\d+)/.exec(`${stdout} ${stderr}`)?.[1] ?? '';
}
