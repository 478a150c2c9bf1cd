import { describe } from 'vitest';
import { isUnavailable, unpack } from '../../src/sandbox/packages.js';
import { versionNamed, versionNames, versions, type VersionName } from '../../src/sandbox/versions.js';
import { diceFor, extent } from './extent.js';

/** The versions to test: all of the matrix, or those named in LOCKSTEP_VERSIONS, separated by commas. */
export const matrix: readonly VersionName[] =
  process.env['LOCKSTEP_VERSIONS'] === undefined
    ? versionNames
    : process.env['LOCKSTEP_VERSIONS'].split(',').map((name) => versionNamed(name.trim()).name);

const flavours = ['mariadb', 'mysql'] as const;

/** One of each flavour: for suites whose other half is no server. LOCKSTEP_VERSIONS names others, as for the matrix. */
export const oneOfEach: readonly VersionName[] =
  process.env['LOCKSTEP_VERSIONS'] === undefined ? ['mariadb-10.11', 'mysql-9.7'] : matrix;

/** Which of its versions a suite runs on. */
export function versionsOf(title: string, names: readonly VersionName[]): readonly VersionName[] {
  const dice = diceFor(title);
  const drawn = (some: readonly VersionName[]) => (some.length > 0 ? [dice.pick(some)] : []);
  if (extent() === 'short') return drawn(names);
  if (extent() !== 'ci') return names;
  return flavours.flatMap((flavour) => drawn(names.filter((name) => versions[name].flavour === flavour)));
}

/**
 * A suite for each of the versions that it runs on, unpacked before its first test. A version that the mirror no longer
 * holds is skipped, and the suite's name says so.
 */
export async function describeEach(
  title: string,
  suite: (version: VersionName) => void,
  names: readonly VersionName[] = matrix,
): Promise<void> {
  const chosen = versionsOf(title, names);
  const reasons = await Promise.all(chosen.map(unavailable));
  chosen.forEach((name, index) => {
    const reason = reasons[index];
    if (reason === undefined) describe(`${title} on ${versions[name].title}`, () => suite(name));
    else describe.skip(`${title} on ${versions[name].title}: ${reason}`, () => suite(name));
  });
}

/** Why the version cannot be had; undefined when it is there now. Anything else that goes wrong is thrown. */
async function unavailable(name: VersionName): Promise<string | undefined> {
  try {
    await unpack(versions[name], { progress: (line) => process.stderr.write(`${line}\n`) });
    return undefined;
  } catch (failure) {
    if (isUnavailable(failure)) return failure.message;
    throw failure;
  }
}
