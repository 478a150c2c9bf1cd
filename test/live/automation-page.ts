import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../src/base/scope.js';
import { AutomationMetrics } from '../../src/metrics/automation.js';
import { contentTypes, render } from '../../src/metrics/exposition.js';
import type { AutomationState, OpenRun } from '../../src/metrics/samples/automation.js';

/**
 * A page of /metrics with what a busy automation tells of a cluster, for Prometheus to scrape beside real Locksteps.
 * What it shows is told to it, not done: that real runs tell it is for their own tests.
 */
export async function automationPage(
  scope: Scope,
  cluster: string,
): Promise<{ readonly url: string; readonly metrics: AutomationMetrics }> {
  const metrics = new AutomationMetrics(() => stateOf(cluster));
  const run = { cluster, procedure: 'restart-replication', trigger: 'alert' } as const;
  metrics.runOpened(run);
  metrics.sectionEnded(run.procedure, 'start', 0.4);
  metrics.runEnded({ ...run, outcome: 'succeeded', seconds: 2 });
  metrics.runRefused({ ...run, guard: 'not-observed' });
  metrics.webhookAlert('accepted');
  metrics.webhookRejected('unauthenticated');
  metrics.journalAppended(0.0007);
  const server = createServer((_, response) => {
    void metrics.families().then((families) => {
      response.setHeader('content-type', contentTypes.text);
      response.end(render(families, 'text'));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  scope.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, metrics };
}

function stateOf(cluster: string): AutomationState {
  const now = Date.now();
  const run = (procedure: OpenRun['procedure'], state: OpenRun['state'], guard?: 'approval'): OpenRun => ({
    procedure,
    state,
    parameters: { cluster },
    requestedAt: now - 60_000,
    guard: guard && { guard },
  });
  return {
    clusters: [cluster],
    runs: [
      run('require-tls', 'waiting', 'approval'),
      {
        ...run('restart-replication', 'running'),
        parameters: { cluster, server: 'db2' },
        progress: { at: 'app.page', unit: 'rows', done: 250, total: 1000, rate: 50 },
      },
      {
        ...run('rebuild-replica', 'running'),
        parameters: { cluster, server: 'db3' },
        progress: { at: 'db1', unit: 'bytes', done: 2 ** 20, total: 2 ** 30, rate: 2 ** 20 },
      },
      run('secure-channel', 'needs-human'),
    ],
    paused: [{ cluster, since: now - 60_000 }],
    downtimes: [{ cluster, server: 'db2', until: now + 3_600_000 }],
    lastSuccesses: [{ cluster, procedure: 'restart-replication', at: now - 3_600_000 }],
    changes: [{ cluster, primary: 'db1', at: now - 7_200_000 }],
    writePauses: [{ cluster, run: 'r', procedure: 'switchover', promoted: 0.06, announced: 0.08 }],
    journal: { writable: true, head: { seq: 41, hash: 'ab12' } },
    received: { alerts: now - 5_000, watchdog: now - 30_000 },
    verifications: [
      {
        cluster,
        server: 'db2',
        source: 'db1',
        beganAt: now - 60_000,
        endedAt: now - 30_000,
        tables: 10,
        rows: 5000,
        differingRows: 0,
        differingTables: 0,
        unsettledRows: 0,
        findings: [],
      },
    ],
    switchovers: [{ cluster, server: 'db2', reasons: [] }],
    drills: [
      {
        cluster,
        ended: { completed: now - 60_000, postponed: now - 660_000, failed: now - 1_260_000 },
        due: now + 540_000,
      },
    ],
    announcements: [{ cluster, announcer: 'hosts-file', matches: true }],
    readSides: [{ cluster, announcer: 'hosts-file', matches: true }],
    readers: [{ cluster, announcer: 'hosts-file', server: 'db2', reads: true }],
    withdrawals: [{ cluster, server: 'db2', since: now - 60_000 }],
  };
}
