import { survey } from './actors/survey.js';
import type { Redactor } from './base/redact.js';
import { LockstepError } from './base/errors.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { SceneObserver } from './engine/ports.js';
import { hostSettingsOf } from './host-settings.js';
import { openHost } from './hosts/open.js';
import { clusterNamed, type AutomationOptions } from './kept.js';
import { targetOf } from './target-of.js';

/** How the engine looks at what a copy would meet: on the operate account, which sees every table, and on the machines. */
export function surveyor({ config }: AutomationOptions, redactor: Redactor): NonNullable<SceneObserver['survey']> {
  const read = async (ref: SecretRef) => redactor.learn(await readSecret(ref));
  return (name, wanted, signal) => {
    const cluster = clusterNamed(config(), name);
    return Promise.all(
      wanted.map(async ({ server, ...wish }) => {
        const found = cluster.servers.find((one) => one.name === server);
        const { operate } = cluster.accounts;
        const target = () => {
          if (found !== undefined && operate !== undefined) return targetOf(cluster, found, operate, read);
          throw new LockstepError('unknown-server', `${name}/${server} cannot be asked on the operate account`);
        };
        const host = found?.host && openHost(hostSettingsOf(found.host));
        try {
          return await survey({ server, ...wish, host, target: async () => target() }, signal);
        } finally {
          await host?.close();
        }
      }),
    );
  };
}
