import { describe, expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { parseWebhook } from '../../src/intake/payload.js';
import { RecordingAutomation } from './recording.js';
import { alert, channels, clockAt, ground, intake, payload, policy } from './scene.js';

const ours = { procedure: 'restart-replication', cluster: 'shop', server: 'db1' };

function webhook(...alerts: readonly unknown[]) {
  return parseWebhook(payload(alerts));
}

describe('alerts that fire', () => {
  it('become requests that say who sent them and why', async () => {
    const { intake: made, automation, counted } = intake({ ground: () => ground(policy({ run: 'restart-replication', mode: 'auto', cooldownSeconds: 5 })) }); // prettier-ignore
    const { alerts } = await made.take(webhook(alert(ours)), 'am-1');
    expect(alerts).toEqual([{ result: 'accepted', fingerprint: '0123456789abcdef', run: 'run-1' }]);
    expect(automation.requests).toEqual([
      {
        procedure: 'restart-replication',
        parameters: { cluster: 'shop', server: 'db1' },
        mode: 'auto',
        limits: { cooldown: 5 },
        trigger: {
          kind: 'alert',
          alertname: 'ReplicationStopped',
          fingerprint: '0123456789abcdef',
          labels: { alertname: 'ReplicationStopped', ...ours },
          startsAt: '2026-11-28T15:00:00.123Z',
          by: 'am-1',
        },
      },
    ]);
    expect(counted).toEqual(['accepted']);
  });

  it('are repeats while their episode is open, whatever else differs', async () => {
    const { intake: made, automation, counted } = intake();
    await made.take(webhook(alert(ours)), 'am-1');
    const { alerts } = await made.take(webhook(alert({ ...ours, severity: 'critical' }, { fingerprint: 'f'.repeat(16) })), 'am-2'); // prettier-ignore
    expect(alerts).toEqual([{ result: 'repeated', fingerprint: 'f'.repeat(16), run: 'run-1' }]);
    expect(automation.requests).toHaveLength(2);
    expect(counted).toEqual(['accepted', 'repeated']);
  });

  it('and ask for the same in one payload are asked for once', async () => {
    const { intake: made, automation, counted } = intake();
    const threads = ['IO', 'SQL'].map((thread) => alert({ ...ours, thread }));
    const { alerts } = await made.take(webhook(...threads, alert({ ...ours, server: 'db2' })), 'am');
    expect(alerts.map(({ run }) => run)).toEqual(['run-1', 'run-1', 'run-2']);
    expect(automation.requests).toHaveLength(2);
    expect(counted).toEqual(['accepted', 'repeated', 'accepted']);
  });

  it('and name a channel are compared with what is seen, looked at once', async () => {
    const looks: string[] = [];
    const look = (cluster: string) => (looks.push(cluster), Promise.resolve(channels));
    const { intake: made, automation } = intake({ channels: look });
    const of = (channel: string) => alert({ ...ours, channel });
    const { alerts } = await made.take(webhook(of('audit'), of('other'), of('')), 'am');
    expect(alerts.map(({ result, reason }) => reason ?? result)).toEqual(['accepted', 'unknown-channel', 'accepted']);
    expect(automation.requests.map(({ parameters }) => parameters['channel'])).toEqual([undefined, 'audit']);
    expect(looks).toEqual(['shop']);
  });
});

describe('alerts that are over', () => {
  it('are told to the engine, and ask for nothing', async () => {
    const { intake: made, automation, counted } = intake();
    const { alerts } = await made.take(webhook(alert(ours, { status: 'resolved' })), 'am');
    expect(alerts).toEqual([{ result: 'resolved', fingerprint: '0123456789abcdef' }]);
    expect(automation.resolutions).toEqual([{ procedure: 'restart-replication', parameters: { cluster: 'shop', server: 'db1' } }]); // prettier-ignore
    expect(automation.requests).toEqual([]);
    expect(counted).toEqual(['resolved']);
  });
});

it('the Watchdog moves a time, whatever the policies say, and counts as nothing', async () => {
  const clock = clockAt();
  const { intake: made, automation, counted } = intake({ clock, ground: () => ground(policy({ run: 'restart-replication', mode: 'auto' })) }); // prettier-ignore
  expect([made.lastReceived, made.lastWatchdog]).toEqual([undefined, undefined]);
  const { alerts } = await made.take(webhook(alert({ ...ours, alertname: 'Watchdog' })), 'am');
  expect(alerts).toEqual([{ result: 'watchdog', fingerprint: '0123456789abcdef' }]);
  clock.advance(5000);
  await made.take(webhook(alert(ours)), 'am');
  expect([made.lastReceived, made.lastWatchdog]).toEqual([1_005_000, 1_000_000]);
  expect(automation.requests).toHaveLength(1);
  expect(counted).toEqual(['accepted']);
});

describe('what cannot be taken', () => {
  it('does not keep the rest from being taken, and is told with its reason', async () => {
    const { intake: made, automation, counted } = intake();
    const { alerts } = await made.take(
      webhook(alert({ ...ours, cluster: 'nowhere' }), 'nonsense', alert({ alertname: 'DiskFull' }), alert(ours)),
      'am',
    );
    expect(alerts).toEqual([
      { result: 'rejected', reason: 'unknown-cluster', fingerprint: '0123456789abcdef' },
      { result: 'rejected', reason: 'alert-malformed' },
      { result: 'ignored', fingerprint: '0123456789abcdef' },
      { result: 'accepted', fingerprint: '0123456789abcdef', run: 'run-1' },
    ]);
    expect(automation.requests).toHaveLength(1);
    expect(counted).toEqual(['rejected', 'rejected', 'ignored', 'accepted']);
  });

  it('is told to the log once per reason and minute, on one line whatever it holds', async () => {
    const clock = clockAt();
    const { intake: made, lines } = intake({ clock });
    const hostile = '\n{"level":60}\r\n\u001b[2J\u2028\u202e\ud800"';
    const wrong = webhook(alert({ ...ours, cluster: hostile }), alert({ ...ours, server: 'db9' }));
    await made.take(wrong, 'am');
    await made.take(wrong, 'am');
    clock.advance(59_999);
    await made.take(wrong, 'am');
    expect(lines).toHaveLength(2);
    clock.advance(1);
    await made.take(wrong, 'am');
    expect(lines).toHaveLength(4);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { reason: 'unknown-cluster', by: 'am', alertname: '"ReplicationStopped"' },
      { reason: 'unknown-server' },
      { reason: 'unknown-cluster', unwritten: 2 },
      { reason: 'unknown-server', why: 'cluster "shop" has no server "db9"' },
    ]);
    // None of them may reach a terminal.
    for (const line of lines) expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u202e\ud800]*\n$/);
  });

  it('by the engine is not sent again and again', async () => {
    const refusing = new RecordingAutomation(() => {
      throw new LockstepError('parameters-invalid', 'no');
    });
    const { intake: made, counted } = intake({ automation: refusing });
    const { alerts } = await made.take(webhook(alert(ours)), 'am');
    expect(alerts).toMatchObject([{ result: 'rejected', reason: 'parameters-refused' }]);
    expect(counted).toEqual(['rejected']);
  });

  it('since Alertmanager cut it off is told', async () => {
    const { intake: made, lines } = intake();
    await made.take(parseWebhook(payload([], { truncatedAlerts: 3 })), 'am');
    expect(lines.join('')).toContain('max_alerts');
  });
});

