import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Announcer } from '../../src/announce/announcer.js';
import { openAnnouncer } from '../../src/announce/open.js';
import { db1, db2, directory, local, patient, shop, through } from './stage.js';

const before = '127.0.0.1 localhost\n192.0.2.1\tmasterdb # \xe9\r\n';
const after = before.replace('192.0.2.1', '192.0.2.2');

interface Stage {
  readonly folder: string;
  readonly file: string;
  readonly announcer: Announcer;
  readonly content: () => string;
}

function stage(here: boolean, content = before): Stage {
  const folder = directory();
  const file = path.join(folder, 'hosts');
  writeFileSync(file, Buffer.from(content, 'latin1'), { mode: 0o644 });
  const machine = (here ? local : through)({ paths: [folder] });
  const settings = { kind: 'hosts-file', name: 'hosts-file', file, names: undefined, addresses: {} } as const;
  const announcer = openAnnouncer(settings, shop, { machine, here });
  return { folder, file, announcer, content: () => readFileSync(file).toString('latin1') };
}

describe.each([
  ['of this machine', true],
  ['of another', false],
])('a hosts file %s', (_, here) => {
  it('names the primary, and can be asked which', async () => {
    const { folder, file, announcer, content } = stage(here);
    await announcer.prepare(db2, patient);
    expect(content()).toBe(before);
    expect(await announcer.read(patient)).toEqual({ found: '192.0.2.1', says: 'db1', holding: false });
    chmodSync(file, 0o640);
    await announcer.announce(db2, patient);
    await announcer.announce(db2, patient);
    expect(content()).toBe(after);
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    expect(await announcer.read(patient)).toEqual({ found: '192.0.2.2', says: 'db2', holding: false });
    await announcer.restore(db1, patient);
    expect(content()).toBe(before);
    await announcer.prepare(db2, patient);
    await announcer.close();
    expect(readdirSync(folder)).toEqual(['hosts']);
  });

  it('keeps what was changed after it was prepared', async () => {
    const { file, announcer, content } = stage(here);
    await announcer.prepare(db2, patient);
    writeFileSync(file, `${before}192.0.2.9 new\n`, 'latin1');
    await announcer.announce(db2, patient);
    expect(content()).toBe(`${after}192.0.2.9 new\n`);
  });

  it('says before it is needed that it cannot be done', async () => {
    const { file, announcer, content } = stage(here, '192.0.2.1 masterdb db1\n');
    await expect(announcer.prepare(db2, patient)).rejects.toMatchObject({
      code: 'entry-shared',
      message: expect.stringContaining(file) as unknown,
    });
    expect(content()).toBe('192.0.2.1 masterdb db1\n');
    await expect(announcer.read(patient)).rejects.toMatchObject({ code: 'entry-shared' });
  });

  it('changes nothing once it is given up', async () => {
    const { announcer, content } = stage(here);
    await expect(announcer.announce(db2, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
    expect(content()).toBe(before);
  });
});

it('changes the file that a link leads to', async () => {
  const { folder, announcer, file, content } = stage(true);
  const linked = path.join(folder, 'linked');
  symlinkSync(file, linked);
  const settings = { kind: 'hosts-file', name: 'x', file: linked, names: ['MASTERDB'], addresses: {} } as const;
  const other = openAnnouncer(settings, shop, { machine: local({}), here: true });
  await other.announce(db2, patient);
  expect(content()).toBe(after);
  expect(lstatSync(linked).isSymbolicLink()).toBe(true);
  expect(await announcer.read(patient)).toMatchObject({ says: 'db2' });
});

it('names servers by other addresses than their own, and tells when it names nobody of ours', async () => {
  const { file } = stage(true);
  const cluster = { ...shop, servers: [db1, { name: 'db3', address: { host: 'db3.example', port: 3306 } }] };
  const settings = { kind: 'hosts-file', name: 'x', file, names: undefined } as const;
  const where = { machine: local({}), here: true };
  const named = openAnnouncer({ ...settings, addresses: { db3: '198.51.100.3' } }, cluster, where);
  await named.announce(cluster.servers[1] ?? db1, patient);
  expect(await named.read(patient)).toEqual({ found: '198.51.100.3', says: 'db3', holding: false });
  const unnamed = openAnnouncer({ ...settings, addresses: {} }, cluster, where);
  expect(await unnamed.read(patient)).toMatchObject({ found: '198.51.100.3', says: undefined });
  await expect(unnamed.prepare(cluster.servers[1] ?? db1, patient)).rejects.toMatchObject({ code: 'address-missing' });
});

it('lets several clusters stand in one file and be changed at once', async () => {
  const folder = directory();
  const file = path.join(folder, 'hosts');
  const names = Array.from({ length: 20 }, (_, index) => `db-${index}`);
  writeFileSync(file, names.map((name) => `192.0.2.1 ${name}\n`).join(''));
  const announcers = names.map((name) =>
    openAnnouncer({ kind: 'hosts-file', name, file, names: [name], addresses: {} }, shop, {
      machine: local({}),
      here: true,
    }),
  );
  await Promise.all(announcers.map((one) => one.prepare(db2, patient)));
  await Promise.all(announcers.map((one) => one.announce(db2, patient)));
  await Promise.all(announcers.map((one) => one.close()));
  expect(readFileSync(file, 'utf8')).toBe(names.map((name) => `192.0.2.2 ${name}\n`).join(''));
  expect(readdirSync(folder)).toEqual(['hosts']);
});

it('refuses a directory and what is not there', async () => {
  const folder = directory();
  mkdirSync(path.join(folder, 'hosts'));
  for (const name of ['hosts', 'absent']) {
    const settings = {
      kind: 'hosts-file',
      name,
      file: path.join(folder, name),
      names: undefined,
      addresses: {},
    } as const;
    const announcer = openAnnouncer(settings, shop, { machine: local({}), here: true });
    await expect(announcer.prepare(db2, patient)).rejects.toMatchObject({ code: 'file-not-changeable' });
  }
});
