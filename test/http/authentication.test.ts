import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { readSecret } from '../../src/config/secrets.js';
import type { HttpSettings, RoleName } from '../../src/http/settings.js';
import { ask, basic, problemOf } from './ask.js';
import { listen } from './listener.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-http-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const users = [
  { name: 'alice', hash: new Secret(hashSync('wonderland', 6)) },
  { name: 'prometheus', hash: new Secret(hashSync('fire', 6)) },
];
const withUsers: Partial<HttpSettings> = {
  web: { tls: undefined, headers: [], users },
  roles: [{ subject: 'alice', role: 'operator' }],
};

function token(name: string, role: RoleName, value: string) {
  const file = path.join(folder, `${name}.token`);
  writeFileSync(file, `${value}\n`, { mode: 0o600 });
  return { name, role, read: () => readSecret({ from: 'file', path: file }), file };
}

describe('users', () => {
  it('are asked for on every reading route, but not for health', async () => {
    const { url } = await listen(withUsers);
    for (const path of ['/', '/metrics', '/probe?target=shop/db1', '/sd', '/role/shop/db1']) {
      const answer = await ask(url + path);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers['www-authenticate']).toBe('Basic realm="lockstep", charset="UTF-8"');
      expect(problemOf(answer)).toMatchObject({ code: 'unauthenticated', detail: 'the request holds no credentials' });
    }
    expect((await ask(`${url}/-/healthy`)).status).toBe(200);
    expect((await ask(`${url}/-/ready`)).status).toBe(200);
  });

  it('get in with the right password only', async () => {
    const { url } = await listen(withUsers);
    const status = async (header: string) =>
      (await ask(`${url}/metrics`, { headers: { Authorization: header } })).status;
    expect(await status(basic('prometheus', 'fire'))).toBe(200);
    expect(await status(basic('prometheus', 'fire'))).toBe(200);
    expect(await status(basic('prometheus', 'wonderland'))).toBe(401);
    expect(await status(basic('prometheus', ''))).toBe(401);
    expect(await status(basic('nobody', 'fire'))).toBe(401);
    expect(await status(basic('', 'fire'))).toBe(401);
    expect(await status('Basic ???')).toBe(401);
    expect(await status('Digest x')).toBe(401);
    expect(await status('Bearer x')).toBe(401);
  });

  it('are compared by bcrypt once, then remembered', async () => {
    const slow = [{ name: 'slow', hash: new Secret(hashSync('wonderland', 11)) }];
    const { url } = await listen({ web: { tls: undefined, headers: [], users: slow } });
    const take = async (user: string, password: string) => {
      const start = performance.now();
      await ask(`${url}/metrics`, { headers: { Authorization: basic(user, password) } });
      return performance.now() - start;
    };
    const first = await take('slow', 'wonderland');
    const again: number[] = [];
    for (let n = 0; n < 5; n += 1) again.push(await take('slow', 'wonderland'));
    const remembered = Math.min(...again);
    // Orders, not times: a busy machine only adds to what must be long, and one quick answer of five suffices.
    expect(remembered).toBeLessThan(first / 2);
    expect(await take('slow', 'underland')).toBeGreaterThan(remembered * 2);
    expect(await take('nobody', 'wonderland')).toBeGreaterThan(remembered * 2);
  });

  it('who fail too often wait, and lock nobody out who was right before', async () => {
    let now = 0;
    const clock = { now: () => now, monotonic: () => now };
    const { url } = await listen({ ...withUsers, tokens: [token('late', 'viewer', 'abc')] }, {}, clock);
    const send = (header: string) => ask(`${url}/metrics`, { headers: { Authorization: header } });
    expect((await send(basic('prometheus', 'fire'))).status).toBe(200);
    // All at once: they are counted before they are compared.
    const guesses = await Promise.all(Array.from({ length: 30 }, (_, n) => send(basic('alice', `guess ${n}`))));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
    const refused = guesses.find(({ status }) => status === 429);
    expect(refused?.headers['retry-after']).toBe('60');
    expect(refused && problemOf(refused)).toMatchObject({ code: 'too-many-failures' });
    expect((await send(basic('alice', 'wonderland'))).status).toBe(429);
    expect((await send('Bearer abc')).status).toBe(429);
    expect((await send(basic('prometheus', 'fire'))).status).toBe(200);
    now = 60_001;
    expect((await send(basic('alice', 'wonderland'))).status).toBe(200);
    expect((await send('Bearer abc')).status).toBe(200);
  });

  it('who are right may come all at once', async () => {
    const { url } = await listen(withUsers);
    const headers = { Authorization: basic('prometheus', 'fire') };
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(`${url}/metrics`, { headers })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('tokens', () => {
  it('do not close what the web configuration leaves open', async () => {
    const { url } = await listen({ tokens: [token('ops', 'operator', 'abc')] });
    expect((await ask(`${url}/metrics`)).status).toBe(200);
  });

  it('are read at each use, whatever their file has become', async () => {
    const ops = token('rotating', 'operator', 'old');
    const { url } = await listen({ tokens: [ops, token('other', 'viewer', 'other')] });
    const status = async (given: string) =>
      (await ask(`${url}/-/reload`, { method: 'POST', headers: { Authorization: `Bearer ${given}` } })).status;
    expect(await status('old')).toBe(200);
    writeFileSync(ops.file, 'new');
    expect(await status('old')).toBe(401);
    expect(await status('new')).toBe(200);
    chmodSync(ops.file, 0o644);
    expect(await status('new')).toBe(401);
    expect(await status('other')).toBe(403);
    rmSync(ops.file);
    expect(await status('')).toBe(401);
  });
});

describe('roles', () => {
  it('decide who may reload', async () => {
    const tokens = [token('ops', 'operator', 'o'), token('eyes', 'viewer', 'v'), token('am', 'alertmanager', 'a')];
    const { url } = await listen({ ...withUsers, tokens });
    const reload = async (header: string | undefined) =>
      ask(`${url}/-/reload`, { method: 'POST', headers: header === undefined ? {} : { Authorization: header } });
    expect((await reload('Bearer o')).text).toBe('{"reloaded":true}');
    expect((await reload(basic('alice', 'wonderland'))).status).toBe(200);
    expect(problemOf(await reload('Bearer v'))).toMatchObject({
      status: 403,
      code: 'forbidden',
      detail: '"eyes" has the role viewer, this needs operator',
    });
    expect((await reload('Bearer a')).status).toBe(403);
    expect((await reload(basic('prometheus', 'fire'))).status).toBe(403);
    const nobody = await reload(undefined);
    expect(nobody.headers['www-authenticate']).toBe('Basic realm="lockstep", charset="UTF-8", Bearer realm="lockstep"');
    expect((await ask(`${url}/metrics`, { headers: { Authorization: 'Bearer a' } })).status).toBe(403);
    expect((await ask(`${url}/metrics`, { headers: { Authorization: 'Bearer v' } })).status).toBe(200);
    const wrongMethod = await ask(`${url}/-/reload`, { headers: { Authorization: 'Bearer o' } });
    expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, 'POST']);
  });

  it('do not help another site', async () => {
    const { url } = await listen(withUsers);
    const reload = (headers: Record<string, string>) =>
      ask(`${url}/-/reload`, { method: 'POST', headers: { Authorization: basic('alice', 'wonderland'), ...headers } });
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { 'Sec-Fetch-Site': 'cross-site' }])
      expect(problemOf(await reload(headers))).toMatchObject({ status: 403, code: 'cross-origin' });
    expect((await reload({ Origin: url })).status).toBe(200);
  });
});

