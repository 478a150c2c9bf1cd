import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { findCompatibilityMetric } from '../../src/metrics/compatibility-catalogue.js';
import { startChild, type Child } from '../../src/sandbox/child.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { promtool, startMysqldExporter, startPrometheus } from '../../src/sandbox/programs.js';
import { until } from '../../src/sandbox/until.js';
import { program } from './command.js';
import { describeEach } from './matrix.js';
import { Scrape, type Series } from './scrape.js';

const openMetrics = 'application/openmetrics-text; version=1.0.0';
/** Whether Prometheus has read it, of one version. */
let read = false;

await describeEach('lockstep serve', (version) => {
  const mysql = version.startsWith('mysql');
  const scope = new Scope();
  const tokens = { operator: 'operator-token-text', viewer: 'viewer-token-text' };
  let sandbox: SandboxCluster;
  let file: string;
  let good: string;
  let log: string;
  let child: Child;
  let url: string;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 1 });
    scope.defer(() => sandbox.stop());
    const directory = await takeDirectory(scope);
    const tokenFile = async (role: keyof typeof tokens) => {
      const name = path.join(directory, `${role}.token`);
      await writeFile(name, `${tokens[role]}\n`, { mode: 0o600 });
      return { name: role, role, token_file: name };
    };
    file = await writeConfiguration(sandbox, {
      whole: {
        tokens: [await tokenFile('operator'), await tokenFile('viewer')],
        metrics: { servers: true },
        compatibility: 'mysqld_exporter',
        observe: { timeout: '5s', slow_interval: '300ms', freshness: '1ms' },
        log: { level: 'trace' },
      },
    });
    good = await readFile(file, 'utf8');
    log = path.join(directory, 'log');
    child = await startChild([process.execPath, program, 'serve', '--config', file], { log });
    scope.defer(() => child.stop());
    url = await until('it to listen', async () => /"url":"(http:[^"]+)"/.exec(await readFile(log, 'utf8'))?.[1]);
  });

  afterAll(() => scope.end());

  async function page(of: string, accept?: string): Promise<{ text: string; type: string }> {
    const response = await fetch(`${url}${of}`, { headers: accept === undefined ? {} : { accept } });
    const text = await response.text();
    expect(response.status, text).toBe(200);
    return { text, type: response.headers.get('content-type') ?? '' };
  }

  const metrics = async () => new Scrape((await page('/metrics')).text);

  function reload(token?: string): Promise<Response> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetch(`${url}/-/reload`, { method: 'POST', headers });
  }

  it.each(['/probe?target=sandbox/db1', '/probe?target=sandbox/db2', '/metrics'])(
    'serves %s as promtool wants it',
    async (of) => {
      const { text, type } = await page(of);
      expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(text).toMatch(/^mysql_up\{.*\} 1$/m);
      expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, stdout: '', output: '' });
    },
  );

  it('serves OpenMetrics to who asks for it, and Prometheus reads it', async () => {
    const { text, type } = await page('/metrics', openMetrics);
    expect(type).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(text.endsWith('# EOF\n')).toBe(true);
    expect(text).toContain('# TYPE mysql_server info\n');
    expect(text).toContain('# TYPE lockstep_looks_coalesced counter\n');
    // It takes Prometheus five seconds to learn its targets; the form is the same for every version.
    if (read) return;
    read = true;
    const target = new URL(url).host;
    const jobs = [
      { job_name: 'lockstep', metrics_path: '/metrics' },
      { job_name: 'db1', metrics_path: '/probe', params: { target: ['sandbox/db1'] } },
      { job_name: 'db2', metrics_path: '/probe', params: { target: ['sandbox/db2'] } },
    ].map((job) => ({
      ...job,
      scrape_interval: '500ms',
      scrape_timeout: '500ms',
      static_configs: [{ targets: [target] }],
    }));
    // JSON is YAML too. With this one protocol alone, its strict parser has to do.
    const config = JSON.stringify({
      global: { scrape_protocols: ['OpenMetricsText1.0.0'] },
      scrape_configs: jobs,
    });
    const prometheus = await startPrometheus(scope, { config });
    await until('Prometheus to have scraped all three', async () => {
      const query = encodeURIComponent(
        'count(up == 1) == 3 and on() (count(mysql_replica_io_running{job="db2"} == 1) == 1)',
      );
      const answer: unknown = await (await fetch(`${prometheus.url}/api/v1/query?query=${query}`)).json();
      return JSON.stringify(answer).includes('"3"]');
    });
    await prometheus.stop();
  });

  it("serves mysqld_exporter's families with the names, labels and values that it gives them", async () => {
    const replica = sandbox.server('db2');
    const { monitor } = sandbox.accounts;
    const peer = await startMysqldExporter(scope, { ...monitor, server: replica.address, ca: sandbox.client.ca });
    const theirs = new Scrape(await (await fetch(`${peer.url}/metrics`)).text());
    const ours = new Scrape((await page('/probe?target=sandbox/db2')).text);
    await peer.stop();
    const compared = theirs.series.filter(({ name }) => findCompatibilityMetric(name) !== undefined);
    expect(compared.length).toBeGreaterThan(20);
    const missing: Series[] = [];
    for (const series of compared) {
      // Not asked for: newer servers have no such variable.
      const known = 'innodb_version' in series.labels ? { innodb_version: '' } : {};
      const found = ours.all(series.name, { ...series.labels, ...known });
      if (found.length !== 1) missing.push(series);
      else if (!moving.test(series.name)) expect({ ...series, value: found[0]?.value }).toEqual(series);
    }
    expect(missing).toEqual([]);
    // Both spellings, whatever the server speaks.
    for (const word of ['slave', 'replica']) {
      expect(ours.value(`mysql_slave_status_${word}_io_running`)).toBe(1);
      expect(ours.value(`mysql_slave_status_${word}_sql_running`)).toBe(1);
    }
    expect(ours.value('mysql_slave_status_seconds_behind_master')).toBe(0);
    expect(ours.value('mysql_slave_status_seconds_behind_source')).toBe(0);
    // MySQL 9 has no such variable any more, and alerts on it would fall silent.
    expect(ours.value('mysql_global_variables_have_ssl')).toBe(1);
    expect(theirs.all('mysql_global_variables_have_ssl')).toHaveLength(mysql ? 0 : 1);
  });

  it('reloads for an operator, and for nobody else', async () => {
    expect((await reload()).status).toBe(401);
    expect((await reload('a-guess')).status).toBe(401);
    const viewer = await reload(tokens.viewer);
    expect(viewer.status).toBe(403);
    expect(await viewer.json()).toMatchObject({ code: 'forbidden' });
    expect((await reload(tokens.operator)).status).toBe(200);
    const address = await fetch(`${url}/-/reload`, { method: 'GET' });
    expect(address.status).toBeGreaterThanOrEqual(400);
  });

  it('keeps what it has when the new file is wrong, and says why', async () => {
    const before = await metrics();
    expect(before.value('lockstep_config_last_reload_successful')).toBe(1);
    await writeFile(file, good.replace('version: 1', 'version: 2').replace('clusters:', 'clutters:'));
    const refused = await reload(tokens.operator);
    expect(refused.status).toBe(422);
    const problem = (await refused.json()) as { code: string; faults: { line: number; message: string }[] };
    expect(problem.code).toBe('config-invalid');
    expect(problem.faults.length).toBeGreaterThanOrEqual(2);
    expect(problem.faults.every(({ line }) => line > 0)).toBe(true);
    const after = await metrics();
    expect(after.value('lockstep_config_last_reload_successful')).toBe(0);
    expect(after.value('lockstep_config_last_reload_success_timestamp_seconds')).toBe(
      before.value('lockstep_config_last_reload_success_timestamp_seconds'),
    );
    expect(after.value('mysql_up', { server: 'db1' })).toBe(1);
    // What only a restart can change is refused as well, by another name.
    await writeFile(file, good.replace('listen: 127.0.0.1:0', 'listen: 127.0.0.1:1'));
    expect((await reload(tokens.operator)).status).toBe(409);
    await writeFile(file, good);
    expect((await reload(tokens.operator)).status).toBe(200);
    expect((await metrics()).value('lockstep_config_last_reload_successful')).toBe(1);
  });

  it('reloads at SIGHUP, the good as well as the bad', async () => {
    await writeFile(file, good.replace(/^ {2}sandbox:/m, '  renamed:'));
    child.kill('SIGHUP');
    await until('the new name', async () => (await page('/sd')).text.includes('renamed/db1'));
    expect((await metrics()).value('mysql_cluster_servers', { cluster: 'renamed' })).toBe(2);
    await writeFile(file, 'version: [');
    child.kill('SIGHUP');
    await until('the refusal', async () => (await metrics()).value('lockstep_config_last_reload_successful') === 0);
    expect((await page('/sd')).text).toContain('renamed/db1');
    await writeFile(file, good);
    child.kill('SIGHUP');
    await until('the old name', async () => (await page('/sd')).text.includes('sandbox/db1'));
  });

  it('drops no scrape while it reloads again and again', async () => {
    const statuses: number[] = [];
    const scrapes = Array.from({ length: 6 }, async (_, index) => {
      for (let count = 0; count < 8; count += 1) {
        const response = await fetch(`${url}/probe?target=sandbox/db${(index % 2) + 1}`);
        const text = await response.text();
        statuses.push(/^mysql_up\{.*\} 1$/m.test(text) ? response.status : 0);
      }
    });
    // The user changes back and forth, so that every session is begun anew.
    for (let count = 0; count < 4; count += 1) {
      await writeFile(file, count % 2 === 0 ? good.replace('verify: identity', 'verify: ca') : good);
      expect((await reload(tokens.operator)).status).toBe(200);
    }
    await Promise.all(scrapes);
    expect(statuses).toEqual(statuses.map(() => 200));
    expect(statuses).toHaveLength(48);
    expect((await metrics()).value('lockstep_exposition_faults_total')).toBe(0);
  });

  it('ends at SIGTERM with 0, having said no secret', async () => {
    child.kill('SIGTERM');
    expect(await child.ended).toEqual({ code: 0, signal: null });
    const said = await readFile(log, 'utf8');
    expect(said).toContain('stopping');
    const { monitor, operate, replication } = sandbox.accounts;
    const secrets = [monitor, operate, replication].map(({ password }) => password.reveal());
    for (const secret of [...secrets, ...Object.values(tokens)]) expect(said).not.toContain(secret);
  });
});

/** What differs between two looks at one server. */
const moving = /uptime|heartbeat|_pos$|_space$|seconds_behind|now_timestamp/;
