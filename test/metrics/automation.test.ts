import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { outcomes, runStates, type GuardName, type RunView } from '../../src/engine/run.js';
import { AutomationMetrics } from '../../src/metrics/automation.js';
import { catalogue } from '../../src/metrics/catalogue.js';
import { openStates, runOutcomes } from '../../src/metrics/catalogue/automation.js';
import { render } from '../../src/metrics/exposition.js';
import { automationSamples, type AutomationState, type OpenRun } from '../../src/metrics/samples/automation.js';
import { listen } from '../http/listener.js';
import { Scrape } from '../live/scrape.js';
import { readOpenMetrics } from './parse.js';

const folder = path.join(import.meta.dirname, '../golden/metrics');
const second = 1000;

const idle: AutomationState = {
  clusters: ['shop', 'mail'],
  runs: [],
  paused: [],
  downtimes: [],
  lastSuccesses: [],
  changes: [],
  writePauses: [],
  journal: undefined,
  received: { alerts: undefined, watchdog: undefined },
  verifications: [],
  switchovers: [],
  drills: [],
  announcements: [],
  readSides: [],
  readers: [],
  withdrawals: [],
};

const busy: AutomationState = {
  ...idle,
  runs: [
    run('shop', 'require-tls', 'waiting', 900, 'approval'),
    run('shop', 'require-tls', 'waiting', 700, 'approval'),
    run('shop', 'require-tls', 'waiting', 800, 'window'),
    run('shop', 'restart-replication', 'running', 100),
    run('mail', 'secure-channel', 'needs-human', 100),
    {
      ...run('shop', 'verify-replica', 'running', 100),
      parameters: { cluster: 'shop', server: 'db3' },
      progress: { at: 'app.page', unit: 'rows', done: 250, total: 1000, rate: 50 },
    },
    // An older one, with another source: the series are of the newest.
    {
      ...run('shop', 'verify-replica', 'running', 90),
      parameters: { cluster: 'shop', server: 'db3', source: 'db2' },
      progress: { at: 'app.link', unit: 'rows', done: 100, total: 1000, rate: 20 },
    },
    {
      ...run('shop', 'rebuild-replica', 'running', 95),
      parameters: { cluster: 'shop', server: 'db2' },
      progress: { at: 'db3', unit: 'bytes', done: 2 ** 30, total: 2 ** 32, rate: 2 ** 26 },
    },
  ],
  paused: [
    { cluster: 'mail', since: 500 * second },
    { cluster: undefined, since: 600 * second },
  ],
  downtimes: [{ cluster: 'shop', server: 'db2', until: 5000 * second }],
  lastSuccesses: [{ cluster: 'shop', procedure: 'restart-replication', at: 800 * second }],
  changes: [{ cluster: 'shop', primary: 'db2', at: 850 * second }],
  writePauses: [{ cluster: 'shop', run: 'r', procedure: 'switchover', promoted: 0.061, announced: undefined }],
  journal: { writable: true, head: { seq: 41, hash: 'ab12' } },
  received: { alerts: 990 * second, watchdog: 980 * second },
  verifications: [
    {
      cluster: 'shop',
      server: 'db2',
      source: 'db1',
      beganAt: 600 * second,
      endedAt: 700 * second,
      tables: 10,
      rows: 5000,
      differingRows: 3,
      differingTables: 1,
      unsettledRows: 2,
      findings: [],
    },
  ],
  switchovers: [{ cluster: 'shop', server: 'db2', reasons: ['not-replicating'] }],
  drills: [
    { cluster: 'shop', ended: { completed: 900 * second, failed: 300 * second }, due: 1200 * second },
    { cluster: 'mail', ended: {}, due: 1200 * second },
  ],
  announcements: [{ cluster: 'shop', announcer: 'haproxy', matches: true }],
  readSides: [{ cluster: 'shop', announcer: 'haproxy', matches: false }],
  readers: [{ cluster: 'shop', announcer: 'haproxy', server: 'db2', reads: true }],
  withdrawals: [{ cluster: 'shop', server: 'db2', since: 1_795_000_000_000 }],
};

