import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describe as described, type AnnouncerSettings } from '../../src/announce/open.js';
import { openReadSide } from '../../src/announce/open-read-side.js';
import type { ReadSide, ReadersChange } from '../../src/announce/read-side.js';
import { Secret } from '../../src/base/secret.js';
import { db1, db2, directory, local, patient, through } from './stage.js';

const db3 = { name: 'db3', address: { host: '192.0.2.3', port: 3306 } };
const shop = { name: 'shop', names: ['masterdb'], servers: [db1, db2, db3] };
const change = (act: ReadersChange['act'], server = db2): ReadersChange => ({ act, server, fallback: db1 });

function open(settings: AnnouncerSettings, machine = local({}), here = true): ReadSide {
  const made = openReadSide(settings, shop, { machine, here });
  if (made === undefined) throw new Error('it has no read side');
  return made;
}

describe.each([
  ['of this machine', true],
  ['of another', false],
])('names in a hosts file %s', (_, here) => {
  const before = '192.0.2.1 masterdb\n192.0.2.2\treplicadb # reads\n192.0.2.3 reports\n';

  function stage(names: Readonly<Record<string, string>>) {
    const folder = directory();
    const file = path.join(folder, 'hosts');
    writeFileSync(file, before);
    const settings = { kind: 'hosts-file', name: 'hosts', file, names: undefined, addresses: {}, readers: { names, fallback: true } } as const; // prettier-ignore
    const readers = open(settings, (here ? local : through)({ paths: [folder] }), here);
    return { readers, content: () => readFileSync(file, 'utf8'), words: described(settings, shop, undefined).readers };
  }

  it('lead to another while theirs is withdrawn, and nothing else changes', async () => {
    const { readers, content, words } = stage({ db2: 'replicadb', db3: 'reports' });
    expect(words).toMatchObject({ servers: ['db2', 'db3'], fallback: true, words: expect.stringMatching(/^replicadb, reports in /) as unknown }); // prettier-ignore
    await readers.prepare(patient);
    expect(content()).toBe(before);
    expect(await readers.read(patient)).toEqual({ readers: ['db2', 'db3'], found: 'replicadb 192.0.2.2, reports 192.0.2.3' }); // prettier-ignore
    await readers.change(change('withdraw'), patient);
    await readers.change(change('withdraw'), patient);
    expect(content()).toBe(before.replace('192.0.2.2', '192.0.2.3'));
    expect(await readers.read(patient)).toMatchObject({ readers: ['db3'] });
    await readers.change(change('return'), patient);
    expect(content()).toBe(before);
  });

  it('lead to the primary while nobody else is left', async () => {
    const { readers, content } = stage({ db2: 'replicadb' });
    await readers.change(change('withdraw'), patient);
    expect(content()).toBe(before.replace('192.0.2.2', '192.0.2.1'));
    expect(await readers.read(patient)).toMatchObject({ readers: ['db1'] });
    await readers.change(change('return'), patient);
    expect(content()).toBe(before);
    const nobody = { ...change('withdraw'), fallback: undefined };
    await expect(readers.change(nobody, patient)).rejects.toMatchObject({ code: 'last-reader' });
    expect(content()).toBe(before);
  });

  it('must stand there, each once and alone', async () => {
    const { readers } = stage({ db2: 'replicadb', db3: 'nowhere' });
    await expect(readers.prepare(patient)).rejects.toMatchObject({ code: 'entry-missing' });
    await expect(readers.read(patient)).rejects.toThrow('nowhere');
  });
});

describe('a pillar', () => {
  const before = 'infra:\n  masterdb: 192.0.2.1\n  read_hosts:\n    - 192.0.2.2 # reads\n    - 192.0.2.3\n  replicadb: "192.0.2.2"\n'; // prettier-ignore
  type Pillar = Extract<AnnouncerSettings, { kind: 'salt-pillar' }>;

  function stage(readers: NonNullable<Pillar['readers']>, script = '#!/bin/sh\n') {
    const folder = directory();
    const [file, program] = [path.join(folder, 'production.sls'), path.join(folder, 'apply')];
    writeFileSync(file, before);
    writeFileSync(program, script, { mode: 0o755 });
    const apply = { kind: 'command', argv: [program] } as const;
    const settings: Pillar = { kind: 'salt-pillar', name: 'salt', file, key: 'infra:masterdb', addresses: {}, apply, readers }; // prettier-ignore
    const readSide = open(settings, local({ programs: [program] }));
    return { readSide, folder, content: () => readFileSync(file, 'utf8') };
  }

  it('lists them under a key, and comes back to every byte', async () => {
    const { readSide, content } = stage({ key: 'infra:read_hosts', servers: ['db2', 'db3'], fallback: true });
    await readSide.prepare(patient);
    await readSide.change(change('withdraw'), patient);
    await readSide.change(change('withdraw'), patient);
    expect(content()).toBe(before.replace('- 192.0.2.2 # reads', '# withdrawn by lockstep: - 192.0.2.2 # reads'));
    expect(await readSide.read(patient)).toEqual({ readers: ['db3'], found: '192.0.2.3' });
    await readSide.change(change('withdraw', db3), patient);
    expect(await readSide.read(patient)).toEqual({ readers: ['db1'], found: '192.0.2.1' });
    await readSide.change(change('return', db3), patient);
    await readSide.change(change('return'), patient);
    expect(content()).toBe(before);
  });

  it('never lists a server that the configuration does not have', async () => {
    const { readSide, content } = stage({ key: 'infra:read_hosts', servers: ['db2', 'db3'], fallback: true });
    await readSide.change(change('withdraw', db3), patient);
    const gone = { ...change('withdraw'), fallback: { name: 'db9', address: { host: '192.0.2.9', port: 3306 } } };
    const now = content();
    await expect(readSide.change(gone, patient)).rejects.toMatchObject({ code: 'server-unknown' });
    expect(content()).toBe(now);
  });

  it('or names each under a key of its own', async () => {
    const { readSide, content } = stage({ keys: { db2: 'infra:replicadb' }, fallback: true });
    await readSide.change(change('withdraw'), patient);
    expect(content()).toBe(before.replace('"192.0.2.2"', '"192.0.2.1"'));
    await readSide.change(change('return'), patient);
    expect(content()).toBe(before);
  });

  it('is applied by what brings it to the minions, and not right until that succeeded', async () => {
    const script = '#!/bin/sh\ncd "${0%/*}"; echo "$LOCKSTEP_ACT $LOCKSTEP_REPLICA_ADDRESS" >> ran; [ -e works ] || { echo no minion >&2; exit 2; }\n'; // prettier-ignore
    const { readSide, folder } = stage({ key: 'infra:read_hosts', servers: undefined, fallback: true }, script);
    await expect(readSide.change(change('withdraw'), patient)).rejects.toThrow('no minion');
    await expect(readSide.read(patient)).rejects.toThrow(/192\.0\.2\.3, which was not applied: .*no minion/);
    writeFileSync(path.join(folder, 'works'), '');
    await readSide.change(change('withdraw'), patient);
    expect(await readSide.read(patient)).toMatchObject({ readers: ['db3'] });
    expect(readFileSync(path.join(folder, 'ran'), 'utf8')).toBe('withdraw 192.0.2.2\nwithdraw 192.0.2.2\n');
  });
});

