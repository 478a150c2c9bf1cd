import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Announcer } from '../../src/announce/announcer.js';
import type { HaproxySettings } from '../../src/announce/haproxy.js';
import { stateIn } from '../../src/announce/haproxy-state.js';
import { openAnnouncer } from '../../src/announce/open.js';
import { Scope } from '../../src/base/scope.js';
import { openHost } from '../../src/hosts/open.js';
import { startHaproxy, type Haproxy } from '../../src/sandbox/haproxy.js';
import { until } from '../../src/sandbox/until.js';
import { client, greeter, ledTo } from './haproxy-clients.js';

const scope = new Scope();
const patient = new AbortController().signal;
let haproxy: Haproxy;
let [db1, db2] = [
  { name: 'db1', address: { host: '', port: 0 } },
  { name: 'db2', address: { host: '', port: 0 } },
];
let announcer: Announcer;

function announcerOf(more: Partial<HaproxySettings> = {}): Announcer {
  const settings: HaproxySettings & { name: string } = {
    ...{ kind: 'haproxy', name: 'haproxy', backend: 'mysql', servers: {}, cut: true },
    ...{ api: { path: haproxy.socket }, holdSeconds: 3, stateFile: haproxy.stateFile },
    ...more,
  };
  const machine = openHost({ kind: 'local', sudo: false, paths: [], programs: [], services: {} });
  const made = openAnnouncer(settings, { name: 'shop', names: [], servers: [db1, db2] }, { machine, here: true });
  scope.defer(() => made.close());
  return made;
}

beforeAll(async () => {
  [db1, db2] = [await greeter(scope, 'db1'), await greeter(scope, 'db2')];
  haproxy = await startHaproxy(scope, { servers: [db1, { ...db2, disabled: true }] });
  await writeFile(haproxy.stateFile, '');
  announcer = announcerOf();
});

beforeEach(() => announcer.restore(db1, patient));

afterAll(() => scope.end());

it('leads clients to the new primary, cuts off those of the old one, and can be asked', async () => {
  await announcer.prepare(db2, patient);
  expect(await ledTo(haproxy.address)).toBe('db1');
  const old = client(haproxy.address);
  expect(await old.greeted).toBe('db1');
  expect(await announcer.read(patient)).toEqual({ found: 'db1', says: 'db1', holding: false });
  await announcer.announce(db2, patient);
  await announcer.announce(db2, patient);
  await old.ended;
  expect(await ledTo(haproxy.address)).toBe('db2');
  expect(await announcer.read(patient)).toEqual({ found: 'db2', says: 'db2', holding: false });
});

it('keeps new clients waiting, and leads them to the new primary as soon as it is announced', async () => {
  const old = client(haproxy.address);
  await old.greeted;
  await announcer.prepare(db2, patient);
  await announcer.hold(db2, patient);
  await announcer.hold(db2, patient);
  const waiting = Array.from({ length: 20 }, () => client(haproxy.address));
  await until('all to wait', async () => (await queued()) === 20);
  expect(await announcer.read(patient)).toEqual({ found: 'db1', says: 'db1', holding: true });
  await announcer.announce(db2, patient);
  expect(new Set(await Promise.all(waiting.map(({ greeted }) => greeted)))).toEqual(new Set(['db2']));
  expect(await announcer.read(patient)).toEqual({ found: 'db2', says: 'db2', holding: false });
  await old.ended;
  for (const one of waiting) one.leave();
});

it('lets them go on where they were when it is taken back, and by itself when its time is over', async () => {
  const old = client(haproxy.address);
  await old.greeted;
  await announcer.hold(db2, patient);
  const first = client(haproxy.address);
  await until('it to wait', async () => (await queued()) === 1);
  await announcer.restore(db1, patient);
  expect(await first.greeted).toBe('db1');
  const before = performance.now();
  await announcerOf({ holdSeconds: 0.3 }).hold(db2, patient);
  const second = client(haproxy.address);
  expect(await second.greeted).toBe('db1');
  // From before its time began: the client may come to it late.
  expect(performance.now() - before).toBeGreaterThanOrEqual(290);
  expect(await second.waited).toBeLessThan(2000);
  const third = client(haproxy.address);
  expect(await third.greeted).toBe('db1');
  for (const one of [old, first, second, third]) one.leave();
});

