import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { Site } from '../../src/domain/scene.js';
import { secureChannel } from '../../src/procedures/secure-channel.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { expired, startReplication, stopReplication, swapReplicaCertificate } from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import {
  bytesToApply,
  channelStatus,
  coordinatesOf,
  untilCaughtUp,
  untilReplicating,
} from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench, textOf } from './workbench.js';

await describeEach(
  'secure-channel',
  (version) => {
    const mysql = version.startsWith('mysql');

    describe.each(['gtid', 'position'] as const)('by %s', (mode) => {
      const scope = new Scope();
      let sandbox: SandboxCluster;
      let bench: Workbench;
      let db1: SandboxServer;
      let db2: SandboxServer;
      const secure = (more: Readonly<Record<string, string>> = {}) =>
        bench.parameters({ server: 'db2', channel: '', ...more });

      beforeAll(async () => {
        const settings = mysql && mode === 'position' ? { gtid_mode: 'OFF', enforce_gtid_consistency: 'OFF' } : {};
        sandbox = await createCluster({
          version,
          mode,
          replicas: 1,
          requirement: 'none',
          performanceSchema: true,
          settings,
        });
        scope.defer(() => sandbox.stop());
        bench = await Workbench.open(scope, sandbox);
        [db1, db2] = [sandbox.primary, sandbox.server('db2')];
        await db1.run([
          'CREATE DATABASE app',
          'CREATE TABLE app.counters (id INT PRIMARY KEY, n INT NOT NULL)',
          'CREATE TABLE app.lines (id INT PRIMARY KEY AUTO_INCREMENT, n INT NOT NULL)',
          'INSERT INTO app.counters VALUES (1, 0), (2, 0)',
        ]);
        await untilCaughtUp(db2, db1);
        // Half a transaction may be received whenever a receiver is stopped: without these MySQL lets Lockstep only wait for a minute until the applier gives up.
        if (mysql) await db2.run([`GRANT CONNECTION_ADMIN, SYSTEM_USER ON *.* TO '${sandbox.accounts.operate.user}'`]);
      });

      afterAll(() => scope.end());

      /** As it was before TLS: db2 where it stands now, or applying so many seconds late. */
      async function plaintext(delay = 0): Promise<void> {
        await untilCaughtUp(db2, db1);
        await stopReplication(db2);
        await sandbox.follow(db2, db1, { tls: 'off', start: false });
        await db2.sql(db2.words.delay('', delay));
        await startReplication(db2);
        await untilReplicating(db2);
        await untilStreams(db1, ['TCP/IP']);
      }

      /** What is not idempotent: applied twice or left out, it shows. */
      async function write(transactions: number): Promise<void> {
        for (let count = 0; count < transactions; count += 1)
          await db1.run([
            'UPDATE app.counters SET n = n + 1 WHERE id = 1',
            'INSERT INTO app.lines (n) SELECT n FROM app.counters WHERE id = 1',
          ]);
      }

      async function expectSame(): Promise<void> {
        await untilCaughtUp(db2, db1);
        const of = (server: SandboxServer) => server.sql('CHECKSUM TABLE app.counters, app.lines');
        expect(await of(db2)).toEqual(await of(db1));
        expect(await channelStatus(db2)).toEqual({ io: 'Yes', sql: 'Yes', error: '' });
      }

      it('changes what TLS needs and nothing else, while the primary is written to', async () => {
        await plaintext();
        const before = await channelRow(db2);
        const enough = new AbortController();
        const writer = (async () => {
          while (!enough.signal.aborted) await write(1);
        })();
        const ran = await bench.run(secureChannel, secure());
        enough.abort();
        await writer;
        expect(ran).toMatchObject({ outcome: 'succeeded', notes: { rehearsed: 'TLSv1.3' } });
        // What is seen at once needs no looking for.
        expect(ran.sent.filter((id) => id !== 'verify')).toEqual([
          'rehearse',
          ...(mysql && mode === 'gtid' ? [] : ['drain']),
          'stop',
          'repoint',
          'start',
        ]);
        await expectSame();
        await untilStreams(db1, ['SSL/TLS']);
        const { caFile, certFile, keyFile } = sandbox.channelTls(db2);
        expect(changed(before, await channelRow(db2))).toEqual({
          SSL_Allowed: 'Yes',
          SSL_Verify_Server_Cert: 'Yes',
          SSL_CA_File: caFile,
          SSL_Cert: certFile,
          SSL_Key: keyFile,
          // A plaintext channel may ask for the key that wraps a password; over TLS nobody needs it.
          ...(mysql ? { Get_Source_public_key: '0' } : {}),
        });
        expect(textOf(ran)).not.toContain(sandbox.accounts.replication.password.reveal());
        expect(secureChannel.needed(await bench.look(), secure()).observed).toBe('no');
      });

      it('does not wait for the rest of a transaction of which it has received half', async () => {
        await untilCaughtUp(db2, db1);
        await stopReplication(db2);
        const slow = new Scope();
        try {
          const link = await openLink(slow, db1.address);
          await sandbox.follow(db2, db1, { tls: 'off', through: link.address });
          link.throttle(200_000);
          const rows = Array.from({ length: 30 }, (_, row) => `(${row}, REPEAT('x', 100000))`);
          await db1.run(['CREATE TABLE app.half (id INT PRIMARY KEY, b LONGBLOB)', `INSERT INTO app.half VALUES ${rows.join(', ')}`]); // prettier-ignore
          await until('half of it', async () => (await bytesToApply(db2)) > 300_000);
          const whole = () => {
            link.throttle(Infinity);
            return Promise.resolve();
          };
          const ran = await bench.run(secureChannel, secure(), { at: { 'step:repoint:begins': whole } });
          expect(ran).toMatchObject({ outcome: 'succeeded' });
          await untilCaughtUp(db2, db1);
          expect(await db2.sql('CHECKSUM TABLE app.half')).toEqual(await db1.sql('CHECKSUM TABLE app.half'));
        } finally {
          await stopReplication(db2);
          await sandbox.follow(db2, db1, { tls: 'off' });
          await slow.end();
        }
        await db1.run(['DROP TABLE app.half']);
      });

      it('takes everything back before its commit point', async () => {
        await plaintext();
        const before = await channelRow(db2);
        await write(3);
        const ran = await bench.run(secureChannel, secure(), { breakAt: 'step:repoint:begins' });
        expect(ran).toMatchObject({ outcome: 'rolled-back' });
        await expectSame();
        expect(changed(before, await channelRow(db2))).toEqual({});
        await untilStreams(db1, ['TCP/IP']);
      });

      it('touches nothing when the rehearsal fails', async () => {
        await plaintext();
        const before = await channelRow(db2);
        const { keyFile = '' } = sandbox.channelTls(db2);
        bench.site = withKey(bench.site, `${keyFile}.missing`);
        const ran = await bench.run(secureChannel, secure());
        bench.site = withKey(bench.site, keyFile);
        expect(ran).toMatchObject({ outcome: 'failed', sent: ['rehearse'] });
        expect(ran.why).toContain('ENOENT');
        expect(changed(before, await channelRow(db2))).toEqual({});
        await expectSame();
      });

      it('leaves a stopped applier where it stands in the middle of its backlog, and loses none of it', async () => {
        await plaintext();
        await stopReplication(db2, 'sql');
        await write(5);
        const middle = await coordinatesOf(db1);
        await write(5);
        await untilReceived(db2, db1);
        await db2.sql(startUntil(mysql, middle));
        const half = 'the applier to stand in the middle';
        await until(
          half,
          async () => (await channelStatus(db2))?.sql === 'No' && (await applied(db2)) < (await applied(db1)),
        );
        const stoodAt = await applied(db2);
        const scene = await bench.look();
        expect(secureChannel.asks?.(scene, secure())).toContain('if db1 died in between');
        const ran = await bench.run(secureChannel, secure());
        expect(ran.outcome).toBe('succeeded');
        expect(await channelStatus(db2)).toMatchObject({ io: 'Yes', sql: 'No' });
        expect(await applied(db2)).toBe(stoodAt);
        if (mode === 'position') expect(ran.notes).toMatchObject({ 'executed-file': middle.file });
        await startReplication(db2, 'sql');
        await expectSame();
        await untilStreams(db1, ['SSL/TLS']);
      });

      it('keeps a delay, and what waits for it', async () => {
        await plaintext(3600);
        await write(4);
        await untilReceived(db2, db1);
        const before = await channelRow(db2);
        const ran = await bench.run(secureChannel, secure());
        expect(ran).toMatchObject({ outcome: 'succeeded' });
        expect(ran.sent).not.toContain('drain');
        expect((await channelRow(db2))['SQL_Delay']).toBe('3600');
        expect(Object.keys(changed(before, await channelRow(db2)))).not.toContain('SQL_Delay');
        expect(await applied(db2)).toBe((await applied(db1)) - 4);
        await stopReplication(db2);
        await db2.sql(db2.words.delay('', 0));
        await startReplication(db2);
        await expectSame();
      });

      it('leaves alone what was stopped on purpose', async () => {
        await plaintext();
        await write(2);
        await stopReplication(db2);
        await write(2);
        const ran = await bench.run(secureChannel, secure());
        const sent = ['rehearse', ...(mode === 'position' ? ['stop'] : []), 'repoint'];
        expect(ran).toMatchObject({ outcome: 'succeeded', sent });
        expect(await channelStatus(db2)).toMatchObject({ io: 'No', sql: 'No' });
        await startReplication(db2);
        await untilReplicating(db2);
        await expectSame();
        await untilStreams(db1, ['SSL/TLS']);
      });

      it('turns verification on', async () => {
        await untilCaughtUp(db2, db1);
        await stopReplication(db2);
        await sandbox.follow(db2, db1, { tls: { ...sandbox.channelTls(db2), verify: false } });
        const before = await channelRow(db2);
        expect(secureChannel.needed(await bench.look(), secure()).why).toContain(
          mysql ? 'does not verify that it talks to db1' : 'would go on in plaintext',
        );
        expect(await bench.run(secureChannel, secure())).toMatchObject({ outcome: 'succeeded' });
        expect(changed(before, await channelRow(db2))).toEqual({ SSL_Verify_Server_Cert: 'Yes' });
        await write(1);
        await expectSame();
      });

      // Last, for it changes the certificate of db2.
      it.skipIf(mode === 'position')(
        'never goes back to plaintext: what cannot connect afterwards is for a human',
        async () => {
          await plaintext();
          const user = sandbox.accounts.replication.user;
          await db1.run(['SET sql_log_bin = 0', `ALTER USER ${user}@'%' REQUIRE X509`, 'SET sql_log_bin = 1']);
          await swapReplicaCertificate(sandbox.authority, db2, expired());
          const full = await bench.run(secureChannel, secure());
          expect(full).toMatchObject({ outcome: 'failed', sent: ['rehearse'] });
          await untilStreams(db1, ['TCP/IP']);
          const ran = await bench.run(secureChannel, secure({ rehearsal: 'partial' }), { hurry: 150 });
          expect(ran.outcome).toBe('needs-human');
          expect(ran.why).toContain('past its commit point: See db2 replicate over TLS');
          expect((await channelRow(db2))['SSL_Allowed']).toBe('Yes');
          await untilStreams(db1, []);
          await swapReplicaCertificate(sandbox.authority, db2, {});
          await untilReplicating(db2);
          await write(1);
          await expectSame();
          await untilStreams(db1, ['SSL/TLS']);
        },
      );
    });
  },
  oneOfEach,
);

