import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DataNames } from '../../src/actors/copy/places.js';
import { stopped } from '../../src/actors/copy/stop.js';
import { Scope } from '../../src/base/scope.js';
import { dataFiles } from '../../src/dialects/survey-statements.js';
import { openHost } from '../../src/hosts/open.js';
import type { Target } from '../../src/mysql/session.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { serviceOf } from '../../src/sandbox/service.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';
import { plain } from './crash-case.js';

await describeEach('a server that is told to end', (version) => {
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let server: SandboxServer;
  let target: Target;
  let service: readonly string[];

  beforeAll(async () => {
    // Pages wait in memory until the end, where they take the longest.
    const settings = { innodb_buffer_pool_size: '256M', innodb_max_dirty_pages_pct: 90, innodb_max_dirty_pages_pct_lwm: 0 }; // prettier-ignore
    sandbox = scope.own(await createCluster({ version, replicas: 0, settings }), (cluster) => cluster.stop());
    server = sandbox.primary;
    target = await sandbox.login(server, sandbox.accounts.operate);
    service = await serviceOf(scope, server);
  });
  afterAll(() => scope.end());

  /** Size and time of every file of it. */
  function files(): Readonly<Record<string, string>> {
    const found = readdirSync(server.dataDirectory, { recursive: true, withFileTypes: true });
    return Object.fromEntries(
      found
        .filter((one) => one.isFile())
        .map((one) => path.join(one.parentPath, one.name))
        .map((file) => [file, `${statSync(file).size} ${statSync(file).mtimeMs}`]),
    );
  }

  async function namesOf(): Promise<DataNames> {
    const [row] = await server.sql(plain(dataFiles));
    return { data: row?.['data'] ?? '', temporary: row?.['temporary'] ?? '' };
  }

  function stopping(paths: readonly string[]) {
    const { name } = server;
    const host = openHost({ kind: 'local', sudo: false, paths, programs: [], services: { mysql: service } });
    return { on: name, service: 'mysql', host, target };
  }

  /** It is held for ended, and nothing of it changes any more. */
  async function ends(names: DataNames): Promise<void> {
    await stopped(stopping([server.disk]), names, AbortSignal.timeout(60_000));
    const then = files();
    await until('its process to end', () => !server.running);
    expect(files()).toEqual(then);
  }

  it('leaves its data alone once it is held for ended, and not when it answers nobody any more', async () => {
    await server.run([
      'CREATE DATABASE dirty',
      'CREATE TABLE dirty.pages (id INT PRIMARY KEY AUTO_INCREMENT, body VARBINARY(2000))',
      "INSERT INTO dirty.pages (body) VALUES (REPEAT('x', 2000))",
      ...Array.from({ length: 16 }, () => 'INSERT INTO dirty.pages (body) SELECT body FROM dirty.pages'),
    ]);
    await ends(await namesOf());
    await server.start();
  }, 120_000);

  it.each([
    ['ending already', () => server.sql('SHUTDOWN').catch(() => undefined)],
    ['dead', () => server.kill()],
  ])(
    'leaves its data alone where it was %s, and whole',
    async (_, before) => {
      const names = await namesOf();
      await server.sql('INSERT INTO dirty.pages (body) SELECT body FROM dirty.pages LIMIT 20000');
      await before();
      await ends(names);
      expect(readdirSync(server.dataDirectory)).not.toContain(names.temporary);
      await server.start();
      await server.sql('CHECKSUM TABLE dirty.pages');
    },
    120_000,
  );

  it('is not told to where nobody could see when it has ended', async () => {
    const ending = stopped(stopping(['/nowhere']), await namesOf(), AbortSignal.timeout(60_000));
    await expect(ending).rejects.toMatchObject({ code: 'not-allowed' });
    const other = { ...(await namesOf()), temporary: 'none' };
    await expect(stopped(stopping([server.disk]), other, AbortSignal.timeout(60_000))).rejects.toMatchObject({ code: 'end-unseen' }); // prettier-ignore
    expect(server.running).toBe(true);
    await server.sql('SELECT 1');
  });
});
