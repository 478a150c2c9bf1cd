import type { Scope } from '../../src/base/scope.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import type { Keys } from '../../src/sandbox/configuration.js';
import { hostsOf } from '../../src/sandbox/machines.js';
import type { SandboxServer } from '../../src/sandbox/server.js';

export { hostsOf, serverPrograms } from '../../src/sandbox/machines.js';

/** The same as keys of each server in a configuration. */
export async function hostKeys(scope: Scope, sandbox: SandboxCluster): Promise<(server: SandboxServer) => Keys> {
  const settings = await hostsOf(scope, sandbox);
  return ({ name }) => {
    const { paths, programs: allowed, services } = settings(name);
    return { hosts: { paths, programs: allowed, services } };
  };
}
