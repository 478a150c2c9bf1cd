import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertList, alertNames, type AlertName } from '../../src/alerts/list.js';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { fillDisk, mountDisk } from '../../src/sandbox/disk.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { Alarms, titleOf } from './alarms.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Scrape } from './scrape.js';
import { expectRecent } from './stage.js';

/** Shown where drills are, drills.test.ts, and readers, readers.test.ts. Here the first comes when the first drill meets a replica that stands. */
const elsewhere: readonly AlertName[] = ['SwitchoverNotPossible', 'ReadersDiffer', 'ReplicaWithdrawnLong'];

const restart = { procedure: 'restart-replication', parameters: { cluster: 'sandbox', server: 'db2', channel: '' } };

// A Lockstep that acts, with the alerts about it and about servers in downtime. Its flavour tells nothing here.
await describeEach(
  'alerts of the automation',
  () => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let db2: SandboxServer;
    let disk: string;
    let hosts: string;
    let mounted: boolean;
    let lockstep: LockstepProcess;
    let alarms: Alarms;
    const told: string[] = [];

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version: 'mariadb-10.11', replicas: 1, durable: true }), (cluster) =>
        cluster.stop(),
      );
      db2 = sandbox.server('db2');
      const directory = await takeDirectory(scope);
      const [token, hook] = ['am.token', 'hook.url'].map((name) => path.join(directory, name));
      await writeFile(token ?? '', 'alertmanagers-token\n', { mode: 0o600 });
      await writeFile(hook ?? '', await receiver(scope, told), { mode: 0o600 });
      disk = path.join(directory, 'disk');
      // Where this process may not mount, the journal lies on the disk that there is, and one alert is not shown.
      mounted = await mountDisk(disk, 4).then(
        () => true,
        () => false,
      );
      hosts = path.join(directory, 'hosts');
      lockstep = await LockstepProcess.lay(sandbox, {
        defaults: { announce: [{ kind: 'hosts-file', file: hosts, names: ['masterdb'] }] },
        journal: { directory: path.join(disk, 'journal') },
        tokens: [{ name: 'am', role: 'alertmanager', token_file: token }],
        automation: { cooldown: '1s' },
        policies: [{ match: ['alertname="WritableReplica"'], run: 'fence-writable-replica', mode: 'auto' }],
        notify: [{ kind: 'webhook', url_file: hook, on: ['approval-wanted', 'ended'] }],
      });
      await writeFile(hosts, `${sandbox.primary.address.host} masterdb\n`);
      await lockstep.start();
      alarms = await Alarms.watch(scope, [lockstep.url], {
        pace: 1 / 240,
        limits: { run_waiting: 1, paused: 1, watchdog: 3, down: 240, drill: 240 },
      });
      await alarms.firing(['Watchdog']);
      await alarms.quiet();
    });

    afterAll(() => scope.end());

    const page = async () => new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());

    it('of a run that waits for somebody, and what became of it', async () => {
      await stopReplication(db2);
      const { id } = await lockstep.run({ ...restart, mode: 'approve' });
      const [waiting] = await alarms.firing(['RunWaitingLong', undefined, { cluster: 'sandbox' }]);
      expect(waiting?.annotations['description']).toMatch(/waited for is: approval\.$/);
      const before = await page();
      const of = { cluster: 'sandbox', procedure: restart.procedure };
      expect(before.value('lockstep_runs_open', { ...of, state: 'waiting' })).toBe(1);
      expect(before.value('lockstep_runs_waiting', { ...of, guard: 'approval' })).toBe(1);
      expectRecent(before.value('lockstep_run_waiting_since_timestamp_seconds', of));
      await lockstep.api('POST', `/runs/${id}/approve`, {});
      expect(await lockstep.ended(id)).toMatchObject({ outcome: 'succeeded' });
      await alarms.resolved(['RunWaitingLong']);

      const refused = await lockstep.ended((await lockstep.run({ ...restart, mode: 'auto' })).id);
      expect(refused.outcome).toBe('refused');
      const after = await page();
      expect(after.value('lockstep_runs_refused_total', { ...of, guard: 'not-observed' })).toBe(1);
      const succeeded = { procedure: restart.procedure, outcome: 'succeeded' };
      expect(after.value('lockstep_run_duration_seconds_count', succeeded)).toBe(1);
      expect(values(after, 'lockstep_section_duration_seconds_count', { procedure: restart.procedure })).toContain(1);
      expect(after.value('lockstep_journal_append_duration_seconds_count')).toBeGreaterThan(5);
      const sequence = String(after.value('lockstep_journal_head_sequence'));
      expect(after.all('lockstep_journal_head_info').map(({ labels }) => labels)).toEqual([
        { sequence, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
      ]);
      await until('the receiver to be told', () => told.length >= 2);
      const delivered = { receiver: 'webhook', result: 'delivered' };
      expect((await page()).value('lockstep_notifications_total', delivered)).toBeGreaterThanOrEqual(2);
      expect(values(await page(), 'lockstep_schedule_jobs_total', { job: 'prune', result: 'failed' })).toEqual([0]);
    });

    it('of an announcer that tells applications of another server than the primary', async () => {
      const matches = async () => (await page()).value('lockstep_announcement_matches', { cluster: 'sandbox', announcer: 'hosts-file' }); // prettier-ignore
      expect(await matches()).toBe(1);
      await writeFile(hosts, `${db2.address.host} masterdb\n`);
      const [differs] = await alarms.firing(['AnnouncementDiffers', undefined, { announcer: 'hosts-file' }]);
      expect(differs?.labels).toMatchObject({ cluster: 'sandbox', severity: 'critical' });
      expect(await matches()).toBe(0);
      await writeFile(hosts, `${sandbox.primary.address.host} masterdb\n`);
      await alarms.resolved(['AnnouncementDiffers']);
      expect(await matches()).toBe(1);
    });

    it('of a pause, and of alerts that are turned away or no longer come', async () => {
      await lockstep.api('PUT', '/pause/sandbox', { paused: true, reason: 'a test' });
      expect(await deliver('nobodys-token')).toBe(401);
      expect(await deliver('alertmanagers-token')).toBeLessThan(300);
      const rejected = { reason: 'unauthenticated' };
      await alarms.firing(
        ['PausedLong', undefined, { cluster: 'sandbox' }],
        ['WebhookRejected', undefined, rejected],
        ['WatchdogSilent'],
      );
      const paused = await page();
      expect(paused.value('lockstep_paused', { cluster: 'sandbox' })).toBe(1);
      expect(paused.value('lockstep_paused', { cluster: '' })).toBe(0);
      expectRecent(paused.value('lockstep_paused_since_timestamp_seconds', { cluster: 'sandbox' }));
      expect(paused.value('lockstep_webhook_rejected_total', rejected)).toBe(1);
      await lockstep.api('PUT', '/pause/sandbox', { paused: false });
      const delivering = setInterval(() => void deliver('alertmanagers-token').catch(() => undefined), 500);
      try {
        await alarms.resolved(['PausedLong'], ['WatchdogSilent']);
      } finally {
        clearInterval(delivering);
      }
    });

    it('of a run that needs a human', async () => {
      await stopReplication(db2);
      await db2.sql('RESET SLAVE ALL');
      await sandbox.open(db2);
      // Of an alert: a person who asks for it is told at once that it is refused.
      const labels = { alertname: 'WritableReplica', cluster: 'sandbox', server: 'db2' };
      expect(await deliver('alertmanagers-token', labels)).toBeLessThan(300);
      const run = await until('a run that needs a human', async () =>
        (await lockstep.runs()).find(({ state }) => state === 'needs-human'),
      );
      expect(run.why).toContain('db1 and db2 accept writes');
      const [human] = await alarms.firing(['RunNeedsHuman', undefined, { cluster: 'sandbox', severity: 'critical' }]);
      expect(human?.annotations['description']).toContain('(1: fence-writable-replica)');
      // It keeps drills away, from the one that comes soon after a start on.
      await lockstep.stop();
      await lockstep.start();
      await alarms.firing(['DrillOverdue', undefined, { cluster: 'sandbox' }]);
      const overdue = await page();
      expectRecent(overdue.value('lockstep_drill_last_run_timestamp_seconds', { result: 'postponed' }));
      expect(values(overdue, 'lockstep_drill_last_run_timestamp_seconds', { result: 'completed' })).toEqual([]);
      expect(overdue.value('lockstep_drill_due_timestamp_seconds', { cluster: 'sandbox' })).toBeLessThan(Date.now() / 1000); // prettier-ignore
      await sandbox.close(db2);
      await sandbox.follow(db2, sandbox.primary);
      await lockstep.api('POST', `/runs/${run.id}/abandon`, { reason: 'the second primary was closed by hand' });
      await lockstep.stop();
      await lockstep.start();
      await alarms.resolved(['RunNeedsHuman'], ['DrillOverdue']);
    });

    it('of a server, but not while that is in downtime', async () => {
      await lockstep.api('PUT', '/downtime/sandbox/db2', { down: true, seconds: 600, reason: 'a test' });
      const ends = Date.now() / 1000 + 500;
      const known = await page();
      expect(known.value('lockstep_server_downtime_until_timestamp_seconds', { server: 'db2' })).toBeGreaterThan(ends);
      await until('Prometheus to know of it', () =>
        held('lockstep_server_downtime_until_timestamp_seconds > bool 0', 1),
      );
      const before = new Set(alarms.fired.keys());
      await db2.kill();
      // For far longer than the rule would wait.
      await until('Prometheus to have seen it down for a while', () => held('mysql_up{server="db2"} == bool 0', 5));
      const since = [...alarms.fired].filter(([key]) => !before.has(key)).map(([, alert]) => titleOf(alert));
      expect(since.filter((title) => title.includes('db2'))).toEqual([]);
      await lockstep.api('PUT', '/downtime/sandbox/db2', { down: false });
      await alarms.firing(['ServerDown', 'db2']);
      await db2.start();
      await startReplication(db2).catch(() => undefined);
      await alarms.resolved(['ServerDown']);
    });

    it('of a journal whose disk is full', async ({ skip }) => {
      skip(!mounted, 'a small disk cannot be mounted here');
      const makeRoom = await fillDisk(disk);
      let paused = false;
      // What is left of its last page is soon used up.
      const refusal = await until('the journal to take no more', () => {
        paused = !paused;
        const body = paused ? { paused, reason: 'x'.repeat(200) } : { paused };
        return lockstep.api('PUT', '/pause/sandbox', body).then(() => undefined, String);
      });
      expect(refusal).toContain('journal-full');
      await alarms.firing(['JournalNotWritable', undefined, { severity: 'critical' }]);
      expect((await page()).value('lockstep_journal_writable')).toBe(0);
      // Nothing is appended for it to be seen that there is room again.
      await makeRoom();
      await alarms.resolved(['JournalNotWritable']);
      await lockstep.api('PUT', '/pause/sandbox', { paused: false });
    });

    it('of every name, but those that are shown elsewhere', () => {
      const wanted = alertNames.filter((name) => alertList[name].subject === 'automation' && !elsewhere.includes(name));
      const shown = new Set([...alarms.fired.values()].map(({ labels }) => labels['alertname']));
      expect(wanted.filter((name) => !shown.has(name))).toEqual(mounted ? [] : ['JournalNotWritable']);
    });

    /** The status with which the webhook answers an alert that comes with this token. */
    async function deliver(token: string, labels: object = { alertname: 'Watchdog' }): Promise<number> {
      const alert = {
        status: 'firing',
        labels,
        annotations: {},
        startsAt: new Date().toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '',
        fingerprint: '0123456789abcdef',
      };
      const answer = await fetch(`${lockstep.url}/api/v1/alerts`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        body: JSON.stringify({ version: '4', groupKey: 'g', status: 'firing', receiver: 'lockstep', alerts: [alert] }),
      });
      await answer.arrayBuffer();
      return answer.status;
    }

    /** Whether the condition has held in Prometheus for so many seconds. */
    async function held(condition: string, seconds: number): Promise<boolean> {
      const query = `min_over_time((max(${condition}))[${seconds}s:500ms]) == 1 and count_over_time((max(${condition}))[${seconds}s:500ms]) >= ${2 * seconds}`;
      const url = `${alarms.prometheus.url}/api/v1/query?query=${encodeURIComponent(query)}`;
      const answer = (await (await fetch(url)).json()) as { readonly data: { readonly result: readonly unknown[] } };
      return answer.data.result.length > 0;
    }
  },
  oneOfEach.filter((version) => version.startsWith('mariadb')),
);

/** Where notifications go. What came is told of in `told`. */
async function receiver(scope: Scope, told: string[]): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push(body);
      response.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  scope.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function values(page: Scrape, name: string, labels: Readonly<Record<string, string>>): readonly number[] {
  return page.all(name, labels).map(({ value }) => value);
}
