import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { alertList, type AlertName } from '../../src/alerts/list.js';
import type { Listed } from '../../src/alerts/listed.js';
import { silentLog } from '../../src/base/log.js';
import { Scope } from '../../src/base/scope.js';
import { LockstepError } from '../../src/base/errors.js';
import { readSecret } from '../../src/config/secrets.js';
import { createHttp } from '../../src/http/http.js';
import { freePort } from '../../src/sandbox/addresses.js';
import { startAlertmanager, type Program } from '../../src/sandbox/programs.js';
import { until } from '../../src/sandbox/until.js';
import { MemoryAutomation } from '../http/automation.js';
import { open, ports } from '../http/listener.js';
import { keyOf, RecordingAutomation } from '../intake/recording.js';
import { intake } from '../intake/scene.js';

// A real Alertmanager with the configuration that deploy/ ships, quicker, delivers to the real route.

const scopes: Scope[] = [];
afterEach(async () => {
  for (const scope of scopes.splice(0)) await scope.end();
});

/** The route with an automation that records what it is asked, and the file with the token that opens it. */
async function webhook(automation = new RecordingAutomation()) {
  const scope = new Scope();
  scopes.push(scope);
  const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-intake-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const tokenFile = path.join(folder, 'alertmanager.token');
  writeFileSync(tokenFile, 'a-token-of-the-test\n', { mode: 0o600 });
  const read = () => readSecret({ from: 'file', path: tokenFile });
  const made = intake({ automation });
  const http = createHttp(
    { ...ports, automation: () => new MemoryAutomation(), alerts: made.intake },
    { ...open, tokens: [{ name: 'am', role: 'alertmanager', read }] },
    silentLog,
  );
  const url = await http.start();
  scope.defer(() => http.stop(0));
  return { ...made, automation, scope, url, tokenFile };
}

type Webhook = Awaited<ReturnType<typeof webhook>>;

/** As shipped, but that it waits for seconds where it waits for minutes. */
function shipped({ url, tokenFile }: Webhook): string {
  return readFileSync(path.join(import.meta.dirname, '../../deploy/alertmanager.yml'), 'utf8')
    .replace('http://127.0.0.1:10104', url)
    .replaceAll('/etc/lockstep/alertmanager.token', tokenFile)
    .replaceAll(/group_wait: \S+/g, 'group_wait: 0s')
    .replaceAll(/group_interval: \S+/g, 'group_interval: 1s')
    .replaceAll(/repeat_interval: \S+/g, 'repeat_interval: 2s');
}

type Labels = Readonly<Record<string, string>>;

/** An alert as our rules make it. */
function fires(name: AlertName, labels: Labels = {}): Labels {
  const { severity, subject, procedure }: Listed = alertList[name];
  return { alertname: name, severity, subject, ...(procedure && { procedure }), ...labels };
}

async function post({ url }: Program, alerts: readonly Labels[], endsAt?: Date): Promise<void> {
  const startsAt = new Date(Date.now() - 5000);
  const body = alerts.map((labels) => ({
    labels,
    startsAt,
    ...(endsAt && { endsAt }),
    annotations: { summary: '"é"' },
  }));
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
}

const db1 = { cluster: 'shop', server: 'db1' };
const db2 = { cluster: 'shop', server: 'db2' };

it('what fires is asked for, again when it is repeated, and told when it is over', async () => {
  const hook = await webhook();
  const { automation, counted } = hook;
  const alertmanager = await startAlertmanager(hook.scope, { config: shipped(hook) });
  await post(alertmanager, [
    fires('ReplicationStopped', { ...db1, channel: 'audit', thread: 'SQL' }),
    fires('ReplicationStopped', { ...db1, channel: 'audit', thread: 'IO' }),
    fires('WritableReplica', db2),
    fires('ServerDown', { cluster: 'shop-eu', server: 'db3' }),
    fires('Watchdog'),
  ]);
  const keys = () => new Set(automation.requests.map(keyOf));
  await until('both to be asked for', () => keys().size === 2);
  expect(keys()).toEqual(
    new Set([
      keyOf({ procedure: 'restart-replication', parameters: { cluster: 'shop', server: 'db1', channel: 'audit' } }),
      keyOf({ procedure: 'fence-writable-replica', parameters: { cluster: 'shop', server: 'db2' } }),
    ]),
  );
  const fence = automation.requests.find(({ procedure }) => procedure === 'fence-writable-replica');
  const found = (await (await fetch(`${alertmanager.url}/api/v2/alerts?filter=alertname%3D"WritableReplica"`)).json()) as { fingerprint: string; startsAt: string }[]; // prettier-ignore
  expect(fence).toMatchObject({
    mode: 'plan',
    trigger: { kind: 'alert', alertname: 'WritableReplica', by: 'am', labels: { ...db2, severity: 'warning' } },
  });
  expect(fence?.trigger).toMatchObject({ fingerprint: found[0]?.fingerprint });
  await until('the Watchdog to arrive', () => hook.intake.lastWatchdog !== undefined);
  await until('a repeat', () => counted.filter((result) => result === 'repeated').length > 4);
  expect(keys().size).toBe(2);

  await post(alertmanager, [fires('WritableReplica', db2)], new Date());
  await until('its end to be told', () => automation.resolutions.length > 0);
  expect(automation.resolutions[0]).toEqual({
    procedure: 'fence-writable-replica',
    parameters: { cluster: 'shop', server: 'db2' },
  });
  expect(counted).not.toContain('rejected');
  expect(counted).not.toContain('ignored');
});

