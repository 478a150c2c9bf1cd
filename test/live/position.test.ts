import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { coordinatesOf, untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';
import { openStage, problemsOf, type Stage } from './stage.js';

const channel = { server: 'db2', channel: '' };

// One story, told in order: what is purged at its end does not come back.
await describeEach('replication by file and position', (version) => {
  const scope = new Scope();
  let stage: Stage;

  beforeAll(async () => {
    // MySQL 9 has them on unless it is told otherwise.
    const settings = version === 'mysql-9.7' ? { gtid_mode: 'OFF', enforce_gtid_consistency: 'OFF' } : {};
    stage = await openStage(scope, { version, mode: 'position', replicas: 1, settings });
    await stage.sandbox.primary.run(['CREATE DATABASE app', 'CREATE TABLE app.t (id INT PRIMARY KEY AUTO_INCREMENT)']);
  });

  afterAll(() => scope.end());

  it('is told from replication by GTID, and what only GTIDs tell is unknown', async () => {
    const { lockstep, mysql, sandbox } = stage;
    const db2 = stage.server('db2');
    await untilCaughtUp(db2, sandbox.primary);
    const { file, position } = await coordinatesOf(sandbox.primary);
    const page = await lockstep.probeUntil(
      'db2',
      'the positions to be the source’s',
      (scrape) => scrape.value('mysql_replica_executed_position_bytes') === position,
    );
    expect(page.value('mysql_replica_executed_log_number')).toBe(Number(file.split('.').at(-1)));
    expect(page.value('mysql_replica_gtid_enabled')).toBe(0);
    expect(page.all('mysql_replica_source_info', { gtid_mode: 'off' })).toHaveLength(1);
    expect(page.state('mysql_gtid_mode', 'mode')).toBe(mysql ? 'OFF' : undefined);
    expect(page.value('mysql_replica_lag_seconds')).toBe(0);
    const cluster = await stage.untilAllIsWell();
    expect(cluster.value('mysql_replica_gtid_gap_transactions', channel)).toBe(mysql ? undefined : 0);
    // MariaDB gives every transaction its GTID, also where channels do not use it.
    expect(cluster.value('mysql_errant_transactions_known', { server: 'db2' })).toBe(mysql ? 0 : 1);
    expect(cluster.value('mysql_errant_transactions', { server: 'db2' })).toBe(mysql ? undefined : 0);
    expect(cluster.value('mysql_replica_source_log_available', channel)).toBe(1);
    expect(cluster.state('mysql_server_role', 'role', { server: 'db1' })).toBe('primary');
  });

  it('shows how far the applier is behind the receiver, over the end of a file', async () => {
    const { lockstep, sandbox } = stage;
    const db2 = stage.server('db2');
    await stopReplication(db2, 'sql');
    const before = await coordinatesOf(sandbox.primary);
    await sandbox.primary.run(['INSERT INTO app.t VALUES ()', 'FLUSH BINARY LOGS', 'INSERT INTO app.t VALUES ()']);
    const after = await coordinatesOf(sandbox.primary);
    const number = (file: string) => Number(file.split('.').at(-1));
    const page = await lockstep.probeUntil(
      'db2',
      'all to be received',
      (scrape) =>
        scrape.value('mysql_replica_read_position_bytes') === after.position &&
        scrape.value('mysql_replica_read_log_number') === number(after.file),
    );
    expect(page.value('mysql_replica_executed_log_number')).toBe(number(before.file));
    expect(page.value('mysql_replica_executed_position_bytes')).toBe(before.position);
    await startReplication(db2, 'sql');
    await untilCaughtUp(db2, sandbox.primary);
    await stage.untilAllIsWell();
  });

  it('has lost the file that the replica reads next', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    const db2 = stage.server('db2');
    await stopReplication(db2, 'io');
    await primary.run(['INSERT INTO app.t VALUES ()', 'FLUSH BINARY LOGS']);
    expect((await lockstep.metrics()).value('mysql_replica_source_log_available', channel)).toBe(1);
    const { file } = await coordinatesOf(primary);
    await until('the binary logs to be purged', async () => {
      await primary.sql(`PURGE BINARY LOGS TO '${file}'`);
      return (await primary.sql('SHOW BINARY LOGS')).length === 1;
    });
    const page = await lockstep.metricsUntil(
      'the loss to be seen',
      (scrape) => scrape.value('mysql_replica_source_log_available', channel) === 0,
    );
    expect(problemsOf(page)).toContain('source-log-purged db2');
    await startReplication(db2, 'io');
    const refused = await lockstep.probeUntil(
      'db2',
      'the source to refuse',
      (scrape) => (scrape.value('mysql_replica_io_errno') ?? 0) > 0,
    );
    expect([1236, 13114]).toContain(refused.value('mysql_replica_io_errno'));
    expect(refused.value('mysql_replica_io_connecting')).toBe(0);
    expect(problemsOf(await lockstep.metrics())).toEqual(
      expect.arrayContaining(['replication-failed db2', 'source-log-purged db2']),
    );
  });
});
