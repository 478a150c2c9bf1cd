import { systemClock } from './base/clock.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import type { Automation } from './engine/automation.js';
import { groundOf, type Ground } from './intake/ground.js';
import { Intake } from './intake/intake.js';
import type { Channels } from './intake/policy.js';
import type { AutomationMetrics } from './metrics/automation.js';
import type { Observer } from './observe/observer.js';

/** A channel that was seen within this time counts as known, milliseconds: the engine looks again anyway. */
const knownFor = 60_000;

/** The webhook's intake over what is in force now: configuration and observer are asked at each delivery. */
export function intakeOf(options: {
  readonly config: () => Config;
  readonly observer: () => Pick<Observer, 'lookAtCluster'>;
  readonly automation: Automation;
  readonly metrics: Pick<AutomationMetrics, 'webhookAlert' | 'webhookRejected'>;
  readonly log: Log;
}): Intake {
  const { config, observer, automation, metrics, log } = options;
  let made: { readonly of: Config; readonly ground: Ground } | undefined;
  return new Intake({
    automation,
    ground: () => {
      const now = config();
      // Expressions are compiled once for a configuration.
      if (made?.of !== now) made = { of: now, ground: groundOf(now, automation.procedures()) };
      return made.ground;
    },
    channels: async (cluster, signal) => {
      const { snapshot } = await observer().lookAtCluster(cluster, { signal, maxAge: knownFor });
      const seen = snapshot.servers.flatMap(({ name, facts }) => (facts?.channels ? [{ name, channels: facts.channels }] : [])); // prettier-ignore
      return new Map(seen.map(({ name, channels }) => [name, new Set(channels.map((channel) => channel.name))])) satisfies Channels; // prettier-ignore
    },
    sink: {
      alert: (result) => metrics.webhookAlert(result),
      turnedAway: (reason) => metrics.webhookRejected(reason),
    },
    log,
    clock: systemClock,
  });
}