it('what could not be made durable comes again, and nothing is lost', async () => {
  let refusals = 0;
  const full = new RecordingAutomation(() => {
    refusals += 1;
    if (refusals <= 3) throw new LockstepError('journal-full', 'no room');
  });
  const hook = await webhook(full);
  const alertmanager = await startAlertmanager(hook.scope, { config: shipped(hook) });
  await post(alertmanager, [fires('ReplicationStopped', db1)]);
  await until('it to be taken', () => hook.counted.includes('accepted'));
  expect(hook.counted.slice(0, 4)).toEqual(['not-durable', 'not-durable', 'not-durable', 'accepted']);
  expect(new Set(full.requests.map(keyOf)).size).toBe(1);
});

it('the token may be changed while one replaces the other, and a wrong one opens nothing', async () => {
  const hook = await webhook();
  const wrong = path.join(path.dirname(hook.tokenFile), 'wrong.token');
  writeFileSync(wrong, 'another');
  const config = shipped(hook).replaceAll(hook.tokenFile, wrong);
  const alertmanager = await startAlertmanager(hook.scope, { config });
  await post(alertmanager, [fires('ReplicationStopped', db1)]);
  await until('it to be turned away', () => hook.counted.includes('unauthenticated'));
  expect(hook.automation.requests).toEqual([]);
  // Alertmanager reads the file at each delivery.
  writeFileSync(wrong, readFileSync(hook.tokenFile));
  await until('it to be let in', () => hook.counted.includes('accepted'));
  expect(hook.automation.requests.map(({ trigger }) => trigger.by)).toContain('am');
});

it('of two peers one delivers while they know each other, both when they do not, and it is one episode', async () => {
  const hook = await webhook();
  const [first, second] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  const args = ['--cluster.peer-timeout=3s', '--cluster.gossip-interval=20ms'];
  const config = shipped(hook).replaceAll('repeat_interval: 2s', 'repeat_interval: 1h');
  const peers = await Promise.all([
    startAlertmanager(hook.scope, { config, args, gossip: { port: first, peers: [second] } }),
    startAlertmanager(hook.scope, { config, args, gossip: { port: second, peers: [first] } }),
  ]);
  await until('the peers to know each other', async () => (await Promise.all(peers.map(clusterOf))).every(({ status, peers: known }) => status === 'ready' && known.length === 2)); // prettier-ignore
  const servers = [db1, db2, { cluster: 'shop-eu', server: 'db1' }];
  for (const peer of peers) await post(peer, servers.map((labels) => fires('ReplicationStopped', labels))); // prettier-ignore
  const keys = () => new Set(hook.automation.requests.map(keyOf));
  await until('all to be asked for', () => keys().size === 3);
  await until('both peers to have decided', async () => (await Promise.all(peers.map(decided))).every((count) => count >= 3)); // prettier-ignore
  expect(hook.automation.requests).toHaveLength(3);

  // A third that knows of nobody delivers them all once more, as peers do that have lost each other.
  const stranger = await startAlertmanager(hook.scope, { config });
  await post(stranger, servers.map((labels) => fires('ReplicationStopped', labels))); // prettier-ignore
  await until('the same to be asked for', () => hook.automation.requests.length === 6);
  expect(keys().size).toBe(3);
  expect(hook.counted).toEqual([...Array.from({ length: 3 }, () => 'accepted'), ...Array.from({ length: 3 }, () => 'repeated')]); // prettier-ignore
});

async function clusterOf({ url }: Program): Promise<{ readonly status: string; readonly peers: readonly unknown[] }> {
  return ((await (await fetch(`${url}/api/v2/status`)).json()) as { cluster: { status: string; peers: unknown[] } }).cluster; // prettier-ignore
}

/** How often it has asked its log of notifications, its peers' entries included, whether to deliver. */
async function decided({ url }: Program): Promise<number> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return Number(/^alertmanager_nflog_queries_total (\d+)/m.exec(page)?.[1] ?? 0);
}
