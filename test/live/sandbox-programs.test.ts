import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { fillDisk } from '../../src/sandbox/disk.js';
import { promtool, startAlertmanager, startMysqldExporter, startPrometheus } from '../../src/sandbox/programs.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { matrix } from './matrix.js';

const version = matrix[0] ?? 'mariadb-10.11';

describe('programs beside the servers', () => {
  const scope = new Scope();
  let cluster: SandboxCluster;

  beforeAll(async () => {
    cluster = await createCluster({ version, replicas: 1 });
    scope.defer(() => cluster.stop());
  });

  afterAll(() => scope.end());

  it.each(['0.14', '0.19'] as const)('runs mysqld_exporter %s, and Prometheus scrapes it', async (release) => {
    const { monitor } = cluster.accounts;
    const exporter = await startMysqldExporter(scope, {
      ...monitor,
      release,
      server: cluster.primary.address,
      ca: cluster.client.ca,
    });
    const target = new URL(exporter.url).host;
    const prometheus = await startPrometheus(scope, {
      config: `global: { scrape_interval: 1s }\nscrape_configs: [{ job_name: peer, static_configs: [{ targets: ['${target}'] }] }]\n`,
    });
    await until('Prometheus to have scraped the exporter', async () => {
      const answer: unknown = await (await fetch(`${prometheus.url}/api/v1/query?query=mysql_up`)).json();
      return JSON.stringify(answer).includes('"1"]');
    });
    const scrape = await (await fetch(`${exporter.url}/metrics`)).text();
    expect(await promtool(['check', 'metrics'], scrape)).toMatchObject({ stdout: '' });
    await prometheus.stop();
    await exporter.stop();
  });

  it('runs Alertmanager', async () => {
    const alertmanager = await startAlertmanager(scope, {
      config: 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n',
    });
    expect((await fetch(`${alertmanager.url}/api/v2/status`)).status).toBe(200);
  });

  it('says why a program did not start', async () => {
    await expect(startPrometheus(scope, { config: 'nonsense: true\n' })).rejects.toThrow(/field nonsense not found/);
  });

  it('fills a disk of its own and makes room again', async ({ skip }) => {
    const wish = { version, replicas: 1, servers: { db2: { diskMegabytes: 192 } } };
    const small = await createCluster(wish).catch((failure: unknown) => {
      if (failure instanceof LockstepError && failure.code === 'sandbox-needs-root') skip(failure.message);
      throw failure;
    });
    try {
      const replica = small.server('db2');
      const makeRoom = await fillDisk(replica.disk);
      await small.primary.sql('CREATE DATABASE app');
      await small.primary.sql('CREATE TABLE app.t (id INT PRIMARY KEY, filler LONGTEXT)');
      await small.primary.sql("INSERT INTO app.t VALUES (1, REPEAT('x', 4000000))");
      // Its own status is not asked: SHOW ALL SLAVES STATUS of MariaDB hangs as long as the disk is full.
      const complaint = () => /disk is full|no space left/i.test(readFileSync(replica.errorLog, 'utf8'));
      await until('the server to complain about its disk', complaint, { within: 60_000 });
      await makeRoom();
      await small.reset(); // a server waits up to a minute before it tries a full disk again
      await small.primary.sql('CREATE DATABASE again');
      await untilCaughtUp(replica, small.primary);
    } finally {
      await small.stop();
    }
  });
});
