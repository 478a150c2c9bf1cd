import path from 'node:path';
import type { Scope } from '../../../src/base/scope.js';
import type { ServerName } from '../../../src/domain/snapshot.js';
import { openLink, type Link } from '../../../src/sandbox/proxy.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';

/** Who comes to a server, each over a link of its own. `replicas`: those who read its log; the configuration names this one. */
export const comers = ['lockstep', 'replicas', 'clients'] as const;
export type Comer = (typeof comers)[number];

/** Every stretch of network to every server. */
export class Network {
  private constructor(readonly links: ReadonlyMap<ServerName, Readonly<Record<Comer, Link>>>) {}

  static async open(scope: Scope, servers: readonly SandboxServer[]): Promise<Network> {
    const open = async ({ name, address }: SandboxServer) => {
      const link = () => openLink(scope, address);
      return [name, { lockstep: await link(), replicas: await link(), clients: await link() }] as const;
    };
    return new Network(new Map(await Promise.all(servers.map(open))));
  }

  to(server: ServerName, comer: Comer): Link {
    const links = this.links.get(server);
    if (links === undefined) throw new Error(`no link leads to ${server}`);
    return links[comer];
  }

  /** Which server a channel reads from. */
  nameOf(host: string, port: number): ServerName | undefined {
    const is = (link: Link) => link.address.host === host && link.address.port === port;
    return [...this.links].find(([, { replicas }]) => is(replicas))?.[0];
  }

  /** What sends a Lockstep over its own links. */
  environment(): Readonly<Record<string, string>> {
    const routes = [...this.links.values()].map(({ lockstep, replicas: { address } }) => [`${address.host}:${address.port}`, lockstep.address.port] as const); // prettier-ignore
    return {
      LOCKSTEP_ROUTES: JSON.stringify(Object.fromEntries(routes)),
      NODE_OPTIONS: `--import ${path.resolve('test/live/chaos/routes.mjs')}`,
    };
  }
}
