import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { collide, delayReplica, lockTable, startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { coordinatesOf, untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import { describeEach } from './matrix.js';
import type { Scrape } from './scrape.js';
import { askOne, expectRecent, openStage, problemsOf, type Stage } from './stage.js';

await describeEach('a replica', (version) => {
  const scope = new Scope();
  let stage: Stage;

  beforeAll(async () => {
    const whole = { observe: { timeout: '3s', slow_interval: '1s', freshness: '1ms' } };
    stage = await openStage(scope, { version, replicas: 2 }, { whole, keys: { thresholds: { lag: '1s' } } });
    const { sandbox } = stage;
    await sandbox.primary.run([
      'CREATE DATABASE app',
      'CREATE TABLE app.t (id INT PRIMARY KEY AUTO_INCREMENT, x LONGTEXT)',
    ]);
    for (const replica of sandbox.replicas) await untilCaughtUp(replica, sandbox.primary);
  });

  afterEach(async () => {
    const page = await stage.untilAllIsWell();
    expect(page.value('mysql_cluster_replicas_healthy')).toBe(2);
  });

  afterAll(() => scope.end());

  /** So many transactions on the primary. */
  async function write(count: number, bytes = 10): Promise<void> {
    for (let index = 0; index < count; index += 1)
      await stage.sandbox.primary.sql(`INSERT INTO app.t (x) VALUES (REPEAT('x', ${bytes}))`);
  }

  it('tells whom it follows, how far it is, and when it last heard of its source', async () => {
    const { lockstep, mysql, sandbox } = stage;
    const { primary } = sandbox;
    await write(3);
    await untilCaughtUp(stage.server('db2'), primary);
    const { file, position } = await coordinatesOf(primary);
    const page = await lockstep.probeUntil(
      'db2',
      'the positions to be the source’s',
      (scrape) =>
        scrape.value('mysql_replica_read_position_bytes') === position &&
        scrape.value('mysql_replica_executed_position_bytes') === position,
    );
    const number = Number(file.split('.').at(-1));
    expect(page.value('mysql_replica_read_log_number')).toBe(number);
    expect(page.value('mysql_replica_executed_log_number')).toBe(number);
    expect(page.value('mysql_replica_channels')).toBe(1);
    expect(page.all('mysql_replica_configured')).toEqual([
      { name: 'mysql_replica_configured', labels: { cluster: 'sandbox', server: 'db2', channel: '' }, value: 1 },
    ]);
    expect(page.all('mysql_replica_source_info').map(({ labels }) => labels)).toEqual([
      {
        cluster: 'sandbox',
        server: 'db2',
        channel: '',
        source_host: primary.address.host,
        source_port: String(primary.address.port),
        source_user: 'replication',
        source_server_id: await askOne(primary, '@@server_id'),
        source_uuid: mysql ? await askOne(primary, '@@server_uuid') : '',
        gtid_mode: mysql ? 'auto' : 'slave_pos',
      },
    ]);
    const { caFile, certFile, keyFile } = sandbox.channelTls(stage.server('db2'));
    expect(page.all('mysql_replica_tls_info').map(({ labels }) => labels)).toMatchObject([
      { channel: '', ca_file: caFile, cert_file: certFile, key_file: keyFile },
    ]);
    expect(page.value('mysql_replica_io_running')).toBe(1);
    expect(page.value('mysql_replica_sql_running')).toBe(1);
    expect(page.value('mysql_replica_lag_known')).toBe(1);
    expect(page.value('mysql_replica_lag_seconds')).toBe(0);
    expect(page.value('mysql_replica_silent')).toBe(0);
    expect(page.value('mysql_replica_heartbeat_period_seconds')).toBe(2);
    expect(page.value('mysql_replica_gtid_enabled')).toBe(1);
    expect(page.state('mysql_gtid_mode', 'mode')).toBe(mysql ? 'ON' : undefined);
    expect(page.value('mysql_gtid_strict_mode')).toBe(mysql ? undefined : 1);
    expect(page.value('mysql_gtid_domain_id')).toBe(mysql ? undefined : 0);
    expect(page.value('mysql_logs_replica_updates')).toBe(1);

    const heard = page.value('mysql_replica_heartbeats_received_total') ?? NaN;
    const later = await lockstep.probeUntil(
      'db2',
      'another heartbeat of the idle source',
      (scrape) => (scrape.value('mysql_replica_heartbeats_received_total') ?? NaN) > heard,
    );
    expectRecent(later.value('mysql_replica_last_received_timestamp_seconds'), 10);

    const primaryPage = await lockstep.probe('db1');
    expect(primaryPage.value('mysql_replica_channels')).toBe(0);
    expect(primaryPage.all('mysql_replica_configured')).toEqual([]);
  });

  it('shows a thread that was stopped by hand, without an error, and its lag as unknown', async () => {
    const { lockstep } = stage;
    const db2 = stage.server('db2');
    await stopReplication(db2, 'io');
    let page = await lockstep.probe('db2');
    expect(page.value('mysql_replica_io_running')).toBe(0);
    expect(page.value('mysql_replica_io_connecting')).toBe(0);
    expect(page.value('mysql_replica_io_errno')).toBe(0);
    expect(page.value('mysql_replica_io_error_timestamp_seconds')).toBeUndefined();
    expect(page.value('mysql_replica_sql_running')).toBe(1);
    expect(page.value('mysql_replica_lag_known')).toBe(0);
    expect(page.value('mysql_replica_lag_seconds')).toBeUndefined();
    const cluster = await lockstep.metrics();
    expect(problemsOf(cluster)).toContain('replication-stopped db2');
    expect(cluster.value('mysql_cluster_problems', { problem: 'replication-stopped' })).toBe(1);
    expect(cluster.value('mysql_cluster_problems', { problem: 'replication-failed' })).toBe(0);
    expect(cluster.value('mysql_cluster_replicas_healthy')).toBe(1);
    await startReplication(db2, 'io');
    await untilReplicating(db2);

    await stopReplication(db2, 'sql');
    page = await lockstep.probe('db2');
    expect(page.value('mysql_replica_io_running')).toBe(1);
    expect(page.value('mysql_replica_sql_running')).toBe(0);
    expect(page.value('mysql_replica_sql_errno')).toBe(0);
    expect(page.value('mysql_replica_lag_known')).toBe(0);
    expect(problemsOf(await lockstep.metrics())).toContain('replication-stopped db2');
    await startReplication(db2, 'sql');
  });

  it('counts the transactions that a stopped applier lacks, and the bytes that wait for it', async () => {
    const { lockstep, sandbox } = stage;
    const db2 = stage.server('db2');
    const before = await lockstep.probe('db2');
    const gap = { server: 'db2', channel: '' };
    expect((await lockstep.metrics()).value('mysql_replica_gtid_gap_transactions', gap)).toBe(0);
    await stopReplication(db2, 'sql');
    await write(7, 20_000);
    await untilCaughtUp(stage.server('db3'), sandbox.primary);
    const page = await lockstep.metrics();
    expect(page.value('mysql_replica_gtid_gap_transactions', gap)).toBe(7);
    expect(page.value('mysql_replica_gtid_gap_transactions', { server: 'db3', channel: '' })).toBe(0);
    const grown = (before.value('mysql_replica_relay_log_bytes') ?? NaN) + 7 * 20_000;
    const waiting = await lockstep.probeUntil(
      'db2',
      'the relay log to hold them',
      (scrape) => (scrape.value('mysql_replica_relay_log_bytes') ?? 0) > grown,
    );
    const executed = waiting.value('mysql_replica_executed_position_bytes') ?? NaN;
    expect(executed).toBe(before.value('mysql_replica_executed_position_bytes'));
    expect(waiting.value('mysql_replica_read_position_bytes')).toBeGreaterThan(executed + 7 * 20_000);
    await startReplication(db2, 'sql');
    await untilCaughtUp(db2, sandbox.primary);
    expect((await lockstep.metrics()).value('mysql_replica_gtid_gap_transactions', gap)).toBe(0);
  });

  it('shows why an applier broke, and when where the server says', async () => {
    const { lockstep, mysql, sandbox } = stage;
    const db2 = stage.server('db2');
    await collide(sandbox.primary, db2);
    const page = await lockstep.probe('db2');
    expect(page.value('mysql_replica_sql_running')).toBe(0);
    expect(page.value('mysql_replica_sql_errno')).toBe(1062);
    expect(page.value('mysql_replica_io_errno')).toBe(0);
    if (mysql) expectRecent(page.value('mysql_replica_sql_error_timestamp_seconds'), 30);
    else expect(page.value('mysql_replica_sql_error_timestamp_seconds')).toBeUndefined();
    const cluster = await lockstep.metrics();
    expect(problemsOf(cluster).filter((problem) => problem.startsWith('replication'))).toEqual([
      'replication-failed db2',
    ]);
    expect(cluster.value('mysql_replica_gtid_gap_transactions', { server: 'db2', channel: '' })).toBe(1);
    await db2.run(['SET sql_log_bin = 0', 'DELETE FROM collision.rows_of', 'SET sql_log_bin = 1']);
    await startReplication(db2, 'sql');
    await untilCaughtUp(db2, sandbox.primary);
    expect((await lockstep.probe('db2')).value('mysql_replica_sql_errno')).toBe(0);
  });

  it('shows a link that is down as connecting, with the error, and still knows the source', async () => {
    const { lockstep, mysql, sandbox } = stage;
    const db2 = stage.server('db2');
    const link = await openLink(scope, sandbox.primary.address);
    await stopReplication(db2);
    await sandbox.follow(db2, sandbox.primary, { through: link.address });
    // Through a proxy only what the source says of itself tells which it is, and MySQL asks it after it says that it is connected.
    const known = (scrape: Scrape) => scrape.all('mysql_replica_link_info', { server: 'db2', source: 'db1' }).length === 1; // prettier-ignore
    await lockstep.metricsUntil('the source to be known', known);
    await link.cut();
    const page = await lockstep.probeUntil(
      'db2',
      'the error of another try',
      (scrape) =>
        scrape.value('mysql_replica_io_connecting') === 1 && (scrape.value('mysql_replica_io_errno') ?? 0) > 0,
    );
    expect([2003, 2013, 2026]).toContain(page.value('mysql_replica_io_errno'));
    expect(page.value('mysql_replica_io_running')).toBe(0);
    expect(page.value('mysql_replica_lag_known')).toBe(0);
    if (mysql) expectRecent(page.value('mysql_replica_io_error_timestamp_seconds'), 30);
    // Both servers must have answered to the same look.
    const cluster = await lockstep.metricsUntil('the source of the link', known);
    expect(problemsOf(cluster)).toContain('replication-connecting db2');
    expect(cluster.state('mysql_server_role', 'role', { server: 'db2' })).toBe('replica');
    await link.mend();
    await untilReplicating(db2);
    await stopReplication(db2);
    await sandbox.follow(db2, sandbox.primary);
  });

  it('lags behind a locked table, and on purpose', async () => {
    const { lockstep, sandbox } = stage;
    const db2 = stage.server('db2');
    const release = await lockTable(db2, 'app.t');
    try {
      await write(1);
      const lag = await lockstep.probeUntil(
        'db2',
        'lag to show',
        (scrape) => (scrape.value('mysql_replica_lag_seconds') ?? 0) >= 2,
      );
      expect(lag.value('mysql_replica_lag_known')).toBe(1);
      expect(lag.value('mysql_replica_delay_seconds')).toBe(0);
      expect(problemsOf(await lockstep.metrics())).toContain('replication-lagging db2');
    } finally {
      await release();
    }
    await untilCaughtUp(db2, sandbox.primary);

    await delayReplica(db2, 600);
    await write(1);
    const late = await lockstep.probeUntil(
      'db2',
      'the delay to show as lag',
      (scrape) => (scrape.value('mysql_replica_lag_seconds') ?? 0) >= 2,
    );
    expect(late.value('mysql_replica_delay_seconds')).toBe(600);
    expect(problemsOf(await lockstep.metrics())).not.toContain('replication-lagging db2');
    await delayReplica(db2, 0);
    await untilCaughtUp(db2, sandbox.primary);
  });

  it('hears nothing of a frozen source, and does not believe the lag that the replica gives', async () => {
    const { lockstep, sandbox } = stage;
    const db2 = stage.server('db2');
    expect((await lockstep.probe('db1')).value('mysql_up')).toBe(1);
    await sandbox.primary.freeze();
    try {
      const page = await lockstep.probeUntil('db2', 'silence', (scrape) => scrape.value('mysql_replica_silent') === 1);
      // What the server itself says is all well: this is why its word is not enough.
      const [status] = await db2.sql(db2.words.status);
      expect(status?.['Seconds_Behind_Source'] ?? status?.['Seconds_Behind_Master']).toBe('0');
      expect(page.value('mysql_replica_io_running')).toBe(1);
      expect(page.value('mysql_replica_sql_running')).toBe(1);
      expect(page.value('mysql_replica_lag_known')).toBe(0);
      expect(page.value('mysql_replica_lag_seconds')).toBeUndefined();

      const hanging = lockstep.probe('db1').then((scrape) => ({ of: 'db1', scrape }));
      const first = await Promise.race([hanging, lockstep.probe('db3').then((scrape) => ({ of: 'db3', scrape }))]);
      expect(first.of).toBe('db3');
      const { scrape } = await hanging;
      expect(scrape.value('mysql_up')).toBe(0);
      expect(scrape.state('mysql_down', 'reason')).toBe('timeout');
      expect(scrape.all('lockstep_collector_success').every(({ value }) => value === 0)).toBe(true);

      const cluster = await lockstep.metrics();
      expect(problemsOf(cluster)).toEqual(
        expect.arrayContaining(['lag-unknown db2', 'lag-unknown db3', 'server-down db1']),
      );
      expect(cluster.state('mysql_server_role', 'role', { server: 'db1' })).toBe('primary');
      expect(cluster.value('mysql_cluster_replicas_healthy')).toBe(0);
      expect(cluster.value('mysql_errant_transactions_known', { server: 'db2' })).toBe(0);
    } finally {
      sandbox.primary.thaw();
    }
  });
});
