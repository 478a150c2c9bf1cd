import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { freePort } from '../../src/sandbox/addresses.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { lockTable } from '../../src/sandbox/faults.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { impostor } from '../mysql/impostor.js';
import type { WatchingLockstep } from './lockstep.js';
import { describeEach } from './matrix.js';
import { hasProblem, reasonDown, watchBriskly } from './readings.js';
import type { Scrape } from './scrape.js';
import { addressOf, commandsOf, Witness } from './witness.js';

await describeEach('servers that misbehave, and wrong questions', (version) => {
  const mysql = version.startsWith('mysql');
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let witness: Witness;
  let server: SandboxServer;
  let lockstep: WatchingLockstep;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 1 });
    scope.defer(() => sandbox.stop());
    server = sandbox.primary;
    witness = new Witness(sandbox);
    lockstep = await watchBriskly(sandbox);
    scope.defer(() => lockstep.stop());
  });

  afterAll(() => scope.end());

  it('servers that are none: each has its reason, and none delays the others', async () => {
    const silent = await impostor(() => undefined);
    const http = await impostor((wire) => wire.raw('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const rude = await impostor((wire) => wire.hangUp());
    const closed = await freePort('127.0.0.1');
    const servers = {
      db1: { address: addressOf(server) },
      nowhere: { address: 'no-such-host.invalid:3306' },
      closed: { address: `127.0.0.1:${closed}` },
      silent: { address: addressOf(silent) },
      http: { address: addressOf(http) },
      rude: { address: addressOf(rude) },
    };
    const observe = { timeout: '1s', slow_interval: '300ms', freshness: '1ms' };
    await witness.beside(
      { servers },
      async (other) => {
        const order: string[] = [];
        const reasons = await Promise.all(
          Object.keys(servers).map(async (name) => {
            const scrape = witness.heard(await other.probe(name));
            order.push(name);
            return [name, reasonDown(scrape)];
          }),
        );
        expect(Object.fromEntries(reasons)).toEqual({
          db1: undefined,
          nowhere: 'unknown-host',
          closed: 'refused',
          silent: 'timeout',
          http: 'not-mysql',
          rude: 'connection-lost',
        });
        expect(order.at(-1)).toBe('silent');
        const scrape = witness.heard(await other.metrics());
        for (const [name] of reasons) expect(hasProblem(scrape, 'server-down', name)).toBe(name !== 'db1');
        const checked = await witness.run('check', '--config', other.file);
        expect(checked.code).toBe(1);
        for (const words of [
          'does not resolve',
          'Nothing listens at',
          'said nothing',
          'an HTTP server',
          'without a greeting',
        ])
          expect(checked.output).toContain(words);
      },
      { observe },
    );
    for (const one of [silent, http, rude]) await one.close();
  });

  it('a target that is not configured: refused, and never connected to', async () => {
    let connections = 0;
    const trap = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    trap.listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const { port } = trap.address() as AddressInfo;
    for (const target of [
      `127.0.0.1:${port}`,
      `sandbox/127.0.0.1:${port}`,
      `mysql://127.0.0.1:${port}`,
      'sandbox/db9',
      'other/db1',
      'sandbox/db1/',
      'sandbox/db1\n',
      '__proto__/db1',
      'sandbox/__proto__',
    ]) {
      const answer = await lockstep.get(`/probe?target=${encodeURIComponent(target)}`);
      expect([target, answer.status]).toEqual([target, 404]);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({ code: 'target-unknown', status: 404 });
    }
    for (const query of ['', '?target=', '?target=sandbox/db1&target=sandbox/db2'])
      expect((await lockstep.get(`/probe${query}`)).status).toBe(400);
    expect(connections).toBe(0);
    trap.close();
  });

  it('a collector that does not exist, or a scrape timeout that is none: refused', async () => {
    const answer = await lockstep.get('/probe?target=sandbox/db1&collect[]=replication&collect[]=everything');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'collector-unknown', detail: /"everything"/ });
    const hurried = await lockstep.get('/probe?target=sandbox/db1', { 'X-Prometheus-Scrape-Timeout-Seconds': 'soon' });
    expect(hurried.status).toBe(400);
    const partly = witness.heard(await lockstep.probe('db2', ['replication']));
    expect(partly.value('mysql_replica_io_running')).toBe(1);
    expect(partly.all('mysql_have_ssl')).toEqual([]);
    expect(partly.all('lockstep_collector_success').map(({ labels }) => labels['collector'])).toEqual(['replication']);
  });

  it('a statement that hangs: looks are shared, others go on, and no thread piles up', async () => {
    const { user } = sandbox.accounts.monitor;
    await server.run([
      'CREATE DATABASE heartbeat',
      'CREATE TABLE heartbeat.heartbeat (ts varchar(26) NOT NULL, server_id int unsigned NOT NULL PRIMARY KEY)',
      "INSERT INTO heartbeat.heartbeat VALUES ('2026-01-01T00:00:00.000000', 1)",
      'SET sql_log_bin = 0',
      `GRANT SELECT ON heartbeat.heartbeat TO ${user}@'%'`,
      'SET sql_log_bin = 1',
    ]);
    const observe = { timeout: '500ms', slow_interval: '300ms', freshness: '1ms' };
    await witness.beside(
      {},
      async (other) => {
        await other.probeUntil('db1', 'a session', (scrape) => scrape.value('mysql_up') === 1);
        const release = await lockTable(server, 'heartbeat.heartbeat');
        try {
          await other.probeUntil('db1', 'the hang', (scrape) => reasonDown(witness.heard(scrape)) === 'timeout');
          const shared = (await other.metrics()).value('lockstep_looks_coalesced_total') ?? NaN;
          // A look may be short because it joined one that hung already, or because logins rest for a moment.
          const hung = await until('a whole hang, and the other server answered in the meantime', async () => {
            const order: string[] = [];
            const look = async (name: string) => {
              const scrape = witness.heard(await other.probe(name));
              order.push(name);
              return scrape;
            };
            const [first, , free] = await Promise.all([look('db1'), look('db1'), look('db2')]);
            expect(first.value('mysql_up')).toBe(0);
            expect(free.value('mysql_up')).toBe(1);
            return reasonDown(first) === 'timeout' && order[0] === 'db2' ? first : undefined;
          });
          for (let times = 0; times < 4; times += 1) {
            expect(['timeout', 'stuck']).toContain(reasonDown(witness.heard(await other.probe('db1'))));
            expect((await commandsOf(server, user)).filter((command) => command === 'Query').length).toBeLessThan(4);
          }
          expect((await other.metrics()).value('lockstep_looks_coalesced_total')).toBeGreaterThan(shared);
          expect(hung.value('lockstep_collector_success', { collector: 'server' })).toBe(0);
          const [failure] = hung.all('lockstep_collector_failure_info', { collector: 'server' });
          expect(failure?.labels['reason']).toBe('timeout');
        } finally {
          await release();
        }
        await other.probeUntil('db1', 'recovery', (scrape) => scrape.value('mysql_up') === 1);
        await until('the threads to have gone', async () => (await commandsOf(server, user)).length <= 4);
      },
      { observe },
    );
    await server.run(['DROP DATABASE heartbeat']);
  });

  it('a server that freezes: its certificate is not forgotten, others go on, and it recovers', async () => {
    const observe = { timeout: '500ms', slow_interval: '300ms', freshness: '1ms' };
    const { user } = sandbox.accounts.monitor;
    await witness.beside(
      {},
      async (other) => {
        const up = (scrape: Scrape) => scrape.value('mysql_up') === 1;
        const before = await other.probeUntil('db1', 'a session', up);
        await other.probeUntil('db2', 'a session', up);
        await server.freeze();
        try {
          const [frozen] = await Promise.all([other.probe('db1'), other.probeUntil('db2', 'the free one', up)]);
          expect(reasonDown(witness.heard(frozen))).toBe('timeout');
          // The next one cannot even log in.
          const again = await other.probeUntil(
            'db1',
            'a login that hangs',
            (scrape) => scrape.state('mysql_login_failure', 'reason') === 'timeout',
          );
          expect(again.value('mysql_up')).toBe(0);
          const served = { role: 'server', origin: 'handshake' };
          expect(again.value('mysql_certificate_not_after_timestamp_seconds', served)).toBe(
            before.value('mysql_certificate_not_after_timestamp_seconds', served),
          );
          // A scraper with less patience than Lockstep still gets its answer in time.
          const hurried = await other.get('/probe?target=sandbox/db1', {
            'X-Prometheus-Scrape-Timeout-Seconds': '0.4',
          });
          expect(hurried.status).toBe(200);
          expect(await hurried.text()).toMatch(/^mysql_up\{.*\} 0$/m);
        } finally {
          server.thaw();
        }
        await other.probeUntil('db1', 'recovery', (scrape) => scrape.value('mysql_up') === 1);
        await until('the threads to have gone', async () => (await commandsOf(server, user)).length <= 4);
      },
      { observe },
    );
  });

  it.skipIf(mysql)('a version that nobody knows, or nobody can know (MySQL cannot be told to lie)', async () => {
    const own = version.replace('mariadb-', '');
    const cases: [claims: string, column: string | undefined, proof: string, newer: number][] = [
      ['12.9.9-MariaDB', 'mariadb-12', 'documented', 1],
      [
        own === '10.5' ? '10.6.18-MariaDB' : '11.4.3-MariaDB',
        own === '10.5' ? 'mariadb-10.6' : 'mariadb-11.4',
        'documented',
        0,
      ],
      ['10.3.39-MariaDB', undefined, '', 0],
    ];
    for (const [claims, column, proof, newer] of cases) {
      server.configure({ version: claims });
      await server.stop(0);
      await server.start();
      await sandbox.open(server);
      if (column === undefined) {
        const old = await lockstep.probeUntil(
          'db1',
          'the verdict',
          (scrape) => reasonDown(witness.heard(scrape)) === 'other',
        );
        expect(old.state('mysql_login_failure', 'reason')).toBe('other');
        const checked = await witness.run('check', '--config', lockstep.file);
        expect(checked.output).toContain('the oldest supported is MariaDB 10.5.0');
        continue;
      }
      const seen = await lockstep.probeUntil('db1', claims, (scrape) => {
        const [info] = witness.heard(scrape).all('mysql_server_info');
        return info?.labels['version']?.startsWith(claims) === true;
      });
      expect(seen.all('mysql_server_info')[0]?.labels).toMatchObject({ flavour: 'mariadb', column, proof });
      expect(seen.value('mysql_server_newer_than_known')).toBe(newer);
      expect(seen.all('lockstep_collector_success').filter(({ value }) => value !== 1)).toEqual([]);
      const checked = await witness.run('check', '--config', lockstep.file);
      expect(checked.output).toContain(`dialect column ${column}, from the vendor's documentation`);
      expect(checked.output.includes('newer than any that Lockstep knows')).toBe(newer === 1);
    }
    server.configure({ version: undefined });
    await server.stop(0);
    await server.start();
    await sandbox.open(server);
    const seen = await lockstep.probeUntil('db1', 'the truth', (scrape) => scrape.value('mysql_up') === 1);
    expect(seen.all('mysql_server_info')[0]?.labels).toMatchObject({ column: version, proof: 'live' });
  });

  it('and nobody was told a password', () => witness.swears());
});
