import { expect, it } from 'vitest';
import { OutlookMemory } from '../../src/observe/outlook-memory.js';
import { collectorNames, type FailureReason, type ServerSnapshot } from '../../src/domain/snapshot.js';
import { healthy } from '../domain/build.js';

const fleet = healthy('mysql').servers.map(({ cluster, name }) => ({ cluster, name }));
const cluster = healthy('mysql').cluster;

function seen(at: number, change: Partial<ServerSnapshot> = {}): ServerSnapshot {
  const [db1] = healthy('mysql').servers;
  if (db1 === undefined) throw new Error('no server');
  const ok = { success: true, durationSeconds: 0, reason: undefined, message: undefined, remedy: undefined };
  const collectors = collectorNames.map((collector) => ({ collector, ...ok }));
  return { ...db1, at, durationSeconds: 0.5, collectors, ...change };
}

const failed = (at: number, reason: FailureReason = 'refused') =>
  seen(at, { facts: undefined, failure: { reason, message: reason } });

function remembering(...looks: readonly ServerSnapshot[]): OutlookMemory {
  const memory = new OutlookMemory();
  looks.forEach((look) => memory.note(look));
  return memory;
}

it('knows nothing of servers that nobody looked at', () => {
  expect(remembering().of(cluster, fleet)).toEqual({ outages: [], fleet: { servers: fleet.length, reachable: 0 } });
});

it('times an outage from the end of its first look, counts looks and gathers reasons, and keeps what was seen last', () => {
  const last = seen(1000);
  const outlook = remembering(last, failed(2000), failed(5000, 'timeout'), failed(7000)).of(cluster, fleet);
  expect(outlook.outages).toEqual([
    { server: 'db1', since: 2500, looks: 3, reasons: ['refused', 'timeout'], lastSeen: last },
  ]);
  expect(outlook.fleet.reachable).toBe(0);
});

it('begins anew once the server was asked again, also in part', () => {
  const last = seen(1000);
  const part = seen(4000, { collectors: last.collectors.slice(0, 1) });
  expect(remembering(last, failed(2000), part).of(cluster, fleet).outages).toEqual([]);
  const again = remembering(last, failed(2000), part, failed(6000)).of(cluster, fleet).outages;
  expect(again).toMatchObject([{ since: 6500, looks: 1, lastSeen: last }]);
});

it('does not take a look for newer than one that began later and was answered', () => {
  expect(remembering(seen(3000), failed(2000, 'timeout')).of(cluster, fleet).outages).toEqual([]);
});

it('tells of servers that are watched now', () => {
  const memory = remembering(failed(1000));
  expect(memory.of(cluster, []).outages).toEqual([]);
  expect(memory.of('another', fleet).outages).toEqual([]);
});

it('times silence from the last sign of life: who answers somehow, and then not at all, has been silent since then', () => {
  const nothing = (at: number) => ({ ...failed(at), login: undefined });
  const refusedIn = { ...failed(4000, 'access-denied'), login: undefined };
  const outages = (...looks: readonly ServerSnapshot[]) => remembering(...looks).of(cluster, fleet).outages;
  expect(outages(nothing(2000), refusedIn)).toMatchObject([{ since: 2500, looks: 2, reasons: ['refused', 'access-denied'] }]); // prettier-ignore
  expect(outages(nothing(2000), refusedIn, nothing(6000), nothing(8000))).toMatchObject([{ since: 6500, looks: 2, reasons: ['refused'] }]); // prettier-ignore
  const met = seen(0).login?.handshake;
  const login = { at: 4100, failure: undefined, handshake: met && { ...met, at: 4100 } };
  const greeting = { ...failed(4000, 'timeout'), login };
  expect(outages(nothing(2000), greeting)).toMatchObject([{ since: 2500, looks: 2 }]);
  expect(outages(nothing(2000), greeting, { ...nothing(6000), login })).toMatchObject([{ since: 6500, looks: 1 }]);
});
