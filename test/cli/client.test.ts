import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { Client } from '../../src/cli/client.js';
import { parseEvents, type ServerEvent } from '../../src/cli/server-events.js';
import { openDesk, tokens } from '../http/desk.js';
import { lockstep } from './command.js';
import { Instance } from './instance.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function answering(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function client(url: URL | string, token?: string): Client {
  const secret = token === undefined ? undefined : () => Promise.resolve(new Secret(token));
  return new Client({ kind: 'url', url: new URL(url), token: secret, ca: undefined });
}

describe('the client', () => {
  it('is who its token says, and hears problems with their code and remedy', async () => {
    const { url } = await openDesk({}, { tokens });
    expect(await client(url, 'word-of-the-viewer').get('/api/v1/runs')).toEqual({ runs: [] });
    await expect(client(url, 'word-of-the-viewer').post('/api/v1/runs', {})).rejects.toMatchObject({
      code: 'forbidden',
      message: '"the-viewer" has the role viewer, this needs operator',
    });
    await expect(client(url).get('/api/v1/runs')).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(client(url, 'word-of-the-viewer').get('/api/v1/runs/none')).rejects.toMatchObject({
      code: 'run-unknown',
      remedy: 'GET /api/v1/runs lists them, the newest first.',
    });
  });

  it('follows no redirect, so that nobody else gets its token', async () => {
    let asked = 0;
    const other = await answering((_request, response) => {
      asked += 1;
      response.end('{}');
    });
    const url = await answering((_request, response) => response.writeHead(307, { Location: other.href }).end());
    await expect(client(url, 'word').get('/api/v1/runs')).rejects.toMatchObject({ code: 'answer-unreadable' });
    expect(asked).toBe(0);
  });

  it('believes nobody who does not answer as Lockstep does', async () => {
    for (const [status, body] of [
      [200, '<html>'],
      [502, 'bad gateway'],
      [500, '[]'],
      [404, '{"code":1,"detail":"x"}'],
    ] as const) {
      const url = await answering((_request, response) => response.writeHead(status).end(body));
      await expect(client(url).get('/api/v1/runs')).rejects.toMatchObject({ code: 'answer-unreadable' });
    }
  });

  it('says that nobody is there', async () => {
    const url = await answering(() => undefined);
    for (const close of closing.splice(0)) close();
    await expect(client(url).get('/')).rejects.toMatchObject({
      code: 'instance-unreachable',
      message: expect.stringMatching(/^no Lockstep answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/) as string,
    });
  });
});

describe('--url', () => {
  it('talks to another Lockstep, with the token in a file', async () => {
    const { folder } = new Instance();
    const { url, automation } = await openDesk({}, { tokens });
    const file = path.join(folder, 'ops.token');
    writeFileSync(file, 'word-of-the-operator\n', { mode: 0o600 });
    const there = ['--url', url, '--token-file', file];
    expect((await lockstep(folder, 'pause', ...there, '--reason', 'why')).stdout).toContain('paused by the-operator');
    expect(automation.pauses()).toHaveLength(1);
    writeFileSync(file, 'word-of-nobody\n');
    const { code, stderr } = await lockstep(folder, 'unpause', ...there);
    expect([code, stderr]).toEqual([3, expect.stringContaining('the credentials are wrong')]);
  }, 60_000);

  it.each([
    [['--url', 'http://192.0.2.9:1', '--token-file', 'password'], 'in plain text'],
    [['--url', 'lockstep.example'], 'is no address of a Lockstep'],
    [['--url', 'https://user:pass@lockstep.example'], 'is no address of a Lockstep'],
    [['--url', 'https://lockstep.example', '--token-file', 'absent'], '"absent" does not exist'],
    [['--url', 'https://lockstep.example', '--ca-file', 'absent'], '"absent" cannot be read'],
    [['--token-file', 'password'], '--token-file is for --url'],
  ])('refuses %j', async (words, said) => {
    const { folder } = new Instance();
    const { code, stderr } = await lockstep(folder, 'runs', ...words);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(stderr).not.toContain('a-password-of-nobody');
  });
});

describe('server-sent events', () => {
  it('are read however they are cut', async () => {
    const seed = Date.now();
    const event = fc.record({
      event: fc.constantFrom('state', 'ended'),
      id: fc.nat().map(String),
      data: fc.jsonValue(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event), fc.array(fc.nat(400)), async (events, cuts) => {
        const text = events
          .map(({ event: name, id, data }) => `: beat\n\nid: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
          .join('');
        const read: ServerEvent[] = [];
        for await (const one of parseEvents(pieces(`retry: 2000\n\n${text}`, cuts))) read.push(one);
        expect(read, `seed ${seed}`).toEqual(events.map((one) => ({ ...one, data: JSON.parse(JSON.stringify(one.data)) as unknown }))); // prettier-ignore
      }),
      { numRuns: 200, seed },
    );
  });
});

// eslint-disable-next-line @typescript-eslint/require-await
async function* pieces(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  let at = 0;
  for (const length of cuts) {
    yield text.slice(at, at + length);
    at += length;
  }
  yield text.slice(at);
}
