import type { RunningAutomation } from './automation.js';
import type { Config } from './config/config.js';
import type { Intake } from './intake/intake.js';
import type { AutomationState } from './metrics/samples/automation.js';

/** What the automation is now, for its metrics: from memory. */
export function automationState(
  { engine, writable, verifications, drills }: RunningAutomation,
  { clusters }: Config,
  { lastReceived: alerts, lastWatchdog: watchdog }: Pick<Intake, 'lastReceived' | 'lastWatchdog'>,
  announcements: AutomationState['announcements'],
): AutomationState {
  const { head } = engine;
  return {
    clusters: clusters.map(({ name }) => name),
    runs: engine.runs({ open: true, limit: Infinity }),
    paused: engine.pauses(),
    downtimes: engine.downtimes(),
    lastSuccesses: [...engine.book.successes.values()],
    journal: { writable, head: head.seq === 0 ? undefined : head },
    received: { alerts, watchdog },
    verifications: verifications
      .all()
      .filter(({ cluster, server }) =>
        clusters.some(({ name, servers }) => name === cluster && servers.some((one) => one.name === server)),
      ),
    switchovers: drills
      .all()
      .filter(({ cluster, server }) =>
        clusters.some(({ name, servers }) => name === cluster && servers.some((one) => one.name === server)),
      )
      .map(({ cluster, server, objections }) => ({ cluster, server, reasons: objections.map(({ reason }) => reason) })),
    announcements,
  };
}
