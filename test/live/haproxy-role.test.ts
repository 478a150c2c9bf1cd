import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { openSession } from '../../src/mysql/session.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { startHaproxy, type Haproxy } from '../../src/sandbox/haproxy.js';
import { until } from '../../src/sandbox/until.js';
import { lockstepCommand } from './command.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';

// A real cluster behind a real HAProxy that asks Lockstep which server is the primary.
await describeEach(
  'HAProxy that asks for /role',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;
    let haproxy: Haproxy;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1, durable: true }), (cluster) => cluster.stop());
      lockstep = await LockstepProcess.lay(sandbox);
      await lockstep.start();
      haproxy = await startHaproxy(scope, {
        servers: sandbox.servers,
        role: { lockstep: lockstep.url, cluster: 'sandbox' },
      });
    });

    afterAll(() => scope.end());

    it('leads clients to the primary, over TLS that goes through untouched', async () => {
      // Before Lockstep has had its first look neither is the primary for it.
      await until('the primary alone to be up', async () => (await isDown('db2')) && !(await isDown('db1')));
      const { monitor } = sandbox.accounts;
      const session = await openSession(
        {
          address: haproxy.address,
          user: monitor.user,
          password: () => Promise.resolve(monitor.password),
          // The certificate is that of the server behind.
          tls: { verify: 'identity', ...(await papers()), serverName: 'db1' },
        },
        { signal: AbortSignal.timeout(10_000) },
      );
      try {
        const [rows] = await session.query('SELECT @@GLOBAL.port AS port', { signal: AbortSignal.timeout(5000) });
        expect(Number(rows?.[0]?.['port'])).toBe(sandbox.primary.address.port);
      } finally {
        await session.end();
      }
    });

    it('and `lockstep check` tells what it tells, or why not', async () => {
      const announce = [{ kind: 'haproxy', socket: haproxy.socket, backend: haproxy.backend, hold: '3s' }];
      const file = await writeConfiguration(sandbox, { keys: { announce } });
      const good = await lockstepCommand('check', '--config', file);
      expect(good.output).toContain('✔ announces by haproxy');
      expect(good.code).toBe(0);
      const wrong = await writeConfiguration(sandbox, { keys: { announce: [{ ...announce[0], backend: 'other' }] } });
      const bad = await lockstepCommand('check', '--config', wrong);
      expect(bad.output).toContain("HAProxy said: Can't find backend");
      expect(bad.code).toBe(1);
    });

    async function papers() {
      const { ca, cert, key } = sandbox.client;
      return { ca: await readFile(ca), cert: await readFile(cert), key: new Secret(await readFile(key, 'utf8')) };
    }

    async function isDown(server: string): Promise<boolean> {
      const state = await haproxy.runtime('show servers state mysql');
      const row = state.split('\n').find((line) => line.split(' ')[3] === server);
      return row?.split(' ')[5] === '0';
    }
  },
  oneOfEach.filter((version) => version.startsWith('mariadb')),
);
