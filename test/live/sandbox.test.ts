import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { collide, lockTable, stopReplication, writeErrant } from '../../src/sandbox/faults.js';
import { expired, swapServerCertificate, dropStreams } from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { channelStatus, untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';

await describeEach('the sandbox', (version) => {
  let cluster: SandboxCluster;
  const leftovers: { pids: number[]; directories: string[] } = { pids: [], directories: [] };

  beforeAll(async () => {
    cluster = await createCluster({ version });
    leftovers.pids.push(...cluster.servers.map((server) => server.pid));
    leftovers.directories.push(...cluster.servers.map((server) => server.directory));
  });

  afterAll(async () => {
    await cluster.stop();
  });

  it('boots a primary and two replicas, each on its own address', () => {
    expect(cluster.servers.map((server) => server.name)).toEqual(['db1', 'db2', 'db3']);
    expect(new Set(cluster.servers.map((server) => server.address.host)).size).toBe(3);
    expect(cluster.servers.every((server) => server.address.host !== '127.0.0.1')).toBe(true);
  });

  it('boots every server read-only and opens only the primary', async () => {
    const readOnly = await Promise.all(cluster.servers.map((server) => server.sql('SELECT @@global.read_only AS ro')));
    expect(readOnly.map(([row]) => row?.['ro'])).toEqual(['0', '1', '1']);
    for (const server of cluster.servers) expect(readFileSync(server.configFile, 'utf8')).toMatch(/^read_only = 1$/m);
  });

  it('replicates a row to both over TLS that is verified on both sides', async () => {
    await cluster.primary.run([
      'CREATE DATABASE app',
      'CREATE TABLE app.t (id INT PRIMARY KEY)',
      'INSERT INTO app.t VALUES (1)',
    ]);
    for (const replica of cluster.replicas) {
      await untilCaughtUp(replica, cluster.primary);
      expect(await replica.sql('SELECT id FROM app.t')).toEqual([{ id: '1' }]);
    }
    const [account] = await cluster.primary.sql(
      "SELECT ssl_type FROM mysql.user WHERE User = 'replication' AND Host = '%'",
    );
    expect(account).toEqual({ ssl_type: 'X509' });
  });

  it('refuses a source whose certificate is expired, and takes a good one again', async () => {
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    // MySQL does not reload a certificate that is over, but starts with it.
    await swapServerCertificate(cluster.authority, cluster.primary, { ...expired(), use: 'restart' });
    await until('the refusal', async () => (await channelStatus(replica))?.error.includes('SSL') === true);
    await swapServerCertificate(cluster.authority, cluster.primary, {});
    await untilReplicating(replica);
    await cluster.open(cluster.primary);
    await dropStreams(cluster.primary);
    await untilReplicating(replica);
  });

  it('cuts, blocks and mends a link that replication goes through', async () => {
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    const link = await openLink(cluster.scope, cluster.primary.address);
    await stopReplication(replica);
    await cluster.follow(replica, cluster.primary, { through: link.address });
    expect(link.connections).toBe(1);
    await link.cut();
    await until('the loss to show', async () => (await channelStatus(replica))?.io === 'Connecting');
    await link.mend();
    await untilReplicating(replica);
    link.blackhole();
    await cluster.primary.sql('INSERT INTO app.t VALUES (2)');
    await expect(untilCaughtUp(replica, cluster.primary, { seconds: 1 })).rejects.toThrow(/did not catch up/);
    await link.mend();
    await untilCaughtUp(replica, cluster.primary);
  });

  it('makes a replica lag behind a lock, with its threads running', async () => {
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    const release = await lockTable(replica, 'app.t');
    await cluster.primary.sql('INSERT INTO app.t VALUES (3)');
    await expect(untilCaughtUp(replica, cluster.primary, { seconds: 1 })).rejects.toThrow(/did not catch up/);
    expect(await channelStatus(replica)).toMatchObject({ io: 'Yes', sql: 'Yes' });
    await release();
    await untilCaughtUp(replica, cluster.primary);
  });

  it('breaks an applier, freezes and kills servers, and resets all of it', async () => {
    const [first, second] = cluster.replicas;
    if (first === undefined || second === undefined) throw new Error('no replicas');
    await collide(cluster.primary, first);
    await writeErrant(second);
    await second.kill();
    expect(second.running).toBe(false);
    await cluster.primary.freeze();
    await expect(cluster.primary.sql('SELECT 1', 500)).rejects.toThrow();
    cluster.primary.thaw();
    await cluster.reset();
    leftovers.pids.push(...cluster.servers.map((server) => server.pid));
    expect(await cluster.primary.sql("SHOW DATABASES LIKE 'app'")).toEqual([]);
    expect(await channelStatus(first)).toEqual({ io: 'Yes', sql: 'Yes', error: '' });
    expect(await channelStatus(second)).toEqual({ io: 'Yes', sql: 'Yes', error: '' });
  });

  it('replicates by file and position, and two channels into one replica', async () => {
    const other = await createCluster({ version, mode: 'position', replicas: 1 });
    try {
      const west = await other.add('west', { settings: { gtid_domain_id: undefined } });
      await other.open(west);
      await other.follow(other.server('db2'), west, { channel: 'west' });
      await west.sql('CREATE DATABASE from_west');
      await untilCaughtUp(other.server('db2'), west, { channel: 'west' });
      expect(await other.server('db2').sql("SHOW DATABASES LIKE 'from_west'")).toHaveLength(1);
      expect(await channelStatus(other.server('db2'))).toMatchObject({ io: 'Yes', sql: 'Yes' });
    } finally {
      await other.stop();
    }
  });

  it('leaves no process and no directory', async () => {
    await cluster.stop();
    expect(leftovers.pids.filter((pid) => existsSync(path.join('/proc', String(pid))))).toEqual([]);
    expect(leftovers.directories.filter((directory) => existsSync(directory))).toEqual([]);
  });
});