it('a command is told by variables, and prints from whom applications read', async () => {
  const folder = directory();
  const program = path.join(folder, 'announce');
  writeFileSync(program, '#!/bin/sh\ncd "${0%/*}"; env | grep ^LOCKSTEP_ | sort | tr "\\n" " " >> told; echo >> told\n[ "$LOCKSTEP_ACT" = read-readers ] && printf "192.0.2.3:3306\\n192.0.2.2\\n"; exit 0\n', { mode: 0o755 }); // prettier-ignore
  const settings = { kind: 'command', name: 'dns', argv: [program], reads: true, holdSeconds: undefined, readers: { servers: ['db2', 'db3'], fallback: true } } as const; // prettier-ignore
  const readSide = open(settings, local({ programs: [program] }));
  await readSide.change(change('withdraw'), patient);
  await readSide.change({ ...change('return'), fallback: undefined }, patient);
  expect(await readSide.read(patient)).toEqual({ readers: ['db2', 'db3'], found: '192.0.2.3:3306, 192.0.2.2' });
  const [about, replica] = ['LOCKSTEP_CLUSTER=shop', 'LOCKSTEP_REPLICA=db2 LOCKSTEP_REPLICA_ADDRESS=192.0.2.2 LOCKSTEP_REPLICA_PORT=3307 ']; // prettier-ignore
  expect(readFileSync(path.join(folder, 'told'), 'utf8').split('\n').slice(0, 3)).toEqual([
    `LOCKSTEP_ACT=withdraw ${about} LOCKSTEP_FALLBACK=db1 LOCKSTEP_FALLBACK_ADDRESS=192.0.2.1 LOCKSTEP_FALLBACK_PORT=3306 LOCKSTEP_NAMES=masterdb ${replica}`,
    `LOCKSTEP_ACT=return ${about} LOCKSTEP_NAMES=masterdb ${replica}`,
    `LOCKSTEP_ACT=read-readers ${about} LOCKSTEP_NAMES=masterdb `,
  ]);
  expect(await open({ ...settings, reads: false }, local({})).read(patient)).toBeUndefined();
});

describe('a webhook', () => {
  const got: unknown[] = [];
  let answer = '';
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (body !== '') got.push(JSON.parse(body));
      response.end(answer);
    });
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('is posted who is withdrawn and who stands in, and answers from whom applications read', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const settings = {
      ...{ kind: 'webhook', name: 'hook', url: () => Promise.resolve(new Secret(url)), signingKey: undefined } as const, // prettier-ignore
      ...{ readUrl: () => Promise.resolve(new Secret(url)), holdSeconds: undefined, tls: () => Promise.resolve({}) },
      readers: { servers: undefined, fallback: true },
    };
    const readSide = open(settings);
    await readSide.change(change('withdraw'), patient);
    await readSide.change({ ...change('return'), fallback: undefined }, patient);
    const replica = { name: 'db2', host: '192.0.2.2', port: 3307 };
    expect(got).toMatchObject([
      { version: 1, act: 'withdraw', replica, fallback: { name: 'db1', host: '192.0.2.1', port: 3306 } },
      { version: 1, act: 'return', replica, fallback: null },
    ]);
    answer = '{"address":"192.0.2.1","readers":["192.0.2.3:3306"]}';
    expect(await readSide.read(patient)).toEqual({ readers: ['db3'], found: '192.0.2.3:3306' });
    answer = '{"address":"192.0.2.1"}';
    await expect(readSide.read(patient)).rejects.toMatchObject({ code: 'webhook-failed' });
    expect(await open({ ...settings, readUrl: undefined }).read(patient)).toBeUndefined();
  });
});
