import { connect } from 'node:net';
import express from 'express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { boundRest, readJson } from '../../src/http/body.js';
import { problemHandler } from '../../src/http/problem.js';
import { problemOf, send } from './ask.js';

const limits = { most: 1000, deepest: 4 };
const started: Server[] = [];

/** Answers with the body that it read, as JSON. */
async function listen(): Promise<string> {
  const app = express();
  app.post('/', async (request, response) => {
    response.json({ read: await readJson(request, limits) });
  });
  app.use(problemHandler(silentLog));
  const server = createServer(app);
  server.prependListener('request', (request, response) => boundRest(request, response, limits.most));
  started.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

afterEach(() => {
  for (const server of started.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const json = { 'Content-Type': 'application/json' };

describe('a JSON body', () => {
  it.each([
    ['{"a":[{"b":"[[[[[["}]}', json],
    ['["\\"[[[[[", "\\\\"]', json],
    ['"é"', { 'Content-Type': 'Application/JSON; charset=UTF-8' }],
    ['null', { ...json, 'Content-Encoding': 'identity' }],
    [`"${'x'.repeat(998)}"`, json],
  ])('%s is read', async (body, headers) => {
    const answer = await send(await listen(), body, { headers });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { read: JSON.parse(body) as unknown }]);
  });

  it.each([
    ['no type', '{}', {}, 415, 'media-type-unsupported'],
    ['a form', 'a=b', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415, 'media-type-unsupported'],
    ['another charset', '{}', { 'Content-Type': 'application/json; charset=latin1' }, 415, 'media-type-unsupported'],
    ['compressed', '{}', { ...json, 'Content-Encoding': 'gzip' }, 415, 'media-type-unsupported'],
    ['nothing', '', json, 400, 'body-malformed'],
    ['half', '{"a":', json, 400, 'body-malformed'],
    ['two', '{}{}', json, 400, 'body-malformed'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), json, 400, 'body-malformed'],
    ['deep', '[[[[[]]]]]', json, 400, 'body-malformed'],
    ['deep and unfinished', '{"a":'.repeat(180), json, 400, 'body-malformed'],
    ['long, and says so', `"${'x'.repeat(999)}"`, json, 413, 'body-too-large'],
  ])('%s is refused', async (_, body, headers, status, code) => {
    const answer = await send(await listen(), body, { headers });
    expect(problemOf(answer)).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    expect(answer.headers.location).toBeUndefined();
  });

  it('of unknown length is refused as soon as it is too long, and never kept', async () => {
    const url = new URL(await listen());
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
    // It is never ended by the sender: the answer comes all the same, and the connection does not last.
    const more = setInterval(() => socket.write(`64\r\n${'x'.repeat(100)}\r\n`), 1);
    await closed;
    clearInterval(more);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('body-too-large');
    expect(socket.bytesWritten).toBeLessThan(100_000);
  });

  it('whose sender goes away harms nobody', async () => {
    const url = await listen();
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a"');
    await new Promise((sent) => setImmediate(sent));
    socket.destroy();
    expect((await send(url, '{}', { headers: json })).status).toBe(200);
  });
});