it('is still announced after a reload and after another start of HAProxy', async () => {
  await announcer.announce(db2, patient);
  // Once it can be read back, it is in the file.
  expect(await announcer.read(patient)).toMatchObject({ says: 'db2' });
  expect(await readFile(haproxy.stateFile, 'utf8')).toContain(' db2 ');
  await haproxy.reload();
  expect(await ledTo(haproxy.address)).toBe('db2');
  await haproxy.stop();
  await expect(announcer.read(patient)).rejects.toMatchObject({ code: 'haproxy-unreachable' });
  await haproxy.start();
  expect(await announcer.read(patient)).toMatchObject({ says: 'db2' });
  expect(await ledTo(haproxy.address)).toBe('db2');
  await announcer.restore(db1, patient);
  expect(await ledTo(haproxy.address)).toBe('db1');
});

it('has the state of what was announced in its file before it is closed', async () => {
  const brief = announcerOf();
  await brief.announce(db2, patient);
  await brief.close();
  const { servers } = stateIn(await readFile(haproxy.stateFile, 'utf8'));
  expect(servers.map(({ name, state }) => [name, state])).toEqual([
    ['db1', 'maint'],
    ['db2', 'ready'],
  ]);
});

it('tells when clients are led to nobody, or to two', async () => {
  await haproxy.runtime('set server mysql/db2 state ready');
  expect(await announcer.read(patient)).toEqual({ found: 'db1, db2', says: undefined, holding: false });
  await haproxy.runtime('set server mysql/db1 state maint; set server mysql/db2 state drain');
  expect(await announcer.read(patient)).toEqual({ found: 'no server', says: undefined, holding: false });
  await expect(announcer.hold(db1, patient)).rejects.toMatchObject({ code: 'haproxy-ambiguous' });
});

it('speaks TCP, and leaves connections alone if it is told so', async () => {
  const gentle = announcerOf({ api: haproxy.api, cut: false });
  const old = client(haproxy.address);
  expect(await old.greeted).toBe('db1');
  await gentle.prepare(db2, patient);
  await gentle.announce(db2, patient);
  expect(await gentle.read(patient)).toMatchObject({ says: 'db2' });
  expect(await haproxy.runtime('show sess')).toContain('srv=db1');
  old.leave();
  await gentle.close();
});

it.each<[code: string, more: Partial<HaproxySettings>, words: string]>([
  ['haproxy-unreachable', { api: { path: '/nowhere/admin.sock' } }, '/nowhere/admin.sock'],
  ['haproxy-unreachable', { api: { host: '127.0.0.1', port: 1 } }, '127.0.0.1:1'],
  ['haproxy-refused', { backend: 'pgsql' }, "Can't find backend"],
  ['haproxy-no-server', { servers: { db2: 'second' } }, 'has no server "second", but db1, db2'],
  ['haproxy-wrong-server', { servers: { db2: 'db1', db1: 'db2' } }, 'which is db1'],
  ['file-not-changeable', { stateFile: '/nowhere/state' }, 'does not exist'],
])('says before it is needed: %s', async (code, more, words) => {
  await expect(announcerOf(more).prepare(db2, patient)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(words) as unknown,
  });
});

it('says when the socket may only look, and when HAProxy cannot hold', async () => {
  const text = await readFile(haproxy.configFile, 'utf8');
  const weak = path.join(haproxy.directory, 'weak.sock');
  await writeFile(
    haproxy.configFile,
    text
      .replace('  lua-load', '  # lua-load')
      .replace('global\n', `global\n  stats socket ${weak} mode 600 level operator\n`),
  );
  await haproxy.reload();
  await chmod(weak, 0o600);
  await expect(announcerOf({ api: { path: weak } }).prepare(db2, patient)).rejects.toMatchObject({
    code: 'haproxy-refused',
    message: expect.stringContaining('Permission denied') as unknown,
  });
  await expect(announcer.prepare(db2, patient)).rejects.toMatchObject({ code: 'haproxy-cannot-hold' });
  await announcerOf({ holdSeconds: undefined }).prepare(db2, patient);
});

/** How many clients wait for a server. */
async function queued(): Promise<number> {
  const [header = '', ...rows] = (await haproxy.runtime('show stat -1 2 -1')).split('\n');
  const column = header.replace('# ', '').split(',').indexOf('qcur');
  return rows.reduce((sum, row) => sum + Number(row.split(',')[column] ?? 0), 0);
}
