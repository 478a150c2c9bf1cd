import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertList, alertNames, type AlertName } from '../../src/alerts/list.js';
import type { Listed } from '../../src/alerts/listed.js';
import { Scope } from '../../src/base/scope.js';
import { amtool, promtool, startAlertmanager, type Program } from '../../src/sandbox/programs.js';
import { until } from '../../src/sandbox/until.js';

const file = path.join(import.meta.dirname, '../../deploy/alertmanager.yml');

it('deploy/alertmanager.yml passes amtool check-config', async () => {
  const { code, output } = await amtool(['check-config', file]);
  expect(code, output).toBe(0);
});

it.each(['prometheus.yml', 'prometheus-static.yml'])('deploy/%s passes promtool check config', async (name) => {
  // Its rules lie where an operator puts them, not here.
  const { code, output } = await promtool(['check', 'config', '--syntax-only', path.join(file, '..', name)]);
  expect(code, output).toBe(0);
});

describe('routes', () => {
  it.each([
    ['Watchdog', 'lockstep'],
    ['ReplicationStopped', 'lockstep,operators-now'],
    ['WritableReplica', 'lockstep,operators'],
    ['TwoPrimaries', 'operators-now'],
    ['ClockOffset', 'operators'],
    ['RunNeedsHuman', 'operators-now'],
    ['WatchdogSilent', 'operators-now'],
    ['RunWaitingLong', 'operators'],
  ] as const)('%s goes to %s', async (name, receivers) => {
    const labels = Object.entries(labelsOf(name)).map(([label, value]) => `${label}=${value}`);
    const { code, stdout, output } = await amtool(['config', 'routes', 'test', `--config.file=${file}`, ...labels]);
    expect(code, output).toBe(0);
    expect(stdout.trim()).toBe(receivers);
  });
});

describe('inhibition, in a real Alertmanager', () => {
  const scope = new Scope();
  let alertmanager: Program;

  beforeAll(async () => {
    // The webhook leads nowhere: nothing is to leave this test.
    const config = (await readFile(file, 'utf8')).replace('127.0.0.1:10104', '127.0.0.1:1');
    alertmanager = await startAlertmanager(scope, { config });
  });
  afterAll(() => scope.end());

  const db1 = { cluster: 'production', server: 'db1' };
  const db2 = { cluster: 'production', server: 'db2' };
  const lockstep = { job: 'lockstep', instance: 'x:1' };

  it.each([
    [
      'a primary that is down',
      [fires('PrimaryDown', db1)],
      [
        fires('ServerDown', db1),
        fires('TlsOff', db1),
        fires('ReplicationConnecting', db2),
        fires('LagUnknown', { ...db2, channel: 'audit' }),
      ],
      [
        fires('ReplicationStopped', { ...db2, thread: 'SQL' }),
        fires('CertificateExpired', { ...db1, role: 'server' }),
        fires('ReplicationConnecting', { cluster: 'other', server: 'db2' }),
      ],
    ],
    [
      'a replica that is down',
      [fires('ServerDown', db2)],
      [fires('ReplicationStopped', { ...db2, thread: 'IO' }), fires('BootsWritable', db2)],
      [fires('ReplicationConnecting', { cluster: 'production', server: 'db3' }), fires('CertificateExpiring', db2)],
    ],
    [
      'a thread that stands',
      [fires('ReplicationStopped', { ...db2, channel: 'audit', thread: 'SQL' })],
      [
        fires('ReplicationFarBehind', { ...db2, channel: 'audit' }),
        fires('RelayLogLarge', { ...db2, channel: 'audit' }),
      ],
      [fires('ReplicationFarBehind', db2)],
    ],
    [
      'a certificate that expires soon',
      [fires('CertificateExpiringSoon', { ...db1, role: 'server' })],
      [fires('CertificateExpiring', db1)],
      [fires('ClientCertificateExpiring', db1), fires('CertificateExpiring', db2)],
    ],
    [
      'a Lockstep that is gone',
      [fires('LockstepAbsent', {})],
      [fires('ScrapeFailing', { job: 'lockstep', instance: 'x:1' })],
      [fires('ServerDown', db2)],
    ],
    [
      'a run that needs a human',
      [fires('RunNeedsHuman', { cluster: 'production' })],
      [fires('RunWaitingLong', { cluster: 'production' })],
      [fires('RunWaitingLong', { cluster: 'other' })],
    ],
    [
      'a journal that takes nothing',
      [fires('JournalNotWritable', lockstep)],
      [fires('WebhookRejected', { ...lockstep, reason: 'not-durable' })],
      [fires('WebhookRejected', { ...lockstep, reason: 'unauthenticated' })],
    ],
  ])('%s', async (_, causes, inhibited, others) => {
    const all = [...causes, ...inhibited, ...others];
    const now = Date.now();
    await post(all, now, now + 60_000);
    await until('the alerts to be judged', async () => {
      const found = await judged();
      return found.length === all.length && found.every(({ status }) => status.state !== 'unprocessed');
    });
    const states = new Map((await judged()).map(({ labels, status }) => [keyOf(labels), status.state]));
    expect(inhibited.filter((labels) => states.get(keyOf(labels)) !== 'suppressed')).toEqual([]);
    expect([...causes, ...others].filter((labels) => states.get(keyOf(labels)) !== 'active')).toEqual([]);
    await post(all, now, Date.now() - 1);
    await until('the alerts to be over', async () => (await judged()).length === 0);
  });

  async function post(alerts: readonly Labels[], from: number, to: number): Promise<void> {
    const body = alerts.map((labels) => ({ labels, startsAt: new Date(from), endsAt: new Date(to) }));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
  }

  async function judged(): Promise<readonly Judged[]> {
    return (await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json()) as readonly Judged[];
  }
});

it('names alerts that there are', async () => {
  const text = await readFile(file, 'utf8');
  const names = [...text.matchAll(/alertname !?=~? "([^"]+)"/g)].flatMap(([, list = '']) => list.split('|'));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !(alertNames as readonly string[]).includes(name))).toEqual([]);
});

type Labels = Readonly<Record<string, string>>;

interface Judged {
  readonly labels: Labels;
  readonly status: { readonly state: 'active' | 'suppressed' | 'unprocessed' };
}

function labelsOf(name: AlertName): Labels {
  const { severity, subject, procedure }: Listed = alertList[name];
  return { alertname: name, severity, subject, ...(procedure && { procedure }) };
}

function fires(name: AlertName, labels: Labels): Labels {
  return { ...labelsOf(name), ...labels };
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort());
}
