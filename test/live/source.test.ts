import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { coordinatesOf, untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';
import type { Scrape } from './scrape.js';
import { askOne, openStage, problemsOf, type Stage } from './stage.js';

const day = 86_400;

await describeEach('a source', (version) => {
  const scope = new Scope();
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(scope, { version, replicas: 1, durable: true }, { keys: inUtc });
    await stage.sandbox.primary.run([
      'CREATE DATABASE app',
      'CREATE TABLE app.t (id INT PRIMARY KEY AUTO_INCREMENT, x LONGTEXT)',
    ]);
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await stage.untilAllIsWell([]);
  });

  afterAll(() => scope.end());

  async function write(): Promise<void> {
    await stage.sandbox.primary.sql("INSERT INTO app.t (x) VALUES ('x')");
  }

  it('shows how durable its commits are', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    const durable = await lockstep.probe('db1');
    expect(durable.value('mysql_sync_binlog')).toBe(1);
    expect(durable.value('mysql_innodb_flush_log_at_trx_commit')).toBe(1);
    await primary.run(['SET GLOBAL sync_binlog = 100', 'SET GLOBAL innodb_flush_log_at_trx_commit = 2']);
    const relaxed = await lockstep.probe('db1');
    expect(relaxed.value('mysql_sync_binlog')).toBe(100);
    expect(relaxed.value('mysql_innodb_flush_log_at_trx_commit')).toBe(2);
    expect(problemsOf(await lockstep.metrics())).toEqual(['durability-relaxed db1']);
    await primary.run(['SET GLOBAL sync_binlog = 1', 'SET GLOBAL innodb_flush_log_at_trx_commit = 1']);
  });

  it('shows its binary log: files, bytes, position, and how long they are kept', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    await primary.run(['FLUSH BINARY LOGS', 'FLUSH BINARY LOGS']);
    await write();
    const files = await primary.sql('SHOW BINARY LOGS');
    const bytes = files.reduce((sum, row) => sum + Number(row['File_size']), 0);
    const page = await lockstep.probeUntil(
      'db1',
      'the files to be listed anew',
      // What was listed between two of these statements has the one and not yet the other.
      (scrape) =>
        scrape.value('mysql_binlog_files') === files.length && scrape.value('mysql_binlog_size_bytes') === bytes,
    );
    const end = await coordinatesOf(primary);
    expect(page.value('mysql_binlog_enabled')).toBe(1);
    expect(page.value('mysql_binlog_current_log_number')).toBe(Number(end.file.split('.').at(-1)));
    expect(page.value('mysql_binlog_current_position_bytes')).toBe(end.position);
    expect(files.length).toBeGreaterThanOrEqual(3);

    const before = await askOne(primary, retention);
    await primary.sql(`SET GLOBAL ${retentionName()} = 3 ${seconds() ? `* ${day}` : ''}`);
    const kept = await lockstep.probeUntil(
      'db1',
      'the new retention to show',
      (scrape) => scrape.value('mysql_binlog_retention_seconds') === 3 * day,
    );
    expect(kept.value('mysql_binlog_enabled')).toBe(1);
    // A replica that reads the newest file has all of that time.
    const headroom = { server: 'db2', channel: '' };
    const whole = await lockstep.metrics();
    expect(whole.value('mysql_replica_retention_headroom_seconds', headroom)).toBe(3 * day);
    expect(whole.value('mysql_replica_source_log_available', headroom)).toBe(1);

    await primary.sql(`SET GLOBAL ${retentionName()} = ${before}`);
  });

  /** In what unit the version keeps it: seconds came with MariaDB 10.6 and MySQL 8.0. */
  function seconds(): boolean {
    return version !== 'mariadb-10.5';
  }
  function retentionName(): string {
    return seconds() ? 'binlog_expire_logs_seconds' : 'expire_logs_days';
  }
  const retention = version === 'mariadb-10.5' ? '@@global.expire_logs_days' : '@@global.binlog_expire_logs_seconds';

  it('is told off for a retention that a stopped replica may outlast', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    const db2 = stage.server('db2');
    const before = await askOne(primary, retention);
    // Known to have arrived: what came last dates the headroom.
    const seen = (await lockstep.probe('db2')).value('mysql_replica_heartbeats_received_total') ?? NaN;
    await lockstep.probeUntil(
      'db2',
      'a heartbeat',
      (scrape) => (scrape.value('mysql_replica_heartbeats_received_total') ?? NaN) > seen,
    );
    await primary.sql(`SET GLOBAL ${retentionName()} = ${seconds() ? 20_000 : 1}`);
    await stopReplication(db2, 'io');
    await primary.sql('FLUSH BINARY LOGS');
    await write();
    const limit = seconds() ? 20_000 : day;
    const page = await lockstep.metricsUntil('the headroom to shrink', (scrape) => {
      const left = scrape.value('mysql_replica_retention_headroom_seconds', { server: 'db2', channel: '' });
      return left !== undefined && left < limit;
    });
    expect(page.value('mysql_replica_retention_headroom_seconds', { server: 'db2', channel: '' })).toBeGreaterThan(
      limit - 120,
    );
    expect(page.value('mysql_replica_source_log_available', { server: 'db2', channel: '' })).toBe(1);
    expect(problemsOf(page)).toContain('retention-short db2');
    await primary.sql(`SET GLOBAL ${retentionName()} = ${before}`);
    await startReplication(db2, 'io');
    await untilReplicating(db2);
  });

  it('shows who streams its binary log, encrypted or not where it tells', async () => {
    const { lockstep, mysql } = stage;
    const page = await lockstep.probeUntil('db1', 'one stream to be seen', (scrape) => streams(scrape) === 1);
    expect(page.value('mysql_binlog_streams', { encrypted: 'yes' })).toBe(mysql ? 1 : 0);
    expect(page.value('mysql_binlog_streams', { encrypted: 'unknown' })).toBe(mysql ? 0 : 1);
    expect(page.value('mysql_binlog_streams', { encrypted: 'no' })).toBe(0);
    await stopReplication(stage.server('db2'), 'io');
    await lockstep.probeUntil('db1', 'the stream to end', (scrape) => streams(scrape) === 0);
    await startReplication(stage.server('db2'), 'io');
    await lockstep.probeUntil('db1', 'the stream to begin', (scrape) => streams(scrape) === 1);
  });

  it('has a clock that is compared with ours', async () => {
    const { lockstep } = stage;
    const right = await lockstep.probe('db1');
    expect(Math.abs(right.value('mysql_clock_offset_seconds') ?? NaN)).toBeLessThan(1);
    // The servers of the sandbox share the clock of the machine; so it is Lockstep's that goes wrong.
    const real = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => real() - 30_000);
    const wrong = await lockstep.probe('db1');
    expect(wrong.value('mysql_clock_offset_seconds')).toBeGreaterThan(29);
    expect(wrong.value('mysql_clock_offset_seconds')).toBeLessThan(31);
    expect(problemsOf(await lockstep.metrics())).toEqual(
      expect.arrayContaining(['clock-offset db1', 'clock-offset db2']),
    );
  });

  it('measures lag by a heartbeat table, written in UTC or in the time of its host', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    const db2 = stage.server('db2');
    expect((await lockstep.metrics()).value('mysql_replica_heartbeat_lag_seconds')).toBeUndefined();
    // As pt-heartbeat creates it, and as it writes.
    await primary.run([
      'CREATE DATABASE percona',
      ...['percona.heartbeat', 'percona.local_heartbeat'].map(
        (table) =>
          `CREATE TABLE ${table} (ts VARCHAR(26) NOT NULL, server_id INT UNSIGNED NOT NULL PRIMARY KEY, file VARCHAR(255) DEFAULT NULL, position BIGINT UNSIGNED DEFAULT NULL, relay_source_log_file VARCHAR(255) DEFAULT NULL, exec_source_log_pos BIGINT UNSIGNED DEFAULT NULL)`,
      ),
    ]);
    await untilCaughtUp(db2, primary);
    const monitor = quoteAccount({ user: sandbox.accounts.monitor.user, host: '%' });
    for (const server of sandbox.servers)
      await server.run([
        'SET sql_log_bin = 0',
        `GRANT SELECT ON percona.heartbeat TO ${monitor}`,
        `GRANT SELECT ON percona.local_heartbeat TO ${monitor}`,
        'SET sql_log_bin = 1',
        "SET GLOBAL time_zone = '+05:00'",
      ]);
    const form = "'%Y-%m-%dT%H:%i:%s.%f'";
    await primary.run([
      `REPLACE INTO percona.heartbeat (ts, server_id) VALUES (DATE_FORMAT(UTC_TIMESTAMP(6) - INTERVAL 100 SECOND, ${form}), @@server_id)`,
      "SET time_zone = '+05:00'",
      `REPLACE INTO percona.local_heartbeat (ts, server_id) VALUES (DATE_FORMAT(NOW(6) - INTERVAL 500 SECOND, ${form}), @@server_id)`,
      'SET time_zone = @@global.time_zone',
    ]);
    const local = await watch(sandbox, { keys: { heartbeat: { table: 'percona.local_heartbeat' } } });
    try {
      for (const [lockstepOf, lag] of [
        [lockstep, 100],
        [local, 500],
      ] as const) {
        const page = await untilHeartbeat(lockstepOf);
        const measured = page.value('mysql_replica_heartbeat_lag_seconds', { server: 'db2', channel: '' });
        expect(measured).toBeGreaterThanOrEqual(lag);
        expect(measured).toBeLessThan(lag + 60);
        expect(problemsOf(page)).toContain('replication-lagging db2');
        expect((await lockstepOf.probe('db2')).value('mysql_replica_lag_seconds')).toBeLessThan(5);
      }
    } finally {
      await local.stop();
    }
    await primary.sql('DROP DATABASE percona');
    for (const server of sandbox.servers) await server.sql("SET GLOBAL time_zone = 'SYSTEM'");
  });

  it('commits semi-synchronously, degrades, and tells of a degradation that came and went between two scrapes', async () => {
    const { lockstep, mysql, sandbox } = stage;
    const { primary } = sandbox;
    const db2 = stage.server('db2');
    const [source, replica] = mysql
      ? ['rpl_semi_sync_source', 'rpl_semi_sync_replica']
      : ['rpl_semi_sync_master', 'rpl_semi_sync_slave'];
    const off = await lockstep.probe('db1');
    expect(off.value('mysql_semi_sync_source_enabled')).toBe(0);
    expect(off.value('mysql_semi_sync_replica_enabled')).toBe(0);
    // MySQL has none of it until the plugin is there.
    expect(off.value('mysql_semi_sync_source_active')).toBe(mysql ? undefined : 0);
    if (mysql) {
      await primary.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
      await db2.sql("INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
    }
    const link = await openLink(scope, primary.address);
    await stopReplication(db2);
    await db2.sql(`SET GLOBAL ${replica}_enabled = 1`);
    await sandbox.follow(db2, primary, { through: link.address });
    await primary.run([
      `SET GLOBAL ${source}_timeout = 300`,
      `SET GLOBAL ${source}_wait_point = 'AFTER_COMMIT'`,
      `SET GLOBAL ${source}_enabled = 1`,
    ]);
    await write();
    const on = await untilActive(1);
    expect(on.value('mysql_semi_sync_source_enabled')).toBe(1);
    expect(on.value('mysql_semi_sync_source_clients')).toBe(1);
    expect(on.value('mysql_semi_sync_source_timeout_seconds')).toBe(0.3);
    expect(on.state('mysql_semi_sync_source_wait_point', 'point')).toBe('after-commit');
    const acknowledging = await lockstep.probeUntil(
      'db2',
      'the setting to be read anew',
      (scrape) => scrape.value('mysql_semi_sync_replica_enabled') === 1,
    );
    expect(acknowledging.value('mysql_semi_sync_replica_active')).toBe(1);
    await write();
    await write();
    const after = await lockstep.probe('db1');
    expect(grown(on, after, 'mysql_semi_sync_protected_transactions_total')).toBe(2);
    expect(grown(on, after, 'mysql_semi_sync_unprotected_transactions_total')).toBe(0);

    // A lost route: the replica stays connected and acknowledges nothing. The commit waits 300 ms and goes on alone.
    link.blackhole();
    await write();
    await write();
    const degraded = await lockstep.probe('db1');
    expect(degraded.value('mysql_semi_sync_source_enabled')).toBe(1);
    expect(degraded.value('mysql_semi_sync_source_active')).toBe(0);
    expect(grown(after, degraded, 'mysql_semi_sync_unprotected_transactions_total')).toBe(2);
    expect(grown(after, degraded, 'mysql_semi_sync_degradations_total')).toBe(1);
    expect(problemsOf(await lockstep.metrics())).toContain('semi-sync-degraded db1');
    await link.mend();
    await untilCaughtUp(db2, primary);
    await write();
    const whole = await untilActive(1);

    // Nobody looks while it happens again.
    link.blackhole();
    await write();
    await link.mend();
    await untilCaughtUp(db2, primary);
    await write();
    const later = await untilActive(1);
    expect(later.value('mysql_semi_sync_source_active')).toBe(whole.value('mysql_semi_sync_source_active'));
    expect(grown(whole, later, 'mysql_semi_sync_degradations_total')).toBe(1);
    expect(grown(whole, later, 'mysql_semi_sync_unprotected_transactions_total')).toBeGreaterThanOrEqual(1);

    await primary.sql(`SET GLOBAL ${source}_wait_point = 'AFTER_SYNC'`);
    const point = await lockstep.probeUntil(
      'db1',
      'the other wait point',
      (scrape) => scrape.state('mysql_semi_sync_source_wait_point', 'point') === 'after-sync',
    );
    expect(point.value('mysql_semi_sync_source_enabled')).toBe(1);
    await primary.sql(`SET GLOBAL ${source}_enabled = 0`);
    await stopReplication(db2);
    await db2.sql(`SET GLOBAL ${replica}_enabled = 0`);
    await sandbox.follow(db2, primary);
  });

  function untilActive(value: number): Promise<Scrape> {
    return stage.lockstep.probeUntil(
      'db1',
      `semi-synchronous commits to be ${value === 1 ? 'active' : 'degraded'}`,
      (scrape) => scrape.value('mysql_semi_sync_source_active') === value,
    );
  }

  // Last, for what is purged does not come back.
  it('has purged what a stopped replica has yet to read', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    const db2 = stage.server('db2');
    const channel = { server: 'db2', channel: '' };
    await stopReplication(db2, 'io');
    await write();
    await primary.run(['FLUSH BINARY LOGS', 'FLUSH BINARY LOGS']);
    expect((await lockstep.metrics()).value('mysql_replica_source_log_available', channel)).toBe(1);
    await purgeAll(primary);
    const page = await lockstep.metricsUntil(
      'the loss to be seen',
      (scrape) => scrape.value('mysql_replica_source_log_available', channel) === 0,
    );
    expect(problemsOf(page)).toContain('source-log-purged db2');
    await db2.sql(`START ${db2.column.replicaWord} IO_THREAD`);
    const refused = await lockstep.probeUntil(
      'db2',
      'the source to refuse',
      (scrape) => (scrape.value('mysql_replica_io_errno') ?? 0) > 0,
    );
    expect([1236, 13114]).toContain(refused.value('mysql_replica_io_errno'));
    expect(refused.value('mysql_replica_io_running')).toBe(0);
    expect(problemsOf(await lockstep.metrics())).toContain('replication-failed db2');
    await sandbox.reset();
  });
});

const inUtc = { heartbeat: { table: 'percona.heartbeat', utc: true } };

function streams(page: Scrape): number {
  return page.all('mysql_binlog_streams').reduce((sum, { value }) => sum + value, 0);
}

function grown(before: Scrape, after: Scrape, name: string): number {
  return (after.value(name) ?? NaN) - (before.value(name) ?? NaN);
}

function untilHeartbeat(lockstep: WatchingLockstep): Promise<Scrape> {
  return lockstep.metricsUntil(
    'the heartbeat to be read',
    (scrape) => scrape.value('mysql_replica_heartbeat_lag_seconds', { server: 'db2', channel: '' }) !== undefined,
  );
}

/** Every file but the one that is written now; none goes while a stream that has ended is still believed to read it. */
async function purgeAll(source: SandboxServer): Promise<void> {
  const { file } = await coordinatesOf(source);
  await until('the binary logs to be purged', async () => {
    await source.sql(`PURGE BINARY LOGS TO '${file}'`);
    return (await source.sql('SHOW BINARY LOGS')).length === 1;
  });
}