function run(
  cluster: string,
  procedure: OpenRun['procedure'],
  state: OpenRun['state'],
  requested: number,
  guard?: GuardName,
): OpenRun {
  return {
    procedure,
    parameters: { cluster },
    state,
    requestedAt: requested * second,
    guard: guard && { guard },
  };
}

/** All that can happen, once; a run ends twice. */
function lived(state: AutomationState): AutomationMetrics {
  const metrics = new AutomationMetrics(() => state);
  const restart = { cluster: 'shop', procedure: 'restart-replication', trigger: 'alert' } as const;
  metrics.runOpened(restart);
  metrics.sectionEnded(restart.procedure, 'restart', 0.4);
  metrics.runEnded({ ...restart, outcome: 'succeeded', seconds: 2 });
  metrics.runEnded({ ...restart, outcome: 'refused', seconds: undefined });
  metrics.runRefused({ ...restart, guard: 'not-observed' });
  metrics.webhookAlert('accepted');
  metrics.webhookRejected('unauthenticated');
  metrics.notified('slack', 'gave-up');
  metrics.jobsScheduled(['prune']);
  metrics.jobEnded('prune', 'succeeded');
  metrics.journalAppended(0.0007);
  return metrics;
}

/** As Prometheus gets it: over HTTP. */
async function scraped(metrics: AutomationMetrics): Promise<Scrape> {
  const { url } = await listen(
    {},
    { metrics: async ({ openMetrics }) => render(await metrics.families(), openMetrics ? 'openmetrics' : 'text') },
  );
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  return new Scrape(await answer.text());
}

