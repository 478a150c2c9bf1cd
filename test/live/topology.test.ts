import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { resetReplica } from '../../src/dialects/replication-statements.js';
import { stopReplication } from '../../src/sandbox/faults.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach } from './matrix.js';
import type { Scrape } from './scrape.js';
import { askOne, openStage, problemsOf, type Stage } from './stage.js';

await describeEach('the topology', (version) => {
  const scope = new Scope();
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage(scope, { version, replicas: 2 });
  });

  afterEach(async () => {
    const page = await stage.untilAllIsWell();
    expect(rolesOf(page)).toEqual({ db1: 'primary', db2: 'replica', db3: 'replica' });
    expect(page.value('mysql_cluster_writable_servers')).toBe(1);
  });

  afterAll(() => scope.end());

  /** Follows nobody, and remembers nothing of having followed. */
  async function leave(replica: SandboxServer): Promise<void> {
    await stopReplication(replica);
    await replica.sql(resetReplica(replica.column));
  }

  it('is a primary and two replicas, each seen with what it may do', async () => {
    const { lockstep, mysql } = stage;
    const page = await lockstep.metrics();
    expect(page.state('mysql_cluster_topology', 'topology')).toBe('async');
    expect(page.value('mysql_cluster_servers')).toBe(3);
    expect(page.value('mysql_cluster_servers_up')).toBe(3);
    expect(page.value('mysql_cluster_replicas_configured')).toBe(2);
    expect(page.value('mysql_cluster_replicas_healthy')).toBe(2);
    expect(page.all('mysql_replica_link_info').map(({ labels }) => [labels['server'], labels['source']])).toEqual([
      ['db2', 'db1'],
      ['db3', 'db1'],
    ]);
    expect(page.value('mysql_unknown_replicas', { server: 'db1' })).toBe(0);
    expect(page.value('mysql_unknown_replicas_known', { server: 'db1' })).toBe(1);
    expect((await lockstep.probe('db1')).value('mysql_read_only')).toBe(0);
    await stage.server('db2').sql(`SET GLOBAL ${mysql ? 'super_read_only' : 'read_only'} = 1`);
    const db2 = await lockstep.probe('db2');
    expect(db2.value('mysql_read_only')).toBe(1);
    expect(db2.value('mysql_super_read_only')).toBe(mysql ? 1 : undefined);
    expect((await lockstep.probe('db3')).value('mysql_super_read_only')).toBe(mysql ? 0 : undefined);
    if (mysql) await stage.server('db2').sql('SET GLOBAL super_read_only = 0');
    for (const [name, role] of [
      ['db1', 200],
      ['db2', 503],
    ] as const)
      expect((await lockstep.get(`/role/sandbox/${name}`)).status, name).toBe(role);
  });

  it('has two writable servers, and then two primaries', async () => {
    const { lockstep, sandbox } = stage;
    const db2 = stage.server('db2');
    await sandbox.open(db2);
    let page = await lockstep.metrics();
    expect(page.value('mysql_cluster_writable_servers')).toBe(2);
    expect(problemsOf(page)).toContain('writable-replica db2');
    expect(page.state('mysql_server_role', 'role', { server: 'db2' })).toBe('replica');
    await leave(db2);
    page = await lockstep.metrics();
    expect(problemsOf(page)).toContain('two-primaries');
    expect(page.value('mysql_cluster_problem', { problem: 'two-primaries', server: '', channel: '' })).toBe(1);
    await sandbox.close(db2);
    page = await lockstep.metrics();
    expect(problemsOf(page)).toContain('replica-missing db2');
    expect(page.state('mysql_server_role', 'role', { server: 'db2' })).toBe('standalone');
    expect(page.value('mysql_cluster_replicas_configured')).toBe(2);
    expect(page.value('mysql_cluster_replicas_healthy')).toBe(1);
    expect(page.value('mysql_errant_transactions_known', { server: 'db2' })).toBeUndefined();
    await sandbox.follow(db2, sandbox.primary);
    await reopened(db2);
  });

  it('has no primary when nothing accepts writes', async () => {
    const { lockstep, sandbox } = stage;
    await sandbox.close(sandbox.primary);
    const page = await lockstep.metrics();
    expect(page.value('mysql_cluster_writable_servers')).toBe(0);
    expect(problemsOf(page)).toContain('no-primary db1');
    expect(page.state('mysql_server_role', 'role', { server: 'db1' })).toBe('primary');
    await reopened(sandbox.primary);
    await sandbox.open(sandbox.primary);
  });

  it('keeps the role of a primary that is down', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    await lockstep.metrics();
    await primary.kill();
    const page = await lockstep.metricsUntil('the loss to show', (scrape) =>
      problemsOf(scrape).includes('replication-connecting db2'),
    );
    expect(problemsOf(page)).toContain('server-down db1');
    expect(page.value('mysql_cluster_servers_up')).toBe(2);
    expect(page.value('mysql_cluster_writable_servers')).toBe(0);
    expect(rolesOf(page)).toEqual({ db1: 'primary', db2: 'replica', db3: 'replica' });
    expect(page.value('mysql_replica_gtid_gap_transactions', { server: 'db2', channel: '' })).toBeUndefined();
    expect(page.value('mysql_errant_transactions_known', { server: 'db2' })).toBe(0);
    expect(page.value('mysql_errant_transactions', { server: 'db2' })).toBeUndefined();
    expect(page.value('mysql_unknown_replicas_known', { server: 'db1' })).toBeUndefined();
    // A login that was under way when it died ends for a reason of its own; the next one is refused.
    const probe = await lockstep.probeUntil('db1', 'a refused login', (scrape) => {
      return scrape.state('mysql_down', 'reason') === 'refused';
    });
    expect(probe.value('mysql_up')).toBe(0);
    expect(probe.value('mysql_read_only')).toBeUndefined();
    expect((await lockstep.get('/role/sandbox/db1')).status).not.toBe(200);
    await primary.start();
    await sandbox.open(primary);
  });

  it('would have another primary after a restart with other settings', async () => {
    const { lockstep } = stage;
    const db3 = stage.server('db3');
    const before = await lockstep.probe('db3');
    expect(before.value('mysql_boot_read_only')).toBe(1);
    expect(before.value('mysql_boot_read_only_known')).toBe(1);
    db3.configure({ read_only: 0 });
    await db3.restart();
    const page = await lockstep.metricsUntil('the settings to show', (scrape) =>
      problemsOf(scrape).includes('boots-writable db3'),
    );
    expect(problemsOf(page)).toContain('writable-replica db3');
    const writable = await lockstep.probe('db3');
    expect(writable.value('mysql_boot_read_only')).toBe(0);
    expect(writable.value('mysql_uptime_seconds')).toBeLessThan(30);
    await db3.sql('SET GLOBAL read_only = 1');
    // Set at run time: the server no longer tells what its file says, and unknown is neither 0 nor 1.
    const unknown = await lockstep.probeUntil(
      'db3',
      'the setting to be read anew',
      (scrape) => scrape.value('mysql_boot_read_only_known') === 0,
    );
    expect(unknown.value('mysql_read_only')).toBe(1);
    expect(unknown.value('mysql_boot_read_only')).toBeUndefined();
    db3.configure({ read_only: 1 });
    await db3.restart();
  });

  it('has an intermediate in a chain, and is a ring when the primary follows its replica', async () => {
    const { lockstep, sandbox } = stage;
    const { primary } = sandbox;
    const [db2, db3] = [stage.server('db2'), stage.server('db3')];
    await stopReplication(db3);
    await sandbox.follow(db3, db2);
    let page = await lockstep.metrics();
    expect(rolesOf(page)).toEqual({ db1: 'primary', db2: 'intermediate', db3: 'replica' });
    expect(page.all('mysql_replica_link_info', { server: 'db3', source: 'db2' })).toHaveLength(1);
    expect(page.value('mysql_errant_transactions', { server: 'db3' })).toBe(0);
    await stopReplication(db3);
    await sandbox.follow(db3, primary);

    await sandbox.follow(primary, db2);
    page = await lockstep.metrics();
    expect(page.state('mysql_cluster_topology', 'topology')).toBe('circular');
    expect(rolesOf(page)).toMatchObject({ db1: 'primary', db2: 'replica', db3: 'replica' });
    await sandbox.open(db2);
    page = await lockstep.metrics();
    expect(page.value('mysql_cluster_writable_servers')).toBe(2);
    // Rings write where they please: who is primary is not ours to say, and nobody is told off.
    expect(problemsOf(page).filter((name) => /primar|writable/.test(name))).toEqual([]);
    await sandbox.close(db2);
    await leave(primary);
    await reopened(db2);
  });

  it('has a stranger that streams its binary log', async () => {
    const { lockstep, sandbox } = stage;
    const stranger = await sandbox.add('stranger');
    await sandbox.follow(stranger, sandbox.primary);
    const page = await lockstep.metricsUntil(
      'the stranger to be seen',
      (scrape) =>
        scrape.value('mysql_unknown_replicas', { server: 'db1' }) === 1 &&
        // MariaDB notices only at its next heartbeat that db3, which followed db2 a moment ago, has gone.
        scrape.value('mysql_unknown_replicas', { server: 'db2' }) === 0,
    );
    expect(page.value('mysql_unknown_replicas_known', { server: 'db1' })).toBe(1);
    expect(problemsOf(page)).toContain('unknown-replica db1');
    const streams = (await lockstep.probe('db1')).all('mysql_binlog_streams');
    expect(streams.reduce((sum, { value }) => sum + value, 0)).toBe(3);
    await leave(stranger);
    await stranger.stop(0);
  });

  it('has two servers of one id', async () => {
    const { lockstep } = stage;
    const db3 = stage.server('db3');
    const own = await askOne(db3, '@@global.server_id');
    await db3.sql('SET GLOBAL server_id = 2');
    const page = await lockstep.metricsUntil('the clash to be seen', (scrape) =>
      problemsOf(scrape).includes('server-id-clash db3'),
    );
    expect(problemsOf(page)).toContain('server-id-clash db2');
    expect(problemsOf(page)).not.toContain('server-id-clash db1');
    expect((await lockstep.probe('db3')).value('mysql_server_id')).toBe(2);
    await db3.sql(`SET GLOBAL server_id = ${own}`);
  });

  /** Closing sets super_read_only on MySQL; back to what it booted with. */
  async function reopened(server: SandboxServer): Promise<void> {
    if (stage.mysql) await server.sql('SET GLOBAL super_read_only = 0');
    await untilCaughtUp(server, stage.sandbox.primary);
  }
});

function rolesOf(page: Scrape): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    ['db1', 'db2', 'db3'].map((server) => [server, page.state('mysql_server_role', 'role', { server })]),
  );
}
