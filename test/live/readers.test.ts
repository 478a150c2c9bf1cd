import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { startHaproxy, type Haproxy } from '../../src/sandbox/haproxy.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { Alarms } from './alarms.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Reader } from './reader.js';
import { hostKeys } from './rebuild-hosts.js';
import { Scrape } from './scrape.js';

const db2 = { cluster: 'sandbox', server: 'db2' };

// An application reads from two replicas by way of a real HAProxy, all the time.
await describeEach(
  'what applications read from',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let haproxy: Haproxy;
    let lockstep: LockstepProcess;
    let reader: Reader;

    beforeAll(async () => {
      const settings = mysql ? { plugin_load_add: 'mysql_clone.so' } : {};
      sandbox = scope.own(await createCluster({ version, replicas: 2, settings }), (cluster) => cluster.stop());
      await sandbox.primary.run([
        'CREATE DATABASE shop',
        'CREATE TABLE shop.goods (id INT PRIMARY KEY, words TEXT)',
        "INSERT INTO shop.goods VALUES (1, 'one'), (2, 'two')",
      ]);
      const lines = (disabled: (server: SandboxServer) => boolean) =>
        sandbox.servers.map((server) => ({ name: server.name, address: server.address, disabled: disabled(server) }));
      haproxy = await startHaproxy(scope, {
        servers: lines((server) => server !== sandbox.primary),
        readers: lines((server) => server === sandbox.primary),
      });
      await writeFile(haproxy.readers.stateFile, '');
      const { backend, stateFile } = haproxy.readers;
      const readers = { backend, servers: ['db2', 'db3'], state_file: stateFile, drain: '5s' };
      const announce = [{ kind: 'haproxy', socket: haproxy.socket, backend: haproxy.backend, readers }];
      lockstep = await LockstepProcess.lay(sandbox, { defaults: { announce } }, {}, await hostKeys(scope, sandbox));
      await lockstep.start();
      reader = await Reader.start(scope, sandbox, haproxy.readers.address);
    });

    afterAll(() => scope.end());

    const page = async () => new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());
    const servers = async (count = 20) => {
      const from = Date.now();
      await reader.more(count);
      return Object.keys(reader.between(from, Date.now())).sort();
    };
    const problems = async () => {
      const { problems: all } = (await lockstep.api('GET', '/clusters/sandbox')) as { readonly problems: readonly { readonly name: string; readonly message: string }[] }; // prettier-ignore
      return all.filter(({ name }) => name === 'readers-differ').map(({ message }) => message);
    };
    const matchesIs = (wanted: number) =>
      until(
        `what is read from to be ${wanted === 1 ? 'right' : 'wrong'}`,
        async () => (await page()).all('lockstep_readers_match')[0]?.value === wanted,
        { within: 10_000 },
      );

    it('loses a replica that is withdrawn by hand until it is returned, whatever is started anew', async () => {
      expect(await servers()).toEqual(['db2', 'db3']);
      await matchesIs(1);
      expect((await page()).all('lockstep_withdrawn_since_timestamp_seconds')).toEqual([]);
      const begun = Date.now() / 1000;
      const run = await lockstep.ended((await lockstep.run({ procedure: 'withdraw-replica', parameters: db2 })).id);
      expect(run.outcome, run.why).toBe('succeeded');
      expect(await servers()).toEqual(['db3']);
      await haproxy.reload();
      await lockstep.stop();
      await lockstep.start();
      expect(await servers()).toEqual(['db3']);
      const labels = { cluster: 'sandbox', server: 'db2' };
      const since = (await page()).value('lockstep_withdrawn_since_timestamp_seconds', labels);
      expect(since).toBeGreaterThanOrEqual(Math.floor(begun));
      expect(await lockstep.api('GET', '/withdrawals')).toEqual({
        withdrawals: [{ ...labels, since: expect.any(Number) as unknown, run: run.id, procedure: 'withdraw-replica' }],
      });
      await matchesIs(1);
      const reads = async (server: string) => (await page()).value('lockstep_reader', { ...labels, server, announcer: 'haproxy' }); // prettier-ignore
      expect(await Promise.all(['db2', 'db3'].map(reads))).toEqual([0, 1]);
      const again = await lockstep.plan({ procedure: 'withdraw-replica', parameters: db2 });
      expect(again.guards[0]?.why).toContain('db2 is withdrawn already');
    });

    it.runIf(!mysql)('tells when somebody leads readers to it all the same, and when it was forgotten', async () => {
      const alarms = await Alarms.watch(scope, [lockstep.url], { pace: 1 / 60, limits: { withdrawn: 1 } });
      await alarms.firing(['ReplicaWithdrawnLong', undefined, { cluster: 'sandbox' }]);
      await haproxy.runtime(`set server ${haproxy.readers.backend}/db2 state ready`);
      const [differs] = await alarms.firing(['ReadersDiffer', undefined, { announcer: 'haproxy' }]);
      expect(differs?.annotations['summary']).toBe('Applications read from the wrong servers of sandbox');
      expect((await page()).value('lockstep_readers_match', { cluster: 'sandbox', announcer: 'haproxy' })).toBe(0);
      expect(await problems()).toEqual(['haproxy lets applications read from db2, withdrawn']);
      expect((await page()).value('mysql_cluster_problems', { cluster: 'sandbox', problem: 'readers-differ' })).toBe(1); // prettier-ignore
      await haproxy.runtime(`set server ${haproxy.readers.backend}/db2 state maint`);
      await alarms.resolved(['ReadersDiffer']);
    });

    it('and has it back', async () => {
      const run = await lockstep.ended((await lockstep.run({ procedure: 'return-replica', parameters: db2 })).id);
      expect(run.outcome, run.why).toBe('succeeded');
      expect(await servers()).toEqual(['db2', 'db3']);
      await matchesIs(1);
      expect((await page()).all('lockstep_withdrawn_since_timestamp_seconds')).toEqual([]);
      expect(await problems()).toEqual([]);
    });

    it('never sees a replica that is rebuilt, though Lockstep is killed in the middle', async () => {
      await diverge();
      await lockstep.stop();
      await lockstep.start({ LOCKSTEP_FAULT: 'step:swap:begins=kill' });
      const asked = await lockstep.run({ procedure: 'rebuild-replica', parameters: db2 });
      await until('Lockstep to be killed', () => Promise.resolve(!lockstep.child.alive), { within: 60_000 });
      // Nobody is there, HAProxy begins anew: it stays out.
      await haproxy.reload();
      expect(await servers(50)).toEqual(['db3']);
      await lockstep.start();
      const run = await lockstep.until(asked.id, 'ended', ({ state }) => state === 'ended' || state === 'needs-human', 90_000); // prettier-ignore
      expect(run.outcome, run.why).toBe('succeeded');
      expect(await servers()).toEqual(['db2', 'db3']);
      const { history } = await lockstep.shown(asked.id);
      const at = (words: string) =>
        Number(new Date(history.find(({ sentence }) => sentence.includes(words))?.at ?? NaN));
      const [out, back] = [at('withdraw-db2 was done'), at('it begins return-db2')];
      const between = reader.between(out, back);
      process.stderr.write(`rebuild on ${version}: ${JSON.stringify(between)} reads in ${back - out} ms, ${reader.reads.length} in all, ${reader.refused.length} refused\n`); // prettier-ignore
      expect(Object.keys(between)).toEqual(['db3']);
      expect(between['db3']).toBeGreaterThan(50);
      expect(reader.refused).toEqual([]);
    });

    /** A row that is gone there makes the applier stop. */
    async function diverge(): Promise<void> {
      const replica = sandbox.server('db2');
      await untilCaughtUp(replica, sandbox.primary);
      await stopReplication(replica, 'sql');
      await replica.run(['SET sql_log_bin = 0', 'DELETE FROM shop.goods WHERE id = 2', 'SET sql_log_bin = 1']);
      await sandbox.primary.sql("UPDATE shop.goods SET words = 'changed' WHERE id = 2");
      await startReplication(replica, 'sql');
      await until('the applier to stop', async () => (await channelStatus(replica))?.sql === 'No');
    }
  },
  oneOfEach,
);
