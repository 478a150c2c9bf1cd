import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../../../src/base/scope.js';
import { takeDirectory } from '../../../src/sandbox/directories.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';

/** What stops a server on its machine for good: as `failover.fence` of the configuration runs it, with the server's name. */
export async function fenceProgram(scope: Scope, servers: readonly SandboxServer[]): Promise<readonly string[]> {
  const file = path.join(await takeDirectory(scope), 'fence.sh');
  const cases = servers.map(
    ({ name, directory }) => `  ${name}) pid=$(cat ${path.join(directory, 'pid')}) || exit 1 ;;`,
  );
  await writeFile(file, `case "$1" in\n${cases.join('\n')}\n  *) exit 1 ;;\nesac\n${killing}`);
  return ['/bin/sh', file, '{server}'];
}

/** Ends with 0 only once the process is gone; one that nobody has reaped yet does nothing any more. */
const killing = `kill -9 "$pid" 2>/dev/null
while [ -e "/proc/$pid/stat" ] && ! grep -q ') Z ' "/proc/$pid/stat"; do sleep 0.05; done
exit 0
`;
