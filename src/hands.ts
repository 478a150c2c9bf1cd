import { SqlActor, type Reach } from './actors/sql-actor.js';
import { LockstepError } from './base/errors.js';
import type { Redactor } from './base/redact.js';
import { certificateReachOf } from './certificate-reach.js';
import type { HostConfig } from './config/host-config.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import { relationsOf } from './domain/relations.js';
import type { ClusterSnapshot } from './domain/snapshot.js';
import { topologyOf } from './domain/topology.js';
import type { Actors } from './engine/ports.js';
import { hostSettingsOf } from './host-settings.js';
import type { Host } from './hosts/host.js';
import { openHost } from './hosts/open.js';
import { clusterNamed, type AutomationOptions, type Kept } from './kept.js';
import { targetOf } from './target-of.js';

/** How the engine acts: on the operate account, through hosts and announcers. Every secret that is read is learned by the redactor. */
export function hands({ config, observer }: AutomationOptions, redactor: Redactor, kept: Kept): Actors {
  const read = async (ref: SecretRef) => redactor.learn(await readSecret(ref));
  const target = (name: string) => (server: string) => {
    const cluster = clusterNamed(config(), name);
    const found = cluster.servers.find((one) => one.name === server);
    const { operate } = cluster.accounts;
    if (found === undefined || operate === undefined)
      throw new LockstepError('unknown-server', `${name}/${server} cannot be reached to change anything`);
    return targetOf(cluster, found, operate, read);
  };
  const hostOf = (name: string, server: string) =>
    clusterNamed(config(), name).servers.find((one) => one.name === server)?.host;
  const reach = (run: string, name: string): Reach => ({
    memory: (step) => kept.work.of(run, step),
    verified: (verification) => kept.verifications.keep({ ...verification, cluster: name }),
    follows: async (replica, channel, source, signal) => {
      const { snapshot } = await observer().lookAtCluster(name, { signal, thorough: true });
      return notFollowing(snapshot, replica, channel, source);
    },
    target: target(name),
    certificates: certificateReachOf(config, () => clusterNamed(config(), name), target(name), read),
    secret: (account) => {
      const ref = clusterNamed(config(), name).accounts[account];
      if (ref === undefined) throw new LockstepError('secret-missing', `${name} has no account "${account}"`);
      return read(ref.password);
    },
    host: (server) => {
      const host = hostOf(name, server);
      return host && openHost(hostSettingsOf(host));
    },
    files: (server) => {
      const host = hostOf(name, server);
      return host && ((file, signal) => on(host, (open) => open.read(file, { signal })));
    },
    program: (server) => {
      const host = hostOf(name, server);
      return host && ((argv, signal) => on(host, (open) => open.run(argv, { signal })));
    },
    announce: (action, signal) => kept.shelf.of(clusterNamed(config(), name)).carryOut(action, signal),
  });
  return { open: (run, cluster) => new SqlActor(reach(run, cluster)) };
}

/** Why a replica does not follow a source now; undefined: it does. */
function notFollowing(snapshot: ClusterSnapshot, replica: string, channel: string, source: string): string | undefined {
  const { channels } = relationsOf(snapshot, topologyOf(snapshot));
  const found = channels.find((one) => one.server === replica && one.channel === channel);
  if (found === undefined) return 'its channel is not seen';
  return found.source === source ? undefined : `its source is ${found.source ?? 'not known'}`;
}

/** Over a way of its own: a few files, or a program, are no reason to keep one. */
async function on<T>(config: HostConfig, work: (host: Host) => Promise<T>): Promise<T> {
  const host = openHost(hostSettingsOf(config));
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}
