import { nextStart } from './actors/next-start.js';
import { survey } from './actors/survey.js';
import type { Redactor } from './base/redact.js';
import { LockstepError } from './base/errors.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { ServerName } from './domain/snapshot.js';
import type { SceneObserver } from './engine/ports.js';
import { hostSettingsOf } from './host-settings.js';
import type { Host } from './hosts/host.js';
import { openHost } from './hosts/open.js';
import { clusterNamed, type AutomationOptions } from './kept.js';
import type { Target } from './mysql/session.js';
import { targetOf } from './target-of.js';

/** How the engine looks closer than at every look: on the operate account, which sees every table, and on the machines. */
export function surveyor(
  { config }: AutomationOptions,
  redactor: Redactor,
): Required<Pick<SceneObserver, 'survey' | 'nextStarts'>> {
  const read = async (ref: SecretRef) => redactor.learn(await readSecret(ref));
  const at = async <T>(
    name: string,
    server: ServerName,
    work: (way: { readonly host: Host | undefined; readonly target: () => Promise<Target> }) => Promise<T>,
  ) => {
    const cluster = clusterNamed(config(), name);
    const found = cluster.servers.find((one) => one.name === server);
    const { operate } = cluster.accounts;
    const target = () => {
      if (found !== undefined && operate !== undefined) return targetOf(cluster, found, operate, read);
      throw new LockstepError('unknown-server', `${name}/${server} cannot be asked on the operate account`);
    };
    const host = found?.host && openHost(hostSettingsOf(found.host));
    try {
      return await work({ host, target: async () => target() });
    } finally {
      await host?.close();
    }
  };
  return {
    survey: (name, wanted, signal) =>
      Promise.all(wanted.map((wish) => at(name, wish.server, (way) => survey({ ...wish, ...way }, signal)))),
    nextStarts: (name, wanted, signal) =>
      Promise.all(wanted.map((wish) => at(name, wish.server, (way) => nextStart({ ...wish, ...way }, signal)))),
  };
}
