import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import type { Moment } from '../../src/base/moment.js';
import { collectorNames, type ClusterSnapshot, type ServerSnapshot } from '../../src/domain/snapshot.js';
import { LastSeenMemory } from '../../src/observe/last-seen-memory.js';
import { OutlookMemory } from '../../src/observe/outlook-memory.js';
import { healthy, lookedAt, uuidOf, withFacts, withSection } from '../domain/build.js';

let directory: string;
let file: string;
let now: Moment;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lockstep-last-seen-'));
  file = path.join(directory, 'last-seen.json');
  now = { at: lookedAt + 1000, boot: 'one', up: 100_000 };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const later = (milliseconds: number) => (now = { ...now, at: now.at + milliseconds, up: now.up + milliseconds });
const opened = (log = silentLog) => LastSeenMemory.open(file, { log, clock: systemClock, moment: () => now });

function warnings() {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { log, lines };
}

const semiSync = (change: object = {}) => ({
  source: { prefix: 'rpl_semi_sync_source', enabled: true, active: true, waitPoint: 'after-sync' as const, timeoutSeconds: 86_400, waitsFor: 1, waitsWithout: true, clients: 2, protectedTransactions: 100, unprotectedTransactions: 0, degradations: 0, ...change }, // prettier-ignore
  replica: undefined,
});
const whole = withFacts(healthy('mysql'), 'db1', { semiSync: semiSync() });

/** A whole look at one server that took a second. */
function look(snapshot: ClusterSnapshot, name = 'db1', change: Partial<ServerSnapshot> = {}): ServerSnapshot {
  const server = snapshot.servers.find((one) => one.name === name);
  if (server === undefined) throw new Error(`no ${name}`);
  const ok = { success: true, durationSeconds: 0, reason: undefined, message: undefined, remedy: undefined };
  const collectors = collectorNames.map((collector) => ({ collector, ...ok }));
  return { ...server, at: now.at - 1000, durationSeconds: 1, collectors, ...change };
}

const written = async () => JSON.parse((await readFile(file, 'utf8')).split('\n')[1] ?? '') as { servers: { server: string }[] }; // prettier-ignore

it('remembers a primary over a restart, and no replica, in a file that nobody else reads and that holds no secret', async () => {
  const first = await opened();
  for (const { name } of whole.servers) first.note(look(whole, name));
  expect(first.of('production', 'db1')).toBeUndefined(); // it was seen since the start
  await first.close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await written()).servers.map(({ server }) => server)).toEqual(['db1']);
  expect(await readFile(file, 'utf8')).not.toMatch(/replication|password|lockstep_/);

  later(5000);
  const second = await opened();
  expect(second.of('production', 'db1')).toMatchObject({
    recalled: { dated: true },
    lastSeen: {
      at: lookedAt,
      address: { host: 'db1.example', port: 3306 },
      facts: {
        identity: { uuid: uuidOf(1), serverId: 1 },
        gtid: { kind: 'mysql', executed: `${uuidOf(1)}:1-100` },
        semiSync: { source: semiSync().source },
      },
    },
  });
  expect(second.of('production', 'db2')).toBeUndefined();
  expect(second.of('another', 'db1')).toBeUndefined();
  await second.close();
});

it('keeps what nobody has seen again over any number of restarts, with its own time', async () => {
  const first = await opened();
  first.note(look(whole));
  await first.close();
  for (let restart = 1; restart < 4; restart += 1) {
    later(3000);
    const again = await opened();
    again.note(look(healthy('mariadb'), 'db1', { cluster: 'another' }));
    expect(again.of('production', 'db1')?.lastSeen.at).toBe(lookedAt);
    await again.close();
  }
  expect((await written()).servers).toHaveLength(2);
});

it.each<[string, (moment: Moment) => Moment, boolean, number]>([
  ['our clock was put back', ({ at, up, boot }) => ({ at: at - 60_000, up: up + 5000, boot }), false, -61_000 - 5000],
  ['our clock was put forward', ({ at, up, boot }) => ({ at: at + 60_000, up: up + 5000, boot }), false, -1000],
  ['the machine has started anew', ({ at }) => ({ at: at + 5000, up: 10, boot: 'two' }), false, -1000],
  ['nothing happened', ({ at, up, boot }) => ({ at: at + 5000, up: up + 5000, boot }), true, -1000],
])('tells when that was on the clock of now, and whether that is sure: %s', async (_, then, dated, at) => {
  const first = await opened();
  const seenAt = now.at;
  first.note(look(whole));
  await first.close();
  now = then(now);
  const second = await opened();
  expect(second.of('production', 'db1')).toMatchObject({ recalled: { dated }, lastSeen: { at: seenAt + at } });
  await second.close();
});

it('does not use what lies in the future, and says so; nor what is older than a month', async () => {
  const first = await opened();
  first.note(look(whole));
  await first.close();
  const text = await readFile(file);
  const { log, lines } = warnings();
  now = { at: now.at - 3_600_000, boot: 'two', up: 50_000 };
  const ahead = await opened(log);
  expect(ahead.of('production', 'db1')).toBeUndefined();
  expect(lines).toMatchObject([{ cluster: 'production', server: 'db1', msg: 'what was last seen of a primary is not used: by the clock it lies in the future' }]); // prettier-ignore
  await ahead.close();
  expect(await readFile(file)).toEqual(text);
  later(32 * 86_400_000);
  expect((await opened(log)).of('production', 'db1')).toBeUndefined();
  expect(lines).toHaveLength(1);
});

