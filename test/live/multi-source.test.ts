import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { collide, delayReplica, startReplication, stopReplication, writeErrant } from '../../src/sandbox/faults.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';
import { openStage, problemsOf, type Stage } from './stage.js';

const west = { server: 'db2', channel: 'west' };
const own = { server: 'db2', channel: '' };

await describeEach('a replica of two sources', (version) => {
  const scope = new Scope();
  /** Its Lockstep knows db1 and db2 alone. */
  let stage: Stage;
  /** Knows all three. */
  let everything: WatchingLockstep;

  beforeAll(async () => {
    stage = await openStage(scope, { version, replicas: 1 });
    const { mysql, sandbox } = stage;
    // Two sources that write in one domain would be out of order on a strict MariaDB.
    const source = await sandbox.add('west', { settings: mysql ? {} : { gtid_domain_id: 7 } });
    everything = await watch(sandbox);
    scope.defer(() => everything.stop());
    await sandbox.open(source);
    await sandbox.follow(stage.server('db2'), source, { channel: 'west' });
    await source.run(['CREATE DATABASE west', 'CREATE TABLE west.t (id INT PRIMARY KEY AUTO_INCREMENT)']);
    await untilCaughtUp(stage.server('db2'), source, { channel: 'west' });
  });

  afterAll(() => scope.end());

  it('has a series for each channel, and a source for each that is configured', async () => {
    const page = await everything.probe('db2');
    expect(page.value('mysql_replica_channels')).toBe(2);
    expect(page.all('mysql_replica_configured').map(({ labels }) => labels['channel'])).toEqual(['', 'west']);
    expect(page.value('mysql_replica_io_running', own)).toBe(1);
    expect(page.value('mysql_replica_io_running', west)).toBe(1);
    const ports = page.all('mysql_replica_source_info').map(({ labels }) => Number(labels['source_port']));
    expect(ports).toEqual([stage.server('db1').address.port, stage.server('west').address.port]);

    const cluster = await everything.metrics();
    expect(cluster.all('mysql_replica_link_info').map(({ labels }) => [labels['channel'], labels['source']])).toEqual([
      ['', 'db1'],
      ['west', 'west'],
    ]);
    expect(cluster.state('mysql_server_role', 'role', { server: 'db2' })).toBe('replica');
    expect(cluster.value('mysql_cluster_writable_servers')).toBe(2);
    expect(problemsOf(cluster)).toContain('two-primaries');
    // Against both sources together, none of what came is errant; the gap is each source's own.
    expect(cluster.value('mysql_errant_transactions_known', { server: 'db2' })).toBe(1);
    expect(cluster.value('mysql_errant_transactions', { server: 'db2' })).toBe(0);
    expect(cluster.value('mysql_replica_gtid_gap_transactions', own)).toBe(0);
    expect(cluster.value('mysql_replica_gtid_gap_transactions', west)).toBe(0);
    expect(cluster.value('mysql_unknown_replicas', { server: 'west' })).toBe(0);
  });

  it('cannot tell what is errant against a source that is not configured', async () => {
    const page = await stage.lockstep.metrics();
    expect(page.all('mysql_replica_link_info').map(({ labels }) => [labels['channel'], labels['source']])).toEqual([
      ['', 'db1'],
      ['west', ''],
    ]);
    expect(page.value('mysql_errant_transactions_known', { server: 'db2' })).toBe(0);
    expect(page.value('mysql_errant_transactions', { server: 'db2' })).toBeUndefined();
    expect(page.value('mysql_replica_gtid_gap_transactions', own)).toBe(0);
    expect(page.value('mysql_replica_gtid_gap_transactions', west)).toBeUndefined();
    expect(page.state('mysql_server_role', 'role', { server: 'db1' })).toBe('primary');
    expect(page.value('mysql_cluster_replicas_healthy')).toBe(1);
  });

  it('stops, is late and breaks on one channel alone', async () => {
    const { lockstep, sandbox } = stage;
    const [db1, db2, source] = [stage.server('db1'), stage.server('db2'), stage.server('west')];
    await stopReplication(db2, 'sql', 'west');
    for (let count = 0; count < 4; count += 1) await source.sql('INSERT INTO west.t VALUES ()');
    await db1.sql('CREATE DATABASE app');
    await untilCaughtUp(db2, db1);
    let page = await everything.metrics();
    expect(page.value('mysql_replica_gtid_gap_transactions', west)).toBe(4);
    expect(page.value('mysql_replica_gtid_gap_transactions', own)).toBe(0);
    expect(problemsOf(page)).toContain('replication-stopped db2 west');
    expect(page.value('mysql_cluster_replicas_healthy')).toBe(0);
    let probe = await lockstep.probe('db2');
    expect(probe.value('mysql_replica_sql_running', west)).toBe(0);
    expect(probe.value('mysql_replica_lag_known', west)).toBe(0);
    expect(probe.value('mysql_replica_sql_running', own)).toBe(1);
    expect(probe.value('mysql_replica_lag_known', own)).toBe(1);
    await startReplication(db2, 'sql', 'west');
    await untilCaughtUp(db2, source, { channel: 'west' });

    await delayReplica(db2, 900, 'west');
    probe = await lockstep.probe('db2');
    expect(probe.value('mysql_replica_delay_seconds', west)).toBe(900);
    expect(probe.value('mysql_replica_delay_seconds', own)).toBe(0);
    await delayReplica(db2, 0, 'west');

    await collide(source, db2, 'west.rows_of', 'west');
    probe = await lockstep.probe('db2');
    expect(probe.value('mysql_replica_sql_errno', west)).toBe(1062);
    expect(probe.value('mysql_replica_sql_errno', own)).toBe(0);
    page = await everything.metrics();
    expect(problemsOf(page).filter((problem) => problem.startsWith('replication'))).toEqual([
      'replication-failed db2 west',
    ]);
    await db2.run(['SET sql_log_bin = 0', 'DELETE FROM west.rows_of', 'SET sql_log_bin = 1']);
    await startReplication(db2, 'sql', 'west');
    await untilCaughtUp(db2, source, { channel: 'west' });
    expect(sandbox.replicas.map(({ name }) => name)).toEqual(['db2']);
  });

  it('has errant transactions that neither source had', async () => {
    await writeErrant(stage.server('db2'));
    const page = await everything.metrics();
    expect(page.value('mysql_errant_transactions', { server: 'db2' })).toBe(1);
    expect(problemsOf(page)).toContain('errant-transactions db2');
  });
});
