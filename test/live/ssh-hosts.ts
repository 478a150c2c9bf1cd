import type { Scope } from '../../src/base/scope.js';
import { fingerprintOf } from '../../src/hosts/host-key.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import type { ConfigurationOptions, Keys } from '../../src/sandbox/configuration.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { startSshServer } from '../../src/sandbox/ssh-server.js';

/** The machines of a sandbox, reached by SSH, each over a stretch of network of its own. */
export interface SshHosts {
  /** `hosts` of the cluster. */
  readonly hosts: Keys;
  /** What each server says besides. */
  ofServer(server: SandboxServer): { readonly hosts: Keys };
  /** The way to the machine of a server. */
  link(server: string): Link;
  /** The same configuration, with these hosts. */
  over(written: ConfigurationOptions): ConfigurationOptions;
}

export async function reachedBySsh(scope: Scope, sandbox: SandboxCluster): Promise<SshHosts> {
  const ssh = await startSshServer(scope);
  const opened = sandbox.servers.map(async ({ name }) => [name, await openLink(scope, ssh.address)] as const);
  const links = new Map(await Promise.all(opened));
  const link = (server: string) => {
    const found = links.get(server);
    if (found === undefined) throw new Error(`there is no machine of ${server}`);
    return found;
  };
  const hosts = {
    kind: 'ssh',
    user: ssh.users.self,
    key_file: ssh.keyFile,
    host_key: fingerprintOf(Buffer.from(ssh.hostKeys.ed25519.split(' ')[1] ?? '', 'base64')),
  };
  const ofServer = ({ name }: SandboxServer) => {
    const { host, port } = link(name).address;
    return { hosts: { address: `${host}:${port}` } };
  };
  return {
    hosts,
    ofServer,
    link,
    over: (written) => ({
      ...written,
      keys: { ...written.keys, hosts },
      ofServer: (server) => {
        const own = written.ofServer?.(server) ?? {};
        return { ...own, hosts: { ...(own['hosts'] as Keys | undefined), ...ofServer(server).hosts } };
      },
    }),
  };
}