/** Settles when the source itself sees these kinds of streams and no others. */
async function untilStreams(source: SandboxServer, wanted: readonly string[]): Promise<void> {
  let last: unknown;
  const seen = async () => {
    const rows = await source.sql(
      "SELECT DISTINCT CONNECTION_TYPE AS type FROM performance_schema.threads WHERE PROCESSLIST_COMMAND LIKE 'Binlog Dump%'",
    );
    last = rows.map((row) => row['type']);
    return JSON.stringify(last) === JSON.stringify(wanted);
  };
  try {
    await until('the streams', seen, { within: 15_000 });
  } catch (cause) {
    throw new Error(`the source sees ${JSON.stringify(last)}, not ${JSON.stringify(wanted)}`, { cause });
  }
}

/** All that a channel is set up with, in the words of neither flavour; what moves by itself is left out. */
async function channelRow(replica: SandboxServer): Promise<Readonly<Record<string, string | null>>> {
  const [row = {}] = await replica.sql(replica.words.status);
  const settings = Object.entries(row).flatMap(([name, value]): [string, string | null][] => {
    const plain = name.replace(/^(?:Master|Source|Slave|Replica)_/, '');
    return moving.test(plain) ? [] : [[plain, value]];
  });
  if (replica.version.flavour === 'mariadb') return Object.fromEntries(settings);
  const [more = {}] = await replica.sql(
    "SELECT * FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME = ''",
  );
  const { HEARTBEAT_INTERVAL = null, TLS_CIPHERSUITES = null, COMPRESSION_ALGORITHM = null } = more;
  return { ...Object.fromEntries(settings), HEARTBEAT_INTERVAL, TLS_CIPHERSUITES, COMPRESSION_ALGORITHM };
}

