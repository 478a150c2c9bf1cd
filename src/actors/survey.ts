import path from 'node:path';
import { LockstepError, messageOf } from '../base/errors.js';
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
  const machine = host === undefined || holds === undefined ? undefined : await told(machineAt(host, holds, reach.programs, signal)); // prettier-ignore
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

async function machineAt(
  host: Host,
  { data }: Holdings,
  programs: readonly string[],
  signal: AbortSignal,
): Promise<MachineSurvey> {
  const found = await followed(host, data, signal);
  const [here, above, facts] = await Promise.all([
    host.space(found, { signal }),
    host.space(path.posix.dirname(found), { signal }).catch(unlessClosed),
    host.stat(found, { signal }),
  ]);
  // What two file systems have in common is never their size to the byte.
  const exchangeable = here.total === above?.total && facts?.kind === 'directory';
  const places = placesOf(found, exchangeable ? undefined : { data: found, system: '' });
  const kept = await Promise.all(leftovers(places).map((left) => stands(host, left, signal)));
  const mounts = exchangeable ? [] : await mountsIn(host, found, here.total, signal);
  const versions = await Promise.all(programs.map(async (program) => [program, await versionOf(host, program, signal)] as const)); // prettier-ignore
  return {
    freeBytes: here.free,
    exchangeable,
    kept: kept.includes(true),
    ...(found === data ? {} : { data: found }),
    ...(mounts.length === 0 ? {} : { mounts }),
    programs: Object.fromEntries(versions),
  };
}

/** Where the directory above is not Lockstep's to look at, nothing can be placed beside the data. */
function unlessClosed(cause: unknown): undefined {
  if (cause instanceof LockstepError && cause.code === 'not-allowed') return undefined;
  throw cause;
}

/** Entries whose file system is another than that of the directory: they have no other name. */
async function mountsIn(host: Host, directory: string, total: number, signal: AbortSignal): Promise<readonly string[]> {
  const apart: string[] = [];
  for (const name of await host.list(directory, { signal })) {
    const at = `${directory}/${name}`;
    if (foreign.includes(name) || (await host.stat(at, { signal }))?.kind !== 'directory') continue;
    if ((await host.space(at, { signal })).total !== total) apart.push(name);
  }
  return apart;
}

async function versionOf(host: Host, program: string, signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = await host.run([program, '--version'], { signal, maxOutput: 65_536 });
  // `mariadb-backup based on MariaDB server 10.11.19-MariaDB`, `mysqldump  Ver 9.7.4 for Linux`
  return /(?:server|Ver)\s+(\d+\.\d+\.\d+)/.exec(`${stdout} ${stderr}`)?.[1] ?? '';
}
