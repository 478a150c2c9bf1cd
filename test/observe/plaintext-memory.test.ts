import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { PlaintextMemory } from '../../src/observe/plaintext-memory.js';
import { down, healthy, lookedAt, withFacts } from '../domain/build.js';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lockstep-memory-'));
  file = path.join(directory, 'plaintext.json');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const cluster = withFacts(healthy('mysql'), 'db1', {
  plaintext: { sessions: [{ user: 'app', client: '10.0.0.7', local: false }], logins: undefined },
});

it('remembers over a restart, in a file that nobody else reads', async () => {
  const first = await PlaintextMemory.open(file, silentLog);
  expect(first.of('production')).toEqual({ servers: {} });
  for (const server of down(cluster, 'db3').servers) first.note(server);
  const known = first.of('production');
  expect(Object.keys(known.servers)).toEqual(['db1', 'db2']);
  expect(known.servers['db1']?.seen).toEqual([{ user: 'app', client: '10.0.0.7', local: false, last: lookedAt }]);
  await first.close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const second = await PlaintextMemory.open(file, silentLog);
  expect(second.of('production')).toEqual(known);
  await second.close();
});

it('writes nothing where there is nothing new', async () => {
  const memory = await PlaintextMemory.open(file, silentLog);
  for (const server of healthy('mariadb').servers) memory.note(server);
  await memory.close();
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
});

it.each([
  ['torn', '{"v":1,"clusters":{"production":{"db1":{"how":"sess', true],
  ['of another kind', '[1, 2]', false],
  ['of a later version', '{"v":2,"clusters":{"production":{"db1":{}}}}', false],
  ['with a server that says nothing', '{"v":1,"clusters":{"production":{"db1":{"how":"sessions"}}}}', false],
])('begins anew with a file that is %s', async (_, content, told) => {
  await writeFile(file, content);
  const warned: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warned.push(line) });
  const memory = await PlaintextMemory.open(file, log);
  expect(Object.keys(memory.of('production').servers)).toEqual([]);
  expect(warned).toHaveLength(told ? 1 : 0);
  for (const server of cluster.servers) memory.note(server);
  await memory.close();
  expect(await readFile(file, 'utf8')).toContain('10.0.0.7');
});

it('says that it could not write, and goes on', async () => {
  const warned: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warned.push(line) });
  const memory = await PlaintextMemory.open(path.join(directory, 'gone', 'plaintext.json'), log);
  for (const server of cluster.servers) memory.note(server);
  await memory.close();
  expect(warned).toHaveLength(1);
  expect(memory.of('production').servers['db1']?.seen).toHaveLength(1);
});