describe('on the page of metrics', () => {
  it('stand the runs that ended, and those that have not', async () => {
    const page = await scraped(lived(busy));
    const shop = { cluster: 'shop' };
    const ended = (outcome: string) => page.value('lockstep_runs_total', { outcome, trigger: 'alert' });
    expect(runOutcomes.map(ended)).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
    expect(page.value('lockstep_runs_refused_total', { ...shop, guard: 'not-observed' })).toBe(1);
    expect(page.value('lockstep_run_duration_seconds_bucket', { outcome: 'succeeded', le: '1' })).toBe(0);
    expect(page.value('lockstep_run_duration_seconds_bucket', { outcome: 'succeeded', le: '2.5' })).toBe(1);
    expect(page.all('lockstep_run_duration_seconds_count', { outcome: 'refused' })).toEqual([]);
    expect(page.value('lockstep_section_duration_seconds_sum', { section: 'restart' })).toBe(0.4);
    const open = (procedure: string) =>
      page.all('lockstep_runs_open', { procedure }).map(({ labels, value }) => `${labels['state']} ${value}`);
    expect(open('require-tls')).toEqual(['needs-human 0', 'running 0', 'undoing 0', 'waiting 3']);
    expect(page.value('lockstep_runs_open', { cluster: 'mail', state: 'needs-human' })).toBe(1);
    expect(page.value('lockstep_runs_waiting', { procedure: 'require-tls', guard: 'approval' })).toBe(2);
    expect(page.value('lockstep_runs_waiting', { procedure: 'require-tls', guard: 'window' })).toBe(1);
    expect(page.all('lockstep_run_waiting_since_timestamp_seconds')).toMatchObject([{ labels: shop, value: 700 }]);
    expect(page.value('lockstep_procedure_last_success_timestamp_seconds', shop)).toBe(800);
  });

  it('stand the webhook and the journal', async () => {
    const page = await scraped(lived(busy));
    expect(page.value('lockstep_webhook_alerts_total', { result: 'accepted' })).toBe(1);
    expect(page.value('lockstep_webhook_alerts_total', { result: 'repeated' })).toBe(0);
    expect(page.value('lockstep_webhook_rejected_total', { reason: 'unauthenticated' })).toBe(1);
    expect(page.value('lockstep_webhook_rejected_total', { reason: 'not-durable' })).toBe(0);
    expect(page.value('lockstep_webhook_last_received_timestamp_seconds')).toBe(990);
    expect(page.value('lockstep_watchdog_last_received_timestamp_seconds')).toBe(980);
    expect(page.value('lockstep_journal_append_duration_seconds_bucket', { le: '0.0005' })).toBe(0);
    expect(page.value('lockstep_journal_append_duration_seconds_bucket', { le: '0.001' })).toBe(1);
    expect(page.value('lockstep_journal_head_sequence')).toBe(41);
    expect(page.all('lockstep_journal_head_info')).toMatchObject([{ labels: { sequence: '41', hash: 'ab12' } }]);
    expect(page.value('lockstep_journal_writable')).toBe(1);
  });

  it('stand notifications and the schedule', async () => {
    const page = await scraped(lived(busy));
    expect(page.value('lockstep_notifications_total', { receiver: 'slack', result: 'gave-up' })).toBe(1);
    expect(page.value('lockstep_notifications_total', { receiver: 'grafana', result: 'delivered' })).toBe(0);
    expect(page.value('lockstep_schedule_jobs_total', { job: 'prune', result: 'succeeded' })).toBe(1);
    expect(page.value('lockstep_schedule_jobs_total', { job: 'prune', result: 'failed' })).toBe(0);
  });

  it('stand pauses, downtimes, and what is ready', async () => {
    const page = await scraped(lived(busy));
    const paused = page.all('lockstep_paused').map(({ labels, value }) => `${labels['cluster']} ${value}`);
    expect(paused).toEqual([' 1', 'mail 1', 'shop 0']);
    expect(page.value('lockstep_paused_since_timestamp_seconds', { cluster: 'mail' })).toBe(500);
    expect(page.value('lockstep_paused_since_timestamp_seconds', { cluster: '' })).toBe(600);
    expect(page.value('lockstep_server_downtime_until_timestamp_seconds', { server: 'db2' })).toBe(5000);
    expect(page.value('lockstep_switchover_ready', { server: 'db2' })).toBe(0);
    expect(page.value('lockstep_switchover_objection_info', { server: 'db2', reason: 'not-replicating' })).toBe(1);
    expect(page.value('lockstep_announcement_matches', { announcer: 'haproxy' })).toBe(1);
  });

  it('stand the last change of the primary and its pause, as far as that was measured', async () => {
    const page = await scraped(lived(busy));
    expect(page.value('lockstep_primary_changed_timestamp_seconds', { cluster: 'shop', server: 'db2' })).toBe(850);
    expect(page.all('lockstep_write_pause_seconds')).toMatchObject([
      { labels: { cluster: 'shop', procedure: 'switchover', until: 'promoted' }, value: 0.061 },
    ]);
  });

  it('stand the last drills, and when the next are due', async () => {
    const page = await scraped(lived(busy));
    const ended = page.all('lockstep_drill_last_run_timestamp_seconds');
    expect(ended.map(({ labels, value }) => `${labels['cluster']} ${labels['result']} ${value}`).sort()).toEqual([
      'shop completed 900',
      'shop failed 300',
    ]);
    expect(page.value('lockstep_drill_due_timestamp_seconds', { cluster: 'mail' })).toBe(1200);
  });

  it('is nothing that is not known', async () => {
    const page = await scraped(new AutomationMetrics(() => idle));
    const names = new Set(page.series.map(({ name }) => name.replace(/_(?:bucket|sum|count)$/, '')));
    expect([...names].sort()).toEqual([
      'lockstep_journal_append_duration_seconds',
      'lockstep_notifications_total',
      'lockstep_paused',
      'lockstep_webhook_alerts_total',
      'lockstep_webhook_rejected_total',
    ]);
  });
});