it('a reload that fails says why, with every fault', async () => {
  const faults = [
    { file: 'lockstep.yml', line: 3, column: 7, path: 'listen', message: 'given "x"', remedy: undefined },
  ];
  const ops = [token('ops', 'operator', 'o')];
  const headers = { Authorization: 'Bearer o' };
  const { url } = await listen(
    { tokens: ops },
    {
      reload: () =>
        Promise.resolve({ reloaded: false, code: 'config-invalid', message: '1 fault', remedy: undefined, faults }),
    },
  );
  const wrong = await ask(`${url}/-/reload`, { method: 'POST', headers });
  expect(problemOf(wrong)).toMatchObject({
    status: 422,
    code: 'config-invalid',
    detail: '1 fault',
    faults: [{ file: 'lockstep.yml', line: 3, column: 7, path: 'listen', message: 'given "x"' }],
  });
});

it('takes changed users and tokens while it runs', async () => {
  const { url, http, settings } = await listen(withUsers);
  const send = (header: string) => ask(`${url}/metrics`, { headers: { Authorization: header } });
  expect((await send(basic('prometheus', 'fire'))).status).toBe(200);
  const changed = [{ name: 'prometheus', hash: new Secret(hashSync('ice', 4)) }];
  http.reconfigure({ ...settings, web: { tls: undefined, headers: [], users: changed } });
  expect((await send(basic('prometheus', 'fire'))).status).toBe(401);
  expect((await send(basic('prometheus', 'ice'))).status).toBe(200);
  expect(() => http.reconfigure({ ...settings, listen: { host: '127.0.0.1', port: 1 } })).toThrow(
    'listen changed, which a running listener cannot take',
  );
});