it('begins anew with a file that was cut or damaged, says so, and writes it whole again', async () => {
  const first = await opened();
  first.note(look(whole));
  await first.close();
  const text = await readFile(file, 'utf8');
  for (const damaged of [text.slice(0, -10), text.slice(0, 40), text.replace('86400', '96400'), '']) {
    await writeFile(file, damaged);
    const { log, lines } = warnings();
    const memory = await opened(log);
    expect(memory.of('production', 'db1')).toBeUndefined();
    expect(lines).toMatchObject([{ msg: 'what was last seen of primaries is forgotten: its file cannot be read' }]);
    expect(lines[0]?.['error']).toMatch(/cut off|vouches/);
    memory.note(look(whole));
    await memory.close();
    expect(await readFile(file, 'utf8')).toBe(text);
  }
});

it('forgets a server that became a replica, and one that has started again since it was seen', async () => {
  const first = await opened();
  first.note(look(whole));
  await first.close();
  const part = (uptimeSeconds: number) =>
    look(withSection(whole, 'db1', 'state', { uptimeSeconds }), 'db1', { collectors: [] });

  later(20_000);
  const restarted = await opened();
  restarted.note(part(3600));
  expect(restarted.of('production', 'db1')).toBeDefined();
  restarted.note(part(7));
  expect(restarted.of('production', 'db1')).toBeUndefined();
  await restarted.close();
  expect((await written()).servers).toEqual([]);

  const demoted = await opened();
  demoted.note(look(whole));
  demoted.note(look(whole, 'db2', { name: 'db1' }));
  await demoted.close();
  expect((await written()).servers).toEqual([]);
});

it('writes at once how commits wait, and every ten seconds where only time has passed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    // Each poll lets the timers' time pass as well, a millisecond.
    let monotonic = 0;
    const clock = { now: () => now.at, monotonic: () => monotonic };
    const memory = await LastSeenMemory.open(file, { log: silentLog, clock, moment: () => now });
    const pass = (milliseconds: number) => {
      monotonic += milliseconds;
      later(milliseconds);
      vi.advanceTimersByTime(milliseconds);
    };
    const text = () => readFile(file, 'utf8').catch(() => '');
    const shows = (words: string) => expect.poll(text, { interval: 1, timeout: 20_000 }).toContain(words);
    /** Nothing is under way, and what is new waits until it is due. */
    const waiting = () => expect.poll(() => vi.getTimerCount(), { interval: 1, timeout: 20_000 }).toBe(1);
    const failing = withFacts(whole, 'db1', { semiSync: semiSync({ active: false }) });

    memory.note(look(whole));
    pass(0);
    await shows(`"at":${lookedAt}`);
    memory.note(look(whole));
    await waiting();
    const first = await text();
    for (let passed = 0; passed < 9000; passed += 3000) {
      pass(3000);
      memory.note(look(whole));
      expect(vi.getTimerCount()).toBe(1);
    }
    pass(500);
    expect(vi.getTimerCount()).toBe(1);
    expect(await text()).toBe(first);
    pass(500);
    await shows(`"at":${lookedAt + 9000}`);

    memory.note(look(failing));
    await waiting();
    pass(500);
    expect(vi.getTimerCount()).toBe(1);
    pass(500);
    await shows('"active":false');
    // Nobody looks: nothing is to be written.
    pass(60_000);
    expect(vi.getTimerCount()).toBe(0);
    await memory.close();
  } finally {
    vi.useRealTimers();
  }
});

it('keeps what a look has shown that began later than one that ended later', async () => {
  const memory = await opened();
  memory.note(look(withFacts(whole, 'db1', { semiSync: semiSync({ active: false }) })));
  memory.note(look(whole, 'db1', { at: now.at - 4000, durationSeconds: 4 }));
  await memory.close();
  expect(await readFile(file, 'utf8')).toContain('"active":false');
});

it('says once that it could not write, goes on, and writes when it can', async () => {
  const { log, lines } = warnings();
  const gone = path.join(directory, 'gone', 'last-seen.json');
  const memory = await LastSeenMemory.open(gone, { log, clock: systemClock, moment: () => now });
  memory.note(look(whole));
  await expect.poll(() => lines).toHaveLength(1);
  memory.note(look(withFacts(whole, 'db1', { semiSync: semiSync({ active: false }) })));
  await memory.close();
  expect(lines).toMatchObject([{ msg: 'what was last seen of primaries could not be written down' }]);
});

it('hands an outage what was written down before the start, and counts nobody as answering for that', async () => {
  const first = await opened();
  first.note(look(whole));
  await first.close();
  later(5000);
  const fleet = [{ cluster: 'production', name: 'db1' }];
  const outlook = new OutlookMemory(await opened());
  expect(outlook.of('production', fleet)).toEqual({ outages: [], fleet: { servers: 1, reachable: 0 } });
  outlook.note(look(whole, 'db1', { facts: undefined, failure: { reason: 'refused', message: '' } }));
  expect(outlook.of('production', fleet)).toMatchObject({
    outages: [{ server: 'db1', since: now.at, lastSeen: { at: lookedAt }, recalled: { dated: true } }],
    fleet: { servers: 1, reachable: 0 },
  });
  // What this Lockstep saw itself counts from then on.
  later(5000);
  outlook.note(look(whole));
  outlook.note(look(whole, 'db1', { facts: undefined, failure: { reason: 'refused', message: '' } }));
  const [own] = outlook.of('production', fleet).outages;
  expect(own).toMatchObject({ lastSeen: { at: now.at - 1000 } });
  expect(own).not.toHaveProperty('recalled');
});