describe('of what the engine says', () => {
  const restart: RunView = {
    id: '20261128T152233Z-3f9a1c',
    procedure: 'restart-replication',
    parameters: { cluster: 'shop', server: 'db2' },
    mode: 'auto',
    trigger: { kind: 'person', by: 'local:root' },
    state: 'running',
    guard: undefined,
    outcome: undefined,
    why: '',
    requestedAt: 0,
    startedAt: 10 * second,
    endedAt: undefined,
    expiresAt: 0,
    digest: undefined,
    steps: [],
    approval: undefined,
    committed: false,
  };
  const base = { at: 0, head: { seq: 1, hash: 'ab' }, sentence: '' };

  it('a run is counted from when it was asked for, so that its end shows as growth', async () => {
    const metrics = new AutomationMetrics(() => idle);
    metrics.heard({ ...base, type: 'requested', run: restart });
    const before = await scraped(metrics);
    expect(before.all('lockstep_runs_total').map(({ value }) => value)).toEqual(runOutcomes.map(() => 0));
    metrics.heard({ ...base, type: 'section-ended', section: 'start', seconds: 3, run: restart });
    metrics.heard({ ...base, type: 'ended', run: { ...restart, outcome: 'failed', endedAt: 14 * second } });
    metrics.heard({ ...base, type: 'requested', run: restart });
    const after = await scraped(metrics);
    const labels = { cluster: 'shop', procedure: 'restart-replication', outcome: 'failed', trigger: 'person' };
    expect(after.value('lockstep_runs_total', labels)).toBe(1);
    expect(after.value('lockstep_run_duration_seconds_sum', { outcome: 'failed' })).toBe(4);
    expect(after.value('lockstep_section_duration_seconds_sum', { section: 'start' })).toBe(3);
  });

  it('a run that never started has no duration, and its guard is counted', async () => {
    const metrics = new AutomationMetrics(() => idle);
    const guard = { guard: 'topology', why: 'a ring', remedy: undefined } as const;
    const refused = { ...restart, startedAt: undefined, endedAt: second, outcome: 'refused', guard } as const;
    metrics.heard({ ...base, type: 'ended', run: refused });
    metrics.heard({ ...base, type: 'paused', by: 'ops', cluster: undefined });
    const page = await scraped(metrics);
    expect(page.value('lockstep_runs_total', { outcome: 'refused' })).toBe(1);
    expect(page.value('lockstep_runs_refused_total', { guard: 'topology' })).toBe(1);
    expect(page.all('lockstep_run_duration_seconds_count')).toEqual([]);
  });
});

it('knows the outcomes and the states of the engine, each of them', () => {
  expect([...runOutcomes].sort()).toEqual([...outcomes].sort());
  expect([...openStates, 'ended'].sort()).toEqual([...runStates].sort());
});

it('produces every metric of its scope and no other', async () => {
  const names = new Set((await lived(busy).families()).map(({ metric }) => metric.name));
  const declared = catalogue.filter(({ scope }) => scope === 'automation').map(({ name }) => name);
  expect([...names].sort()).toEqual([...declared].sort());
});

it.each([
  ['text', 'prom'],
  ['openmetrics', 'om'],
] as const)('is written as %s as it always was', async (format, ending) => {
  const text = render(await lived(busy).families(), format);
  if (format === 'openmetrics') expect(readOpenMetrics(text).length).toBeGreaterThan(15);
  await expect(text).toMatchFileSnapshot(path.join(folder, `automation.${ending}`));
});

it('keeps clusters apart that have runs of one procedure', () => {
  const runs = ['shop', 'mail'].map((cluster) => run(cluster, 'require-tls', 'undoing', 1));
  const [family] = automationSamples({ ...idle, runs });
  const undoing = family?.samples.filter(({ labels }) => labels['state'] === 'undoing');
  expect(undoing?.map(({ labels, value }) => [labels['cluster'], value])).toEqual([
    ['shop', 1],
    ['mail', 1],
  ]);
});
