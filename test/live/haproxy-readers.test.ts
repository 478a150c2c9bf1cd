import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AnnouncerSettings } from '../../src/announce/open.js';
import { openReadSide } from '../../src/announce/open-read-side.js';
import type { ReadSide, ReadersChange } from '../../src/announce/read-side.js';
import type { BackendReaders } from '../../src/announce/readers-site.js';
import { Scope } from '../../src/base/scope.js';
import { openHost } from '../../src/hosts/open.js';
import { startHaproxy, type Haproxy } from '../../src/sandbox/haproxy.js';
import { until } from '../../src/sandbox/until.js';
import { client, greeter, ledTo } from './haproxy-clients.js';

const scope = new Scope();
const patient = new AbortController().signal;
let haproxy: Haproxy;
let servers: Awaited<ReturnType<typeof greeter>>[] = [];
let readers: ReadSide;

/** @param called what server lines are called */
function readersOf(more: Partial<BackendReaders> = {}, called: Readonly<Record<string, string>> = {}): ReadSide {
  const settings: AnnouncerSettings = {
    ...({ kind: 'haproxy' } as const),
    ...{ name: 'haproxy', backend: 'mysql', servers: called, cut: true, holdSeconds: undefined },
    ...{ api: { path: haproxy.socket }, stateFile: undefined },
    readers: {
      ...{ backend: 'mysql', servers: ['db2', 'db3'], fallback: true },
      ...{ stateFile: haproxy.stateFile, drainSeconds: 0, ...more },
    },
  };
  const machine = openHost({ kind: 'local', sudo: false, paths: [], programs: [], services: {} });
  const made = openReadSide(settings, { name: 'shop', names: [], servers }, { machine, here: true });
  if (made === undefined) throw new Error('it has no read side');
  scope.defer(() => made.close());
  return made;
}

function change(act: ReadersChange['act'], name: string): ReadersChange {
  const [server = servers[0], fallback] = [servers.find((one) => one.name === name), servers[0]];
  if (server === undefined) throw new Error(name);
  return { act, server, fallback };
}

async function readsFrom(): Promise<readonly string[]> {
  return (await readers.read(patient))?.readers ?? [];
}

beforeAll(async () => {
  servers = [await greeter(scope, 'db1'), await greeter(scope, 'db2'), await greeter(scope, 'db3')];
  haproxy = await startHaproxy(scope, {
    servers: servers.map((server) => ({ ...server, disabled: server.name === 'db1' })),
  });
  await writeFile(haproxy.stateFile, '');
  readers = readersOf();
});

beforeEach(async () => {
  await readers.change(change('return', 'db2'), patient);
  await readers.change(change('return', 'db3'), patient);
});

afterAll(() => scope.end());

it('leads readers away and back, through reload and another start', async () => {
  await readers.prepare(patient);
  expect(await readsFrom()).toEqual(['db2', 'db3']);
  const old = [client(haproxy.address), client(haproxy.address)];
  expect(new Set(await Promise.all(old.map(({ greeted }) => greeted)))).toEqual(new Set(['db2', 'db3']));
  await readers.change(change('withdraw', 'db2'), patient);
  await readers.change(change('withdraw', 'db2'), patient);
  await Promise.race(old.map(({ ended }) => ended));
  expect(await readers.read(patient)).toEqual({ readers: ['db3'], found: 'db3' });
  const onlyDb3 = async () => new Set(await Promise.all(Array.from({ length: 10 }, () => ledTo(haproxy.address))));
  expect(await onlyDb3()).toEqual(new Set(['db3']));
  await haproxy.reload();
  expect(await onlyDb3()).toEqual(new Set(['db3']));
  await haproxy.stop();
  await expect(readers.read(patient)).rejects.toMatchObject({ code: 'haproxy-unreachable' });
  await haproxy.start();
  expect(await onlyDb3()).toEqual(new Set(['db3']));
  expect(await readsFrom()).toEqual(['db3']);
  await readers.change(change('return', 'db2'), patient);
  await readers.change(change('return', 'db2'), patient);
  expect(await readsFrom()).toEqual(['db2', 'db3']);
  expect(await onlyDb3()).toEqual(new Set(['db2', 'db3']));
  for (const one of old) one.leave();
});

