import { pino } from 'pino';
import { systemClock, type Clock } from '../../src/base/clock.js';
import type { PolicyConfig } from '../../src/config/automation.js';
import type { Config } from '../../src/config/config.js';
import type { ProcedureSummary } from '../../src/engine/automation.js';
import { groundOf, type Ground } from '../../src/intake/ground.js';
import { Intake, type AlertResult, type IntakeOptions, type TurnedAway } from '../../src/intake/intake.js';
import type { Channels } from '../../src/intake/policy.js';
import { RecordingAutomation } from './recording.js';

export const clusters = { shop: ['db1', 'db2'], 'shop-eu': ['db1', 'db3'] } as const;

/** Procedures with every kind of parameter. */
export const procedures: readonly Pick<ProcedureSummary, 'name' | 'parameters'>[] = [
  {
    name: 'restart-replication',
    parameters: [
      { name: 'server', kind: 'server', required: true, help: '' },
      { name: 'channel', kind: 'channel', required: false, help: '' },
    ],
  },
  {
    name: 'secure-channel',
    parameters: [
      { name: 'server', kind: 'server', required: true, help: '' },
      { name: 'channel', kind: 'channel', required: true, help: '' },
    ],
  },
  { name: 'fence-writable-replica', parameters: [{ name: 'server', kind: 'server', required: true, help: '' }] },
  {
    name: 'require-tls',
    parameters: [
      { name: 'over', kind: 'duration', required: false, default: '7d', help: '' },
      { name: 'scope', kind: 'choice', required: false, values: ['accounts', 'server'], help: '' },
    ],
  },
];

/** On both servers called db1. Of db3 nobody knows anything. */
export const channels: Channels = new Map([
  ['db1', new Set(['', 'audit'])],
  ['db2', new Set([''])],
]);

export function policy(given: Partial<PolicyConfig> & Pick<PolicyConfig, 'run'>): PolicyConfig {
  return {
    match: ['alertname=~".+"'],
    mode: 'plan',
    cooldownSeconds: undefined,
    waitAtMostSeconds: undefined,
    window: undefined,
    parameters: {},
    labels: {},
    ...given,
  };
}

export function ground(...policies: readonly PolicyConfig[]): Ground {
  const config = {
    clusters: Object.entries(clusters).map(([name, servers]) => ({
      name,
      servers: servers.map((one) => ({ name: one })),
    })),
    automation: { policies },
  };
  return groundOf(config as unknown as Pick<Config, 'clusters' | 'automation'>, procedures);
}

/** An intake with all that it needs, and what came of it. */
export function intake(changed: Partial<IntakeOptions> = {}) {
  const automation = new RecordingAutomation();
  const counted: (AlertResult | TurnedAway)[] = [];
  const lines: string[] = [];
  const made = new Intake({
    automation,
    ground: () => ground(),
    channels: () => Promise.resolve(channels),
    sink: { alert: (result) => counted.push(result), turnedAway: (reason) => counted.push(reason) },
    log: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }),
    clock: systemClock,
    ...changed,
  });
  return { intake: made, automation, counted, lines };
}

export function clockAt(): Clock & { now: () => number; advance(milliseconds: number): void } {
  let at = 1_000_000;
  return { now: () => at, monotonic: () => at, advance: (milliseconds) => (at += milliseconds) };
}

/** An alert as Alertmanager writes it. */
export function alert(labels: Readonly<Record<string, string>>, changed: Readonly<Record<string, unknown>> = {}) {
  return {
    status: 'firing',
    labels: { alertname: 'ReplicationStopped', ...labels },
    annotations: { summary: 'it stands' },
    startsAt: '2026-11-28T15:00:00.123Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example/graph',
    fingerprint: '0123456789abcdef',
    ...changed,
  };
}

export function payload(alerts: readonly unknown[], changed: Readonly<Record<string, unknown>> = {}) {
  return {
    version: '4',
    groupKey: '{}/{procedure!=""}:{alertname="ReplicationStopped"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'lockstep',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example:9093',
    notification_reason: 'first notification',
    alerts,
    ...changed,
  };
}
