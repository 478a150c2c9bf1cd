import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { RunView } from '../../src/engine/run.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { swapServerCertificate } from '../../src/sandbox/faults.js';
import { channelStatus } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { AlertLoop, alertmanagersToken } from './alert-loop.js';
import { crashCases } from './crash-cases.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Scrape } from './scrape.js';

/** Of the waits of the shipped rules, how much is left. */
const pace = 0.02;

await describeEach(
  'the whole loop, from a fault over alert and webhook to the mended server',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;
    let loop: AlertLoop;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2 }), (cluster) => cluster.stop());
      const token = path.join(await takeDirectory(scope), 'am.token');
      await writeFile(token, alertmanagersToken, { mode: 0o600 });
      lockstep = await LockstepProcess.lay(sandbox, {
        tokens: [{ name: 'am', role: 'alertmanager', token_file: token }],
        automation: { cooldown: '1s', runs_per_hour: { cluster: 100, overall: 100 } },
        policies: [
          'restart-replication',
          'fence-writable-replica',
          'secure-channel',
          'require-tls',
          'renew-certificate',
          'enable-tls',
        ].map((run) => ({
          match: [`procedure="${run}"`],
          run,
          mode: run === 'enable-tls' ? 'approve' : 'auto',
          // Nobody waits for seven days here.
          ...(run === 'require-tls' ? { with: { 'observed-for': '0s' } } : {}),
        })),
      });
      await lockstep.start();
      loop = await AlertLoop.start(scope, lockstep.url, pace);
    });
    afterEach(async () => {
      expect(await verifyJournal(lockstep.journal)).toMatchObject({ ok: true });
    });
    afterAll(() => scope.end());

    /** Exactly one run came of it, and it ended; the alert is gone at both peers. */
    async function mended(procedure: string, alertname: string): Promise<RunView> {
      const ofProcedure = async () => (await lockstep.runs()).filter((run) => run.procedure === procedure);
      await until(`a run of ${procedure}`, async () => (await ofProcedure()).length > 0, { within: 60_000 });
      const [first] = await ofProcedure();
      const run = await lockstep.ended(first?.id ?? '');
      expect(run.outcome, run.why).toBe('succeeded');
      await loop.resolved(alertname);
      expect(await ofProcedure()).toEqual([expect.objectContaining({ id: run.id })]);
      return run;
    }

    it('starts replication again after an error that passes', async () => {
      const replica = sandbox.server('db2');
      await sandbox.primary.run(['CREATE DATABASE loop_db', 'CREATE TABLE loop_db.t (id INT PRIMARY KEY, v INT)', 'INSERT INTO loop_db.t VALUES (1, 1)']); // prettier-ignore
      await until('the row to arrive', async () => (await replica.sql('SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = \'loop_db\''))[0]?.['n'] === '1'); // prettier-ignore
      // The applier gives up at once when it meets a lock, and the lock is gone soon after.
      const retries = version.startsWith('mysql') ? 'replica_transaction_retries' : 'slave_transaction_retries';
      await replica.run([`SET GLOBAL ${retries} = 0`, 'SET GLOBAL innodb_lock_wait_timeout = 1']);
      await replica.run(version.startsWith('mysql') ? ['STOP REPLICA SQL_THREAD', 'START REPLICA SQL_THREAD'] : ['STOP SLAVE SQL_THREAD', 'START SLAVE SQL_THREAD']); // prettier-ignore
      await replica.sql('BEGIN');
      await replica.sql('SELECT * FROM loop_db.t FOR UPDATE');
      await sandbox.primary.sql('UPDATE loop_db.t SET v = 2');
      await until('the applier to stop', async () => (await channelStatus(replica))?.sql === 'No', { within: 30_000 });
      await replica.sql('COMMIT');
      await mended('restart-replication', 'ReplicationStopped');
      expect((await replica.sql('SELECT v FROM loop_db.t'))[0]?.['v']).toBe('2');
    });

    it('fences a replica that accepts writes', async () => {
      await crashCases['fence-writable-replica']?.provoke(sandbox);
      await mended('fence-writable-replica', 'WritableReplica');
      // Fencing ended the session of this test, too.
      await sandbox
        .server('db2')
        .sql('DO 0')
        .catch(() => undefined);
    });

    it('secures a channel that does not verify its source', async () => {
      await crashCases['secure-channel']?.provoke(sandbox);
      await mended('secure-channel', 'ChannelNotVerifying');
    });

    it('renews a certificate that is about to expire, and the new one is on the wire', async () => {
      const replica = sandbox.server('db2');
      const served = async () => (await lockstepsView(lockstep, 'db2')).notAfter;
      const dates = { notBefore: new Date(Date.now() - 340 * day), notAfter: new Date(Date.now() + 21 * day) };
      await swapServerCertificate(sandbox.authority, replica, dates);
      await mended('renew-certificate', 'CertificateExpiring');
      expect(await served()).toBeGreaterThan((Date.now() + 300 * day) / 1000);
      expect((await channelStatus(replica))?.io).toBe('Yes');
    });

    it('turns TLS on where a server lost it, once somebody has approved it', async () => {
      const replica = sandbox.server('db3');
      replica.setTls('off');
      await replica.restart(1500);
      const run = async () => (await lockstep.runs()).find(({ procedure }) => procedure === 'enable-tls');
      const asks = async () => (await run())?.guard?.guard === 'approval';
      await until('the run to wait for an approval', asks, { within: 60_000 });
      expect(await loop.fires('TlsOff')).toBe(true);
      const waiting = await run();
      expect([waiting?.state, waiting?.startedAt, waiting?.parameters['server']]).toEqual([
        'waiting',
        undefined,
        'db3',
      ]);
      await lockstep.api('POST', `/runs/${waiting?.id ?? ''}/approve`, {});
      await mended('enable-tls', 'TlsOff');
      expect((await lockstepsView(lockstep, 'db3')).notAfter).toBeGreaterThan((Date.now() + 300 * day) / 1000);
      expect((await channelStatus(replica))?.io).toBe('Yes');
    });

    it('requires TLS of three servers at once, when somebody has approved it and not before', async () => {
      await crashCases['require-tls']?.provoke(sandbox);
      const run = async () => (await lockstep.runs()).find(({ procedure }) => procedure === 'require-tls');
      const asks = 'the run to wait for an approval';
      await until(asks, async () => (await run())?.guard?.guard === 'approval', { within: 60_000 });
      const waiting = await run();
      expect(waiting?.guard?.why).toMatch(/1 account and 3 servers would refuse plaintext/);
      expect([waiting?.state, waiting?.startedAt]).toEqual(['waiting', undefined]);
      await lockstep.api('POST', `/runs/${waiting?.id ?? ''}/approve`, {});
      const { approval } = await mended('require-tls', 'TlsNotRequired');
      expect(approval).toMatchObject({ by: 'ops', digest: waiting?.digest });
      for (const server of sandbox.servers)
        expect((await server.sql('SELECT @@global.require_secure_transport AS value'))[0]?.['value']).toBe('1');
    });

    it('tells all of it in metrics, and no secret anywhere', async () => {
      const text = await (await fetch(`${lockstep.url}/metrics`)).text();
      const page = new Scrape(text);
      const of = { cluster: 'sandbox', procedure: 'fence-writable-replica' };
      expect(page.value('lockstep_runs_total', { ...of, outcome: 'succeeded', trigger: 'alert' })).toBe(1);
      expect(page.value('lockstep_procedure_last_success_timestamp_seconds', of)).toBeGreaterThan(
        Date.now() / 1000 - 300,
      );
      expect(page.value('lockstep_webhook_alerts_total', { result: 'accepted' })).toBe(6);
      expect(page.value('lockstep_webhook_alerts_total', { result: 'repeated' })).toBeGreaterThan(0);
      expect(page.value('lockstep_webhook_last_received_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 300);
      expect(page.value('lockstep_watchdog_last_received_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 300);
      expect(page.value('lockstep_journal_writable')).toBe(1);
      expect(page.value('lockstep_journal_head_sequence')).toBeGreaterThan(10);
      const said = await lockstep.said();
      expect(said.length).toBeGreaterThan(10_000);
      const { monitor, operate, replication } = sandbox.accounts;
      const passwords = [monitor, operate, replication].map(({ password }) => password.reveal());
      for (const secret of [...passwords, alertmanagersToken, lockstep.token]) expect(said).not.toContain(secret);
      // What a renewal made is in its file alone: neither as it stands there, nor its lines, nor escaped.
      const renewed = await readFile(path.join(sandbox.server('db2').tlsDirectory, 'key.pem'), 'utf8');
      const lines = renewed.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
      expect(renewed).toContain('PRIVATE KEY');
      expect(lines.length).toBeGreaterThan(2);
      for (const secret of ['PRIVATE KEY', ...lines]) expect(said).not.toContain(secret);
    });
  },
  oneOfEach,
);

const day = 86_400_000;

/** When the certificate ends that a server shows to whoever connects now, as its page says. */
async function lockstepsView(lockstep: LockstepProcess, server: string): Promise<{ readonly notAfter: number }> {
  const text = await (await fetch(`${lockstep.url}/probe?target=sandbox/${server}`)).text();
  const of = { role: 'server', origin: 'handshake' };
  return { notAfter: new Scrape(text).value('mysql_certificate_not_after_timestamp_seconds', of) ?? 0 };
}