it('lets the primary stand in for the last, and only for so long', async () => {
  await readers.change(change('withdraw', 'db2'), patient);
  await readers.change(change('withdraw', 'db3'), patient);
  expect(await readsFrom()).toEqual(['db1']);
  expect(await ledTo(haproxy.address)).toBe('db1');
  const standing = client(haproxy.address);
  expect(await standing.greeted).toBe('db1');
  await readers.change(change('return', 'db3'), patient);
  expect(await readsFrom()).toEqual(['db3']);
  expect(await ledTo(haproxy.address)).toBe('db3');
  // Who read from the primary rightly is not cut off.
  expect(await haproxy.runtime('show sess')).toContain('srv=db1');
  standing.leave();
  const nobody = { ...change('withdraw', 'db3'), fallback: undefined };
  await expect(readers.change(nobody, patient)).rejects.toMatchObject({ code: 'last-reader' });
  expect(await readsFrom()).toEqual(['db3']);
});

it('lets those who are there end what they do, and no longer than it is told', async () => {
  await readers.change(change('withdraw', 'db3'), patient);
  const [leaves, stays] = [client(haproxy.address), client(haproxy.address)];
  expect(await Promise.all([leaves.greeted, stays.greeted])).toEqual(['db2', 'db2']);
  await readers.change(change('return', 'db3'), patient);
  let over = false;
  const withdrawn = readersOf({ drainSeconds: 60 }).change(change('withdraw', 'db2'), patient).then(() => (over = true)); // prettier-ignore
  await until('new clients to be led elsewhere', async () => (await readsFrom()).join() === 'db3');
  expect(await ledTo(haproxy.address)).toBe('db3');
  leaves.leave();
  expect(over).toBe(false);
  stays.leave();
  await withdrawn;
  await readers.change(change('return', 'db2'), patient);
  await readers.change(change('withdraw', 'db3'), patient);
  const late = client(haproxy.address);
  expect(await late.greeted).toBe('db2');
  await readers.change(change('return', 'db3'), patient);
  await readersOf({ drainSeconds: 0.3 }).change(change('withdraw', 'db2'), patient);
  await late.ended;
});

it('says before it is needed what stands in the way, and tells when nobody is read from', async () => {
  const missing = readersOf({ servers: ['db2', 'db3'], backend: 'pgsql' });
  await expect(missing.prepare(patient)).rejects.toMatchObject({ code: 'haproxy-refused' });
  await expect(readersOf({ stateFile: '/nowhere/state' }).prepare(patient)).rejects.toMatchObject({ code: 'file-not-changeable' }); // prettier-ignore
  // Who would stand in needs a line, too.
  await readers.prepare(patient, 'db1');
  const without = readersOf({}, { db1: 'db9' });
  await without.prepare(patient);
  await expect(without.prepare(patient, 'db1')).rejects.toMatchObject({ code: 'haproxy-no-server' });
  await readersOf({ fallback: false }, { db1: 'db9' }).prepare(patient, 'db1');
  // Not said to be done unless a restart would keep to it.
  await expect(readersOf({ stateFile: '/nowhere/state' }).change(change('withdraw', 'db2'), patient)).rejects.toMatchObject({ code: 'file-not-changeable' }); // prettier-ignore
  await haproxy.runtime('set server mysql/db2 state maint; set server mysql/db3 state drain');
  expect(await readers.read(patient)).toEqual({ readers: [], found: 'no server' });
  await readers.change(change('withdraw', 'db2'), patient);
  expect(await readsFrom()).toEqual(['db1']);
  expect(await readFile(haproxy.stateFile, 'utf8')).toContain(' db1 ');
});
