import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { collide, expired, stopReplication, swapServerCertificate } from '../../src/sandbox/faults.js';
import { startPrometheus, type Program } from '../../src/sandbox/programs.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { scraping, staticProbe } from '../../src/sandbox/scraping.js';
import { until } from '../../src/sandbox/until.js';
import type { VersionName } from '../../src/sandbox/versions.js';
import type { AutomationMetrics } from '../../src/metrics/automation.js';
import { panelsOf, readBoards, substituted } from '../dashboards/boards.js';
import { automationPage } from './automation-page.js';
import { watch } from './lockstep.js';
import { describeEach, oneOfEach } from './matrix.js';

const day = 86_400_000;

/** Panels that find nothing while all is well. */
const ofFaults = ['Problems by name', 'Where they are', 'Errors now'];

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface PanelQuery {
  readonly title: string;
  readonly refId: string;
  readonly expr: string;
}

const boards = readBoards();
const queries: readonly PanelQuery[] = boards.flatMap(({ board }) =>
  panelsOf(board).flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => ({ title, refId, expr: substituted(expr, board, '15s') })),
  ),
);

/*
 * What the panels ask, asked of a real Prometheus that scrapes real servers through two Locksteps at once, so that
 * every number also shows that nothing is counted twice.
 */
await describeEach('the boards', suite, oneOfEach);

