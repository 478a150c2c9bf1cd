import { versionNamed, type VersionName } from '../src/sandbox/versions.js';
import { machineText } from './machine.js';
import { withScope } from './run.js';

/**
 * Measures on the server that is named, by default on one of each flavour, one after the other, and prints what came of
 * each, with the machine that it came from.
 * @param measure gives the text to print
 */
export async function onServers(
  named: string | undefined,
  measure: (version: VersionName, signal: AbortSignal) => Promise<string>,
): Promise<void> {
  await withScope(async (_scope, signal) => {
    for (const server of named === undefined ? ['mariadb-10.11', 'mysql-9.7'] : [named]) {
      const machine = machineText();
      process.stdout.write(`${await measure(versionNamed(server).name, signal)}\n\n${machine}\n\n`);
    }
  });
}
