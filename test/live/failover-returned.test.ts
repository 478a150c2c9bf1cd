import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { semiSyncSettings, waitForReplicas } from '../../src/sandbox/semi-sync.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { versionNamed } from '../../src/sandbox/versions.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { askOne } from './stage.js';

const acknowledged = Array.from({ length: 20 }, (_, index) => index + 1);

await describeEach(
  'a primary that comes back with less than its replicas have',
  (version) => {
    describe.each(['gtid', 'position'] as const)('by %s', (mode) => {
      const scope = new Scope();
      const mariadb = version.startsWith('mariadb');
      /** A replica that has not found out yet that the one that came back refuses it, when the failover begins; put back, it does at once. */
      const patient = mariadb
        ? ['STOP SLAVE', 'CHANGE MASTER TO MASTER_CONNECT_RETRY = 60', 'START SLAVE']
        : ['STOP REPLICA', 'CHANGE REPLICATION SOURCE TO SOURCE_CONNECT_RETRY = 60', 'START REPLICA'];
      let sandbox: SandboxCluster;
      let lockstep: LockstepProcess;
      let hosts: string;
      /** From Lockstep to db3: far away, it sees what has come of a statement and not what it had begun. */
      let far: Link;

      beforeAll(async () => {
        // What a commit leaves for later is written after so many seconds: a crash before that finds it undecided.
        const undecided = { innodb_flush_log_at_trx_commit: 1, sync_binlog: 1, innodb_flush_log_at_timeout: 2700 };
        const db1 = mariadb ? { settings: undecided } : {};
        const off = mariadb || mode === 'gtid' ? {} : { gtid_mode: 'OFF', enforce_gtid_consistency: 'OFF' };
        sandbox = scope.own(
          await createCluster({
            version,
            mode,
            settings: { ...semiSyncSettings(versionNamed(version)), ...off },
            servers: { db1 },
          }),
          (cluster) => cluster.stop(),
        );
        hosts = path.join(sandbox.authority.directory, 'hosts');
        await writeFile(hosts, `${sandbox.primary.address.host} masterdb\n`);
        const db3 = sandbox.server('db3');
        far = await openLink(scope, db3.address);
        const { host, port } = far.address;
        const announce = [{ kind: 'hosts-file', file: hosts, names: ['masterdb'] }];
        lockstep = await LockstepProcess.lay(sandbox, {}, { announce }, ({ name }) =>
          name === db3.name ? { address: `${host}:${port}` } : {},
        );
        await lockstep.start({ LOCKSTEP_FAULT: 'step:stands:ends=kill' });
      });
      afterAll(() => scope.end());

      it('gives way to one that has all that was acknowledged', async () => {
        const [db1, db2, db3] = [sandbox.primary, sandbox.server('db2'), sandbox.server('db3')];
        await db1.run(['CREATE DATABASE app', 'CREATE TABLE app.written (id INT PRIMARY KEY)']);
        const crash = mariadb ? () => db1.kill().then(() => db1.start()) : await withOlderDisk(db1);
        await db3.run(patient);
        await waitForReplicas(sandbox);
        for (const id of acknowledged) await db1.sql(`INSERT INTO app.written VALUES (${id})`);
        // One acknowledges; by position the other could not be re-pointed if it had received less.
        for (const replica of [db2, db3]) await untilCaughtUp(replica, db1);
        await crash();
        expect((await written(db1)).length).toBeLessThan(acknowledged.length);

        const cluster = 'sandbox';
        const refused = await untilPlanned('open-primary', ({ guards }) =>
          guards.some(({ reason }) => reason === 'ahead'),
        );
        expect(refused.guards.map(({ remedy }) => remedy)).toContainEqual(expect.stringContaining('lockstep plan failover --cluster sandbox')); // prettier-ignore
        await untilPlanned('failover', ({ digest, guards }) => digest !== undefined && guards.length === 0);
        far.delay(150);
        // The promotion is sent in the second life, and nobody writes down that it was.
        const first = await diesAndGoesOn({ LOCKSTEP_FAULT: 'step:promote:ends=kill' });
        expect(first.outcome, first.why).toBe('rolled-back');
        for (const server of sandbox.servers) expect(await askOne(server, '@@global.read_only')).toBe('1');
        far.delay(0);
        const run = await diesAndGoesOn({});
        expect(run.outcome, run.why).toBe('succeeded');

        const [now, other] = (await askOne(db2, '@@global.read_only')) === '0' ? [db2, db3] : [db3, db2];
        await expectOneOpen([db2, db3], now);
        expect(await askOne(db1, `@@global.${mariadb ? '' : 'super_'}read_only`)).toBe('1');
        for (const server of [now, other]) expect(await written(server)).toEqual(acknowledged);
        expect(await readFile(hosts, 'utf8')).toContain(`${now.address.host} masterdb`);

        const rejoin = { procedure: 'rejoin', parameters: { cluster, server: 'db1' } };
        const { remarks, guards } = await lockstep.plan(rejoin);
        // MySQL would leave out what bears its own server_id, and say nothing; by position nobody knows where it would begin.
        expect(guards.map(({ reason }) => reason)).toEqual(
          mode === 'position' ? ['no-way'] : mariadb ? [] : ['own-lost'],
        );
        if (guards.length > 0) return;
        expect(remarks).toContainEqual(expect.stringMatching(`^${now.name} is the primary, as the journal, what applications are told, `)); // prettier-ignore
        const rejoined = await lockstep.ended((await lockstep.run(rejoin)).id);
        expect(rejoined.outcome, rejoined.why).toBe('succeeded');
        await expectOneOpen(sandbox.servers, now, db1);
        await untilCaughtUp(db1, now);
        expect(await written(db1)).toEqual(acknowledged);
      });

      /** A failover at whose fault point Lockstep dies; it is started again, and brings the run to its end. */
      async function diesAndGoesOn(next: Readonly<Record<string, string>>) {
        const before = (await lockstep.runs()).length;
        // The answer may never come.
        void lockstep.run({ procedure: 'failover', parameters: { cluster: 'sandbox' } }).catch(() => undefined);
        await until('Lockstep to die', () => Promise.resolve(!lockstep.child.alive), { within: 30_000 });
        await lockstep.start(next);
        const runs = await lockstep.runs();
        expect(runs).toHaveLength(before + 1);
        return lockstep.ended(runs[0]?.id ?? '');
      }

      /** As its operator asks, until it is so. */
      async function untilPlanned(
        procedure: string,
        wanted: (plan: Awaited<ReturnType<LockstepProcess['plan']>>) => boolean,
      ) {
        let plan: Awaited<ReturnType<LockstepProcess['plan']>> | undefined;
        const met = async () => wanted((plan = await lockstep.plan({ procedure, parameters: { cluster: 'sandbox' } })));
        await until(`the plan of ${procedure}`, met, { within: 20_000 }).catch((cause: unknown) => {
          throw new Error(plan?.text.join('\n'), { cause });
        });
        if (plan === undefined) throw new Error('no plan');
        return plan;
      }
    });
  },
  oneOfEach,
);

/** A crash after which its disk is as it was now: what a machine loses that lies to its server about what it has written. */
async function withOlderDisk(server: SandboxServer): Promise<() => Promise<void>> {
  const copy = `${server.dataDirectory}-older`;
  await server.stop();
  await cp(server.dataDirectory, copy, { recursive: true });
  await server.start();
  await server.sql('SET GLOBAL read_only = OFF');
  return async () => {
    await server.kill();
    await rm(server.dataDirectory, { recursive: true });
    await cp(copy, server.dataDirectory, { recursive: true });
    await server.start();
  };
}

async function written(server: SandboxServer): Promise<readonly number[]> {
  const rows = await server.sql('SELECT id FROM app.written ORDER BY id');
  return rows.map(({ id }) => Number(id));
}
