import { deadline } from '../base/deadline.js';
import { adviceOf } from '../base/errors.js';
import type { Config } from '../config/config.js';
import { hostSettingsOf } from '../host-settings.js';
import { openHost } from '../hosts/open.js';

/** How long a host may take to answer, milliseconds. */
const within = 20_000;

/** Why hosts cannot be reached, by `CLUSTER/SERVER`; those that can are not in it. */
export type Unreached = ReadonlyMap<string, string>;

/** Tries every host that the configuration names. */
export async function unreachedHosts({ clusters }: Config): Promise<Unreached> {
  const servers = clusters.flatMap((cluster) =>
    cluster.servers.map((server) => ({ name: `${cluster.name}/${server.name}`, config: server.host })),
  );
  const found = await Promise.all(
    servers.map(async ({ name, config }) => {
      if (config === undefined) return [];
      const host = openHost(hostSettingsOf(config));
      const limit = deadline(within);
      try {
        await host.reach({ signal: limit.signal });
        return [];
      } catch (error) {
        return [[name, adviceOf(error)] as const];
      } finally {
        limit.clear();
        await host.close();
      }
    }),
  );
  return new Map(found.flat());
}