const moving =
  /^(?:.*State|Log_File|Read_.*|Exec.*|Relay_.*|Seconds_Behind.*|Until_.*|Last_.*|.*Gtid_(?!Mode).*Pos|.*Gtid_Set|.*_Groups|Retried_.*|received_heartbeats|.*_event_time|.*time_diff|IO_Running|SQL_Running|SQL_Remaining_Delay|Server_Id|UUID)$/;

function changed(
  before: Readonly<Record<string, string | null>>,
  after: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string | null | undefined>> {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(names.filter((name) => before[name] !== after[name]).map((name) => [name, after[name]]));
}

async function applied(server: SandboxServer): Promise<number> {
  const [row] = await server.sql('SELECT n FROM app.counters WHERE id = 1');
  return Number(row?.['n']);
}

async function untilReceived(replica: SandboxServer, source: SandboxServer): Promise<void> {
  const { file, position } = await coordinatesOf(source);
  await until('all to be received', async () => {
    const [row] = await replica.sql(replica.words.status);
    const read = [
      row?.['Master_Log_File'] ?? row?.['Source_Log_File'],
      row?.['Read_Master_Log_Pos'] ?? row?.['Read_Source_Log_Pos'],
    ];
    return read[0] === file && read[1] === String(position);
  });
}

function startUntil(mysql: boolean, { file, position }: { readonly file: string; readonly position: number }): string {
  return mysql
    ? `START REPLICA SQL_THREAD UNTIL SOURCE_LOG_FILE = '${file}', SOURCE_LOG_POS = ${position}`
    : `START SLAVE SQL_THREAD UNTIL MASTER_LOG_FILE = '${file}', MASTER_LOG_POS = ${position}`;
}

function withKey(site: Site, keyFile: string): Site {
  return {
    ...site,
    servers: site.servers.map((server) => ({
      ...server,
      replicationTls: server.replicationTls && { ...server.replicationTls, keyFile },
    })),
  };
}
