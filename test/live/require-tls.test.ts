import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { LoginError, openSession, type Session } from '../../src/mysql/session.js';
import { requireTls } from '../../src/procedures/require-tls.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench } from './workbench.js';

const password = new Secret('app-and-nothing-else');

await describeEach(
  'require-tls',
  (version) => {
    const mysql = version.startsWith('mysql');
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let db1: SandboxServer;
    let db2: SandboxServer;

    beforeAll(async () => {
      sandbox = await createCluster({ version, replicas: 1, performanceSchema: true });
      scope.defer(() => sandbox.stop());
      bench = await Workbench.open(scope, sandbox);
      [db1, db2] = [sandbox.primary, sandbox.server('db2')];
      await db1.run(
        ["app'%", 'strict'].map(
          (user) => `CREATE USER '${user.replace("'", "''")}'@'%' IDENTIFIED BY '${password.reveal()}' REQUIRE NONE`,
        ),
      );
      await untilCaughtUp(db2, db1);
      // One that asks for more on the replica, as nobody should have it.
      await db2.run([
        'SET sql_log_bin = 0',
        ...writable(mysql, `ALTER USER 'strict'@'%' REQUIRE X509`),
        'SET sql_log_bin = 1',
      ]);
    });

    afterAll(() => scope.end());

    async function logIn(server: SandboxServer, tls: boolean, user = "app'%"): Promise<Session> {
      const ca = await readFile(sandbox.client.ca);
      return openSession(
        {
          address: server.address,
          user,
          password: () => Promise.resolve(password),
          tls: tls ? { verify: 'identity', ca } : undefined,
        },
        { signal: AbortSignal.timeout(5000) },
      );
    }

    const now = () => bench.parameters({ 'observed-for': '0s' });
    const requirements = async (server: SandboxServer) =>
      (
        await server.sql(
          "SELECT User AS user, ssl_type AS type FROM mysql.user WHERE User IN ('app''%', 'strict') ORDER BY User",
        )
      ).map(({ user, type }) => [user, type]);
    const setting = async (server: SandboxServer) => {
      const persisted = mysql
        ? "(SELECT VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'require_secure_transport')"
        : 'NULL';
      const [row] = await server.sql(`SELECT @@global.require_secure_transport AS now, ${persisted} AS later`);
      return [row?.['now'], row?.['later'] ?? null];
    };

    it('refuses until it has been observed for long enough, and shows who would be locked out', async () => {
      const session = await logIn(db1, false);
      const scene = await bench.look();
      expect(requireTls.needed(scene, bench.parameters()).observed).toBe('yes');
      const refusals = requireTls.refusals(scene, bench.parameters({ 'observed-for': '7d' }));
      expect(refusals.map(({ reason }) => reason)).toEqual(['observed-too-short', 'observed-too-short']);
      expect(requireTls.refusals(scene, now())).toEqual([]);
      const remarks = requireTls.remarks?.(scene, now()) ?? [];
      expect(remarks.filter((remark) => remark.startsWith('Would be locked out'))).toEqual([
        expect.stringContaining(`"app'%" at db1 from 127.`),
      ]);
      expect(remarks.join('\n')).toContain("'strict'@'%' of db1 stays as it is: db2 demands a certificate of it");
      expect(requireTls.asks?.(scene, now())).toContain(
        '1 account and 2 servers would refuse plaintext, and 1 user was',
      );
      await session.end();
      // Gone, and not forgotten.
      expect(requireTls.remarks?.(await bench.look(), now()).join('\n')).toContain(`"app'%" at db1 from 127.`);
    });

    it('remembers over a restart of Lockstep', async () => {
      const lockstep = await LockstepProcess.lay(sandbox);
      const asked = { procedure: 'require-tls', parameters: { cluster: 'sandbox', 'observed-for': '0s' } };
      const shown = async () => (await lockstep.plan(asked)).remarks.join('\n');
      await lockstep.start();
      expect(await shown()).toContain('Nobody who would be locked out was seen within 7 d.');
      const session = await logIn(db2, false);
      expect(await shown()).toContain(`"app'%" at db2 from 127.`);
      await session.end();
      await lockstep.stop();
      await lockstep.start();
      expect(await shown()).toContain(`"app'%" at db2 from 127.`);
      await lockstep.stop();
    });

    it('puts back all of it when a step fails', async () => {
      const ran = await bench.run(requireTls, now(), { breakAt: 'step:require-db1:begins' });
      expect(ran).toMatchObject({ outcome: 'rolled-back', sent: ['accounts', 'require-db2'] });
      await untilCaughtUp(db2, db1);
      for (const server of [db1, db2]) {
        expect((await requirements(server))[0]).toEqual(["app'%", '']);
        expect(await setting(server)).toEqual(['0', null]);
      }
      await (await logIn(db2, false)).end();
    });

    it('lets nobody in over the network without TLS, and everybody else as before', async () => {
      const early = await logIn(db1, false);
      const ran = await bench.run(requireTls, now());
      expect(ran).toMatchObject({ outcome: 'succeeded', sent: ['accounts', 'require-db2', 'require-db1'] });
      await untilCaughtUp(db2, db1);
      for (const server of [db1, db2]) {
        await expect(logIn(server, false)).rejects.toBeInstanceOf(LoginError);
        await (await logIn(server, true)).end();
        expect(await setting(server)).toEqual(['1', mysql ? 'ON' : null]);
        expect((await requirements(server))[0]).toEqual(["app'%", 'ANY']);
      }
      // What replication would have weakened is what it was, on both.
      expect([(await requirements(db1))[1], (await requirements(db2))[1]]).toEqual([
        ['strict', ''],
        ['strict', 'X509'],
      ]);
      await early.query('SELECT 1', { signal: AbortSignal.timeout(5000) });
      await early.end();
      await untilReplicating(db2);
      expect(requireTls.needed(await bench.look(), now()).observed).toBe('no');
    });

    it('still asks for TLS after a restart, where the server can keep it and by its accounts', async () => {
      await db2.restart(1_500);
      await untilReplicating(db2);
      expect(await setting(db2)).toEqual(mysql ? ['1', 'ON'] : ['0', null]);
      await expect(logIn(db2, false)).rejects.toBeInstanceOf(LoginError);
      await (await logIn(db2, true)).end();
    });
  },
  oneOfEach,
);

/** MySQL closes a replica to everybody. */
function writable(mysql: boolean, statement: string): readonly string[] {
  return mysql ? ['SET GLOBAL read_only = 0', statement, 'SET GLOBAL super_read_only = 1'] : [statement];
}
