import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import { collectorNames } from '../../src/domain/snapshot.js';
import { version as lockstepVersion } from '../../src/version.js';
import { lockstepCommand } from './command.js';
import { describeEach } from './matrix.js';
import type { Scrape } from './scrape.js';
import { expectRecent, openStage, problemsOf, type Stage } from './stage.js';

await describeEach('the exporter', (version) => {
  const scope = new Scope();
  let stage: Stage;

  beforeAll(async () => {
    const observe = { timeout: '5s', slow_interval: '1s', freshness: '1ms' };
    stage = await openStage(
      scope,
      { version, replicas: 1, performanceSchema: true },
      { whole: { observe, metrics: { servers: true } }, keys: { registered_replicas: true } },
    );
  });

  afterAll(() => scope.end());

  it('says of every collector whether it may look, and prints the GRANT that lets it', async () => {
    const { lockstep, mysql, sandbox } = stage;
    const db2 = stage.server('db2');
    // The account has what a monitor needs by default; to ask who has registered takes more.
    const some = await lockstep.probe('db1');
    expect(some.value('lockstep_collector_success', { collector: 'streams' })).toBe(0);
    expect(some.value('mysql_registered_replicas')).toBeUndefined();
    await grantWhatIsPrinted('db1');
    const page = await lockstep.probeUntil(
      'db1',
      'the replica to be registered',
      (scrape) => scrape.value('mysql_registered_replicas') === 1,
    );
    expect(page.all('lockstep_collector_success').filter(({ value }) => value !== 1)).toEqual([]);
    expect(page.all('lockstep_collector_failure_info')).toEqual([]);
    await grantWhatIsPrinted('db2');

    const monitor = quoteAccount({ user: sandbox.accounts.monitor.user, host: '%' });
    await db2.run([
      'SET sql_log_bin = 0',
      `REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${monitor}`,
      'SET sql_log_bin = 1',
    ]);
    const blind = ['accounts', 'binlog', 'replication', 'streams'];
    const bare = await lockstep.probeUntil('db2', 'the loss to show', (scrape) =>
      blind.every((collector) => scrape.value('lockstep_collector_success', { collector }) === 0),
    );
    expect(bare.value('mysql_up')).toBe(1);
    for (const collector of blind)
      expect(bare.all('lockstep_collector_failure_info', { collector, reason: 'privilege' }), collector).toHaveLength(
        1,
      );
    for (const collector of ['server', 'gtid', 'semi_sync', 'certificates'])
      expect(bare.value('lockstep_collector_success', { collector }), collector).toBe(1);
    // Unknown, never 0: neither a server that replicates from nobody nor one that nobody reads from.
    expect(bare.value('mysql_replica_channels')).toBeUndefined();
    expect(bare.all('mysql_binlog_streams')).toEqual([]);
    expect(bare.value('mysql_accounts_without_tls')).toBeUndefined();
    expect(bare.value('mysql_read_only')).toBe(1);
    const cluster = await lockstep.metrics();
    expect(problemsOf(cluster)).toContain('privilege-missing db2');
    expect(problemsOf(cluster).filter((problem) => /missing db1|down|standalone/.test(problem))).toEqual([]);

    const printed = await grantWhatIsPrinted('db2');
    expect(printed.length).toBeGreaterThanOrEqual(mysql ? 3 : 4);
    await lockstep.probeUntil('db2', 'all collectors to look again', (scrape) =>
      scrape.all('lockstep_collector_success').every(({ value }) => value === 1),
    );
    await stage.untilAllIsWell();
    const whole = await lockstepCommand('check', '--config', lockstep.file);
    expect(whole.code, whole.output).toBe(0);
    expect(whole.stdout).not.toContain('GRANT');
    expect(whole.stdout).toContain(db2.column.name);
  });

  /** Runs `lockstep check`, and on the server the statements that it prints for it. One look must be enough. */
  async function grantWhatIsPrinted(name: string): Promise<readonly string[]> {
    const checked = await lockstepCommand('check', '--config', stage.lockstep.file, '--json');
    expect(checked.code).toBe(1);
    const servers = JSON.parse(checked.stdout) as { server: string; grants: string[] }[];
    const grants = servers.find(({ server }) => server === name)?.grants ?? [];
    const text = await lockstepCommand('check', '--config', stage.lockstep.file);
    for (const grant of grants) expect(text.stdout).toContain(`${grant};`);
    await stage.server(name).run(['SET sql_log_bin = 0', ...grants, 'SET sql_log_bin = 1']);
    return grants;
  }

  it('tells how each look went, of all collectors or of those that were asked for', async () => {
    const { lockstep } = stage;
    const page = await lockstep.probe('db2');
    expectRecent(page.value('lockstep_look_timestamp_seconds'), 10);
    expect(page.value('lockstep_look_duration_seconds')).toBeGreaterThan(0);
    expect(page.value('lockstep_look_duration_seconds')).toBeLessThan(5);
    const took = page.value('lockstep_look_duration_seconds') ?? NaN;
    expect(page.all('lockstep_collector_success').map(({ labels }) => labels['collector'])).toEqual(
      [...collectorNames].sort(),
    );
    for (const { value, labels } of page.all('lockstep_collector_duration_seconds')) {
      expect(value, labels['collector']).toBeGreaterThanOrEqual(0);
      expect(value, labels['collector']).toBeLessThanOrEqual(took);
    }
    const one = await lockstep.probe('db2', ['replication']);
    expect(one.all('lockstep_collector_success').map(({ labels }) => labels['collector'])).toEqual(['replication']);
    expect(one.value('mysql_replica_io_running')).toBe(1);
    expect(one.value('mysql_read_only')).toBeUndefined();
    expect(one.all('mysql_certificate_not_after_timestamp_seconds')).toEqual([]);
    expect((await lockstep.get('/probe?target=sandbox/db2&collect[]=gossip')).status).toBe(400);
    expect((await lockstep.get('/probe?target=sandbox/db9')).status).toBe(404);
  });

  it('tells of itself, and serves the servers on its own page when it is to', async () => {
    const { lockstep } = stage;
    const before = await lockstep.metrics();
    for (const server of ['db1', 'db2']) expect(before.value('mysql_up', { server })).toBe(1);
    expect(before.value('mysql_replica_io_running')).toBe(1);
    expect(before.all('lockstep_build_info').map(({ labels }) => labels)).toEqual([
      { version: lockstepVersion, node_version: process.version },
    ]);
    expect(before.value('lockstep_clusters_configured')).toBe(1);
    expect(before.value('lockstep_servers_configured')).toBe(2);
    expect(before.value('lockstep_exposition_faults_total')).toBe(0);

    const gossip = await lockstep.get('/probe?target=sandbox/nobody');
    expect(gossip.status).toBe(404);
    for (let count = 0; count < 3; count += 1) await lockstep.probe('db1');
    const after = await lockstep.metrics();
    const probes = { route: '/probe', status: '200' };
    expect(grown(before, after, 'lockstep_http_requests_total', probes)).toBe(3);
    expect(grown(before, after, 'lockstep_http_requests_total', { route: '/probe', status: '404' })).toBe(1);
    expect(grown(before, after, 'lockstep_http_request_duration_seconds_count', { route: '/probe' })).toBe(4);
    expect(grown(before, after, 'lockstep_http_request_duration_seconds_bucket', { route: '/probe', le: '+Inf' })).toBe(
      4,
    );
  });

  it('shares looks that are under way', async () => {
    const { lockstep } = stage;
    const db2 = stage.server('db2');
    const before = await lockstep.metrics();
    await db2.freeze();
    let probes: Promise<Scrape>[] = [];
    try {
      probes = [lockstep.probe('db2'), lockstep.probe('db2'), lockstep.probe('db2')];
      // By the time that these are answered, the others have come in.
      for (let count = 0; count < 5; count += 1) await lockstep.get('/-/healthy');
    } finally {
      db2.thaw();
    }
    await Promise.all(probes);
    const shared = grown(before, await lockstep.metrics(), 'lockstep_looks_coalesced_total', {});
    expect(shared).toBeGreaterThanOrEqual(1);
  });

  it('keeps its configuration when a new one is wrong, and says so', async () => {
    const { lockstep } = stage;
    const good = await readFile(lockstep.file, 'utf8');
    const first = await lockstep.metrics();
    expect(first.value('lockstep_config_last_reload_successful')).toBe(1);
    const at = first.value('lockstep_config_last_reload_success_timestamp_seconds') ?? NaN;
    expectRecent(at, 300);
    await lockstep.rewrite(good.replace('version: 1', 'version: 9'));
    expect(await lockstep.app.reload()).toMatchObject({ reloaded: false });
    const refused = await lockstep.metrics();
    expect(refused.value('lockstep_config_last_reload_successful')).toBe(0);
    expect(refused.value('lockstep_config_last_reload_success_timestamp_seconds')).toBe(at);
    expect(refused.value('mysql_up', { server: 'db1' })).toBe(1);
    // A good one again, with one server less.
    await lockstep.rewrite(good.replace(/^ {6}db2:\n(?: {8}.*\n)+/m, ''));
    expect(await lockstep.app.reload()).toEqual({ reloaded: true });
    const smaller = await lockstep.metrics();
    expect(smaller.value('lockstep_config_last_reload_successful')).toBe(1);
    expect(smaller.value('lockstep_config_last_reload_success_timestamp_seconds')).toBeGreaterThan(at);
    expect(smaller.value('lockstep_servers_configured')).toBe(1);
    expect(smaller.value('mysql_up', { server: 'db2' })).toBeUndefined();
    // What it no longer names streams from what it does.
    expect(smaller.value('mysql_unknown_replicas', { server: 'db1' })).toBe(1);
    await lockstep.rewrite(good);
    expect(await lockstep.app.reload()).toEqual({ reloaded: true });
    await stage.untilAllIsWell();
  });
});

function grown(before: Scrape, after: Scrape, name: string, labels: Readonly<Record<string, string>>): number {
  return (after.value(name, labels) ?? NaN) - (before.value(name, labels) ?? 0);
}
