import { expect, it } from 'vitest';
import { intakeOf } from '../src/alert-intake.js';
import { silentLog } from '../src/base/log.js';
import type { Config } from '../src/config/config.js';
import type { ProcedureName } from '../src/domain/procedure-names.js';
import { parseWebhook } from '../src/intake/payload.js';
import type { AutomationMetrics } from '../src/metrics/automation.js';
import { viewOf } from '../src/observe/cluster.js';
import { down, healthy, withChannel } from './domain/build.js';
import { MemoryAutomation } from './http/automation.js';
import { RecordingAutomation } from './intake/recording.js';
import { alert, payload, policy, procedures } from './intake/scene.js';

class Automation extends MemoryAutomation {
  readonly recording = new RecordingAutomation();
  override procedures = () => procedures.map((one) => ({ ...one, purpose: '', locks: 'server' as const }));
  override request = (request: Parameters<MemoryAutomation['request']>[0]) => this.recording.request(request);
}

function configuration(run: ProcedureName): Config {
  const servers = ['db1', 'db2', 'db3'].map((name) => ({ name }));
  const automation = { policies: [policy({ run, mode: 'auto' })] };
  return { clusters: [{ name: 'production', servers }], automation } as unknown as Config;
}

function webhook(server: string, channel: string) {
  return parseWebhook(payload([alert({ cluster: 'production', server, channel })]));
}

it('decides by what is configured now and what is seen now, and counts', async () => {
  const automation = new Automation();
  let config = configuration('restart-replication');
  let snapshot = down(withChannel(healthy('mariadb'), 'db2', { name: 'audit' }), 'db3');
  const counted: string[] = [];
  const made = intakeOf({
    config: () => config,
    observer: () => ({ lookAtCluster: () => Promise.resolve(viewOf(snapshot)) }),
    automation,
    metrics: {
      webhookAlert: (result) => void counted.push(result),
      webhookRejected: (reason) => void counted.push(reason),
    } satisfies Pick<AutomationMetrics, 'webhookAlert' | 'webhookRejected'>,
    log: silentLog,
  });
  const answer = async (server: string, channel: string) =>
    (await made.take(webhook(server, channel), 'am')).alerts.map(({ result, reason }) => reason ?? result);

  expect(await answer('db2', 'audit')).toEqual(['accepted']);
  expect(await answer('db2', 'other')).toEqual(['unknown-channel']);
  expect(await answer('db1', 'audit')).toEqual(['unknown-channel']);
  await expect(answer('db3', 'audit')).rejects.toMatchObject({ code: 'not-durable' });
  snapshot = withChannel(healthy('mariadb'), 'db3', { name: 'audit' });
  expect(await answer('db3', 'audit')).toEqual(['accepted']);
  config = configuration('secure-channel');
  expect(await answer('db3', 'audit')).toEqual(['accepted']);
  made.turnedAway('forbidden', {});
  expect(automation.recording.requests.map(({ procedure, parameters }) => [procedure, parameters['server']])).toEqual([
    ['restart-replication', 'db2'],
    ['restart-replication', 'db3'],
    ['secure-channel', 'db3'],
  ]);
  expect(counted).toEqual(['accepted', 'rejected', 'rejected', 'accepted', 'accepted', 'forbidden']);
});