describe('an alert that does not become durable', () => {
  const failing = (code: string) =>
    new RecordingAutomation(({ parameters }) => {
      if (parameters['server'] === 'db2') throw new LockstepError(code, 'no room');
    });

  it.each(['journal-full', 'stopping', 'whatever'])('because of %s fails all, and the rest was taken', async (code) => {
    const { intake: made, counted } = intake({ automation: failing(code) });
    const given = webhook(alert(ours), alert({ ...ours, server: 'db2' }), alert({ ...ours, server: 'db9' }));
    await expect(made.take(given, 'am')).rejects.toMatchObject({
      code: 'not-durable',
      message: 'the alerts could not be made durable: no room',
    });
    expect(counted).toEqual(['accepted', 'rejected']);
  });

  it('in time fails all', async () => {
    const stuck = new RecordingAutomation(() => new Promise(() => undefined));
    const { intake: made } = intake({ automation: stuck, within: 20 });
    const given = webhook(alert(ours), alert({ ...ours, thread: 'SQL' }));
    await expect(made.take(given, 'am')).rejects.toMatchObject({
      code: 'not-durable',
      message: 'the alerts could not be made durable: it took more than 20 ms',
    });
  });

  it('since its server cannot be asked for its channels is to come again', async () => {
    const { intake: made, automation } = intake();
    const given = webhook(alert({ ...ours, cluster: 'shop-eu', server: 'db3', channel: 'audit' }));
    await expect(made.take(given, 'am')).rejects.toMatchObject({
      code: 'not-durable',
      message: expect.stringContaining('"db3" of cluster "shop-eu" could not be asked') as string,
    });
    expect(automation.requests).toEqual([]);
  });

  it('since a look hangs is to come again', async () => {
    const patience: AbortSignal[] = [];
    const { intake: made } = intake({
      within: 40,
      channels: (_, signal) => (patience.push(signal), new Promise(() => undefined)),
    });
    await expect(made.take(webhook(alert({ ...ours, channel: 'audit' })), 'am')).rejects.toMatchObject({
      code: 'not-durable',
    });
    expect(patience.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
