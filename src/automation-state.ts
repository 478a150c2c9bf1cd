import type { AnnouncementWatch } from './announcement-watch.js';
import type { RunningAutomation } from './automation.js';
import type { Config } from './config/config.js';
import type { Intake } from './intake/intake.js';
import type { AutomationState } from './metrics/samples/automation.js';

/** What the automation is now, for its metrics: from memory. */
export function automationState(
  { engine, writable, verifications, drills }: RunningAutomation,
  { clusters }: Config,
  { lastReceived: alerts, lastWatchdog: watchdog }: Pick<Intake, 'lastReceived' | 'lastWatchdog'>,
  watch: Pick<AnnouncementWatch, 'matches' | 'readSides' | 'readers'>,
): AutomationState {
  const { head } = engine;
  const isKnown = ({ cluster, server }: { readonly cluster: string; readonly server: string }) =>
    clusters.some(({ name, servers }) => name === cluster && servers.some((one) => one.name === server));
  return {
    clusters: clusters.map(({ name }) => name),
    runs: engine.runs({ open: true, limit: Infinity }),
    paused: engine.pauses(),
    downtimes: engine.downtimes(),
    lastSuccesses: [...engine.book.successes.values()],
    changes: [...engine.book.changes]
      .map(([cluster, { primary, at }]) => ({ cluster, primary, at }))
      .filter(({ cluster, primary: server }) => isKnown({ cluster, server })),
    writePauses: [...engine.book.writePauses.values()].filter(({ cluster }) =>
      clusters.some(({ name }) => name === cluster),
    ),
    journal: { writable, head: head.seq === 0 ? undefined : head },
    received: { alerts, watchdog },
    verifications: verifications.all().filter(isKnown),
    switchovers: drills
      .all()
      .filter(isKnown)
      .map(({ cluster, server, objections }) => ({ cluster, server, reasons: objections.map(({ reason }) => reason) })),
    drills: drills.times(),
    announcements: watch.matches,
    readSides: watch.readSides,
    readers: watch.readers,
    withdrawals: engine.withdrawals().filter(isKnown),
  };
}