function suite(version: VersionName): void {
  const mysql = version.startsWith('mysql');
  // The performance schema of MariaDB 10.5 has no status by thread, which tells of protocols.
  const untold =
    version === 'mariadb-10.5' ? ['Sessions by protocol version A', 'Channels, with TLS and verification D'] : [];
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let prometheus: Program;
  let runs: AutomationMetrics;

  beforeAll(async () => {
    const settings = { require_secure_transport: 'ON' };
    sandbox = await createCluster({ version, replicas: 2, durable: true, performanceSchema: true, settings });
    scope.defer(() => sandbox.stop());
    await commitSemiSynchronously(sandbox);
    await sandbox.close(sandbox.server('db3'));
    const urls: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const lockstep = await watch(sandbox);
      scope.defer(() => lockstep.stop());
      urls.push(lockstep.url);
    }
    // A page stands for a busy automation; that real runs tell the same is shown in automation*.test.ts.
    const page = await automationPage(scope, 'sandbox');
    runs = page.metrics;
    prometheus = await startPrometheus(scope, { config: await scrapeConfig(urls, page.url) });
  });

  afterAll(() => scope.end());

  /** What Prometheus answers now. */
  async function ask(expr: string): Promise<readonly Row[]> {
    const response = await fetch(`${prometheus.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    const answer = (await response.json()) as Answer;
    if (answer.data === undefined) throw new Error(`Prometheus refused ${expr}: ${answer.error ?? 'no reason given'}`);
    return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** What a panel shows now. */
  function show(title: string, refId = 'A'): Promise<readonly Row[]> {
    const found = queries.find((query) => query.title === title && query.refId === refId);
    if (found === undefined) throw new Error(`no panel "${title}" has a query ${refId}`);
    return ask(found.expr);
  }

  async function figures(title: string): Promise<readonly (number | undefined)[]> {
    const [first, second] = await Promise.all(['A', 'B'].map((refId) => show(title, refId)));
    return [first?.[0]?.value, second?.[0]?.value];
  }

  function shown(title: string, refId: string, wanted: (rows: readonly Row[]) => boolean): Promise<readonly Row[]> {
    let last: readonly Row[] = [];
    return until(
      `"${title}" ${refId} to show it`,
      async () => {
        last = await show(title, refId);
        return wanted(last) ? last : undefined;
      },
      { every: 200 },
    ).catch((cause: unknown) => {
      throw new Error(`it shows ${JSON.stringify(last)}`, { cause });
    });
  }

  async function empty(these: readonly PanelQuery[]): Promise<readonly string[]> {
    const answers = await Promise.all(these.map(async (query) => ({ query, rows: await ask(query.expr) })));
    return answers.filter(({ rows }) => rows.length === 0).map(({ query }) => `${query.title} ${query.refId}`);
  }

  it('show data in every panel while all is well', async () => {
    const all = queries.filter(
      ({ title, refId }) => !ofFaults.includes(title) && !untold.includes(`${title} ${refId}`),
    );
    let missing: readonly string[] = [];
    await until(
      'every panel to have data',
      async () => {
        missing = await empty(all);
        return missing.length === 0 && (await healthy());
      },
      { every: 500 },
    ).catch((cause: unknown) => {
      throw new Error(`these stay empty: ${missing.join(', ')}`, { cause });
    });

    expect(await figures('Clusters healthy')).toEqual([1, 0]);
    expect(await figures('Servers up')).toEqual([3, 0]);
    expect(await figures('One writable server each')).toEqual([1, 0]);
    expect(await figures('Runs that need a human')).toEqual([1, 1]);
    expect(await figures('Held back on purpose')).toEqual([1, 1]);
    expect(await show('Runs by procedure and outcome')).toMatchObject([
      { labels: { procedure: 'restart-replication', outcome: 'succeeded', trigger: 'alert' }, value: 1 },
    ]);
    expect((await show('How long runs took', 'B'))[0]?.value).toBe(2);
    expect(by(await show('Requests turned away'), 'reason')).toMatchObject({ unauthenticated: 1, malformed: 0 });
    expect((await show('Expired'))[0]?.value).toBe(0);
    expect((await show('Failing verification'))[0]?.value).toBe(0);
    expect((await show('Served differs from disk'))[0]?.value).toBe(0);
    expect(by(await show('Role history'), 'server')).toEqual({ db1: 5, db2: 3, db3: 3 });
    expect(by(await show('Read-only states'), 'server')).toEqual({ db1: 0, db2: 1, db3: mysql ? 2 : 1 });
    expect(by(await show('Threads'), 'server')).toEqual({ db2: 5, db3: 5 });
    expect(by(await show('have_ssl'), 'server')).toEqual({ db1: 3, db2: 3, db3: 3 });
    expect(by(await show('What a commit waits for'), 'server')).toEqual({ db1: 2, db2: 0, db3: 0 });
    expect(by(await show('Replicas that acknowledge'), 'server')).toEqual({ db1: 2 });
    expect(by(await show('Protocol versions', 'C'), 'server')).toEqual({ db1: 1, db2: 1, db3: 1 });

    const nodes = (await show('Topology', 'nodes')).map(({ labels }) => labels);
    expect(nodes.sort((left, right) => (left['id'] ?? '').localeCompare(right['id'] ?? ''))).toMatchObject([
      { id: 'sandbox/db1', title: 'db1', subtitle: 'primary', mainstat: 'writable', color: 'green' },
      { id: 'sandbox/db2', title: 'db2', subtitle: 'replica', mainstat: 'read-only', color: 'green' },
      { id: 'sandbox/db3', title: 'db3', subtitle: 'replica', mainstat: 'read-only', color: 'green' },
    ]);
    const edges = (await show('Topology', 'edges')).map(({ labels }) => labels);
    expect(edges).toHaveLength(2);
    expect(edges).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ source: 'sandbox/db1', target: 'sandbox/db2', mainstat: 'replicates' }),
      ]),
    );
    const certificates = await show('Certificates, soonest expiry first', 'B');
    expect(new Set(certificates.map(({ value }) => value))).toEqual(new Set([0]));
    const named = await show('Certificates, soonest expiry first', 'D');
    expect(named.every(({ labels }) => labels['subject'] !== undefined)).toBe(true);
  });

  async function healthy(): Promise<boolean> {
    const [right, wrong] = await figures('Clusters healthy');
    return (
      right === 1 && wrong === 0 && (await empty(queries.filter(({ title }) => ofFaults.includes(title)))).length === 4
    );
  }

  it('show faults where they are', async () => {
    const { authority, primary } = sandbox;
    const [db2, db3] = [sandbox.server('db2'), sandbox.server('db3')];
    // On disk alone: what is served stays good.
    await swapServerCertificate(authority, primary, { ...expired(), use: 'leave' });
    await swapServerCertificate(authority, db2, { notAfter: new Date(Date.now() + 20 * day), use: 'leave' });
    await swapServerCertificate(authority, db3, { names: ['elsewhere.example'] });
    await Promise.all([
      shown('Failing verification', 'A', ([row]) => row?.value === 1),
      shown('Served differs from disk', 'A', ([row]) => row?.value === 2),
      shown('Expired', 'A', ([row]) => row?.value === 1),
      shown('Less than $warning_days and $critical_days days left', 'A', ([row]) => row?.value === 2),
      shown('Less than $warning_days and $critical_days days left', 'B', ([row]) => row?.value === 1),
      shown('Certificates, soonest expiry first', 'B', (rows) => {
        const states = rows.map(({ value }) => value).filter((value) => value !== 0);
        return states.sort().join(' ') === '1 3';
      }),
    ]);
    await db3.kill();
    await collide(primary, db2);
    await shown('Servers up', 'B', ([row]) => row?.value === 1);
    await shown('Threads', 'A', (rows) => by(rows, 'server')['db2'] === 2);

    const [error] = await shown('Errors now', 'A', (rows) => rows.length === 1);
    expect(error).toMatchObject({ labels: { server: 'db2', channel: 'default', thread: 'SQL' }, value: 1062 });
    // MariaDB does not say since when.
    expect(await show('Errors now', 'B')).toHaveLength(mysql ? 1 : 0);
    await shown('Worst lag', 'B', ([row]) => row?.value === 1);
    await shown('Clusters healthy', 'A', ([row]) => row?.value === 0);
    await shown('Clusters healthy', 'B', ([row]) => row?.value === 1);
    const problems = await shown('Problems by name', 'A', (rows) =>
      ['server-down', 'replication-failed', 'certificate-expired'].every((name) => name in by(rows, 'problem')),
    );
    expect(by(problems, 'problem')).toMatchObject({
      'replication-failed': 1,
      'server-down': 1,
      'certificate-expired': 1,
    });
    const places = ['server-down db3', 'replication-failed db2', 'certificate-expired db1'];
    await shown('Where they are', 'A', (rows) => {
      const where = rows.map(({ labels }) => `${labels['problem'] ?? ''} ${labels['server'] ?? ''}`);
      return places.every((place) => where.includes(place));
    });
    await shown('Clusters, worst first', 'A', ([row]) => row !== undefined && row.value >= places.length);

    const looks = ['db1 writable orange', 'db2 read-only orange', 'db3 down red'];
    await shown('Topology', 'nodes', (rows) => {
      const seen = rows.map(({ labels }) => ['title', 'mainstat', 'color'].map((label) => labels[label]).join(' '));
      return seen.sort().join() === looks.join();
    });
    const edges = await shown('Topology', 'edges', (rows) => rows.length === 1);
    expect(edges).toMatchObject([
      { labels: { target: 'sandbox/db2', mainstat: 'lag unknown', color: 'red' }, value: NaN },
    ]);
    // Nothing that was known of a server before it went is shown as though it were so now.
    await shown('have_ssl', 'A', (rows) => rows.length === 2);
    const certificates = await show('Certificates, soonest expiry first', 'A');
    expect(certificates.some(({ labels }) => labels['server'] === 'db3')).toBe(true);
  });

  /** The query of a mark, as it stands on every board, with seconds for a minute. */
  function marksOf(name: string): string {
    const [expr = '', ...others] = boards.flatMap(({ board }) =>
      board.annotations.list.filter((list) => list.name === name).map((list) => list.expr),
    );
    expect(new Set(others)).toEqual(new Set([expr]));
    expect(expr).toContain('offset 1m');
    return expr.replaceAll('offset 1m', 'offset 3s').replaceAll(/\$(cluster|server)/g, '.*');
  }

  it('mark where a run ended, once', async () => {
    const marks = marksOf('Runs');
    const marked = async () => (await ask(marks)).map(({ labels }) => `${labels['procedure']} ${labels['outcome']}`);
    expect(await marked()).toEqual([]);
    const run = { cluster: 'sandbox', procedure: 'secure-channel', trigger: 'person' } as const;
    runs.runOpened(run);
    runs.runEnded({ ...run, outcome: 'rolled-back', seconds: 4 });
    await until('a mark', async () => (await marked()).join() === 'secure-channel rolled-back', { every: 200 });
    await until('no mark', async () => (await marked()).length === 0, { every: 200 });
  });

  it('mark where a role changed', async () => {
    const db2 = sandbox.server('db2');
    const expr = marksOf('Role changes');
    const marked = async () => (await ask(expr)).some(({ labels }) => labels['server'] === 'db2');
    expect(await marked()).toBe(false);
    await stopReplication(db2);
    await db2.sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
    await until('a mark', marked, { every: 200 });
  });
}

interface Answer {
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

function by(rows: readonly Row[], label: string): Readonly<Record<string, number>> {
  const values = new Map(rows.map(({ labels, value }) => [labels[label] ?? '', value]));
  expect(values.size, `each ${label} once`).toBe(rows.length);
  return Object.fromEntries(values);
}

/** As deploy/ has it, faster: one Lockstep names its targets, for the other they are listed. And one more page. */
async function scrapeConfig([first = '', second = '']: readonly string[], page: string): Promise<string> {
  const config = parse(await scraping({ locksteps: [first], pages: [second, page], interval: '1s' })) as {
    readonly scrape_configs: readonly object[];
  };
  const servers = ['db1', 'db2', 'db3'].map((server) => `sandbox/${server}`);
  const listed = { ...(await staticProbe(second, servers)), job_name: 'lockstep-probe-listed' };
  return stringify({ ...config, scrape_configs: [...config.scrape_configs, listed] });
}

/** Every replica acknowledges, and the primary waits for one. */
async function commitSemiSynchronously(sandbox: SandboxCluster): Promise<void> {
  const { primary, replicas } = sandbox;
  const mysql = sandbox.version.flavour === 'mysql';
  const [source, replica] = mysql ? ['source', 'replica'] : ['master', 'slave'];
  if (mysql) await primary.sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
  for (const server of replicas) {
    await stopReplication(server);
    if (mysql) await server.sql("INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'");
    await server.sql(`SET GLOBAL rpl_semi_sync_${replica}_enabled = 1`);
    await sandbox.follow(server, primary);
  }
  await primary.sql(`SET GLOBAL rpl_semi_sync_${source}_enabled = 1`);
  await primary.sql('CREATE DATABASE app');
  for (const server of replicas) await untilCaughtUp(server, primary);
}
