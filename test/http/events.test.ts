import express from 'express';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { expect, it, vi } from 'vitest';
import { Streams, type StreamLimits } from '../../src/http/streams.js';
import { problemHandler } from '../../src/http/problem.js';
import { silentLog } from '../../src/base/log.js';
import { authorization, openDesk, tokens } from './desk.js';
import { EventReader } from './sse.js';

const wish = { procedure: 'restart-replication', parameters: { cluster: 'shop', server: 'db2' } };
const headers = authorization('viewer');

async function openRun() {
  const desk = await openDesk();
  const id = String((await desk.call('POST', '/api/v1/runs', { body: wish })).json['id']);
  const read = (more: Record<string, string> = {}) =>
    EventReader.open(`${desk.url}/api/v1/runs/${id}/events`, { headers: { ...headers, ...more } });
  return { ...desk, id, read };
}

it('a run is told from where it stands to its end, and then no more', async () => {
  const { automation, id, read } = await openRun();
  const reader = await read();
  expect([reader.status, reader.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
  await reader.until(1);
  automation.start(id);
  automation.step(id, 'running');
  automation.step(id, 'done');
  automation.end(id, 'succeeded', 'the channel runs');
  const told = await reader.end();
  expect(told.map(({ event }) => event)).toEqual(['state', 'started', 'step-began', 'step-ended', 'ended']);
  // Steps inside a section are not in the journal: they stand where its head stands.
  expect(told.map((each) => each.id)).toEqual(['2', '3', '3', '3', '4']);
  expect(told[0]?.data).toMatchObject({ id, state: 'waiting' });
  expect(told.at(-1)?.data).toMatchObject({ sentence: 'the channel runs', run: { id, outcome: 'succeeded' } });
  await vi.waitFor(() => expect(automation.listeners).toBe(0));
});

it('a run hears nothing of others', async () => {
  const { automation, id, read, call } = await openRun();
  const reader = await read();
  await call('POST', '/api/v1/runs', { body: wish });
  await automation.pause(undefined, 'somebody', 'why');
  automation.start(id);
  expect((await reader.until(2)).map(({ event }) => event)).toEqual(['state', 'started']);
  reader.close();
});

it('a reader that was cut off hears what it missed, then where the run stands', async () => {
  const { automation, id, read } = await openRun();
  const first = await read();
  const [state] = await first.until(1);
  first.close();
  automation.start(id);
  automation.move(id, { state: 'undoing' }, 'undoing', 'it is taken back');
  const again = await read({ 'Last-Event-ID': state?.id ?? '' });
  const told = await again.until(3);
  expect(told.map(({ event, data }) => [event, data['type'] ?? data['state']])).toEqual([
    ['history', 'started'],
    ['history', 'undoing'],
    ['state', 'undoing'],
  ]);
  const heard = told.at(-1)?.id ?? '';
  automation.end(id, 'rolled-back', 'as before');
  await again.end();
  const late = await read({ 'Last-Event-ID': heard });
  expect((await late.end()).map(({ event }) => event)).toEqual(['history', 'state']);
  const done = await read({ 'Last-Event-ID': String(automation.head.seq) });
  expect([done.status, await done.end()]).toEqual([204, []]);
});

it('an event that happens while the past is read comes once, between the past and the present', async () => {
  const { automation, id, read } = await openRun();
  const history = automation.history.bind(automation);
  vi.spyOn(automation, 'history').mockImplementation(async (run) => {
    const lines = await history(run);
    automation.start(id);
    return lines;
  });
  const reader = await read({ 'Last-Event-ID': '1' });
  expect((await reader.until(3)).map(({ event, data }) => [event, data['type'] ?? data['state']])).toEqual([
    ['history', 'requested'],
    ['started', 'started'],
    ['state', 'running'],
  ]);
  reader.close();
  await vi.waitFor(() => expect(automation.listeners).toBe(0));
});

it('a reader that leaves while the past is read leaves nothing behind', async () => {
  const { automation, id, url } = await openRun();
  let left = (): void => undefined;
  const gone = new Promise<void>((resolve) => (left = resolve));
  const done = vi.spyOn(automation, 'history').mockImplementation(async () => {
    await gone;
    return [];
  });
  const leaving = new AbortController();
  const asked = fetch(`${url}/api/v1/runs/${id}/events`, {
    headers: { ...headers, 'Last-Event-ID': '1' },
    signal: leaving.signal,
  });
  await vi.waitFor(() => expect(done).toHaveBeenCalled());
  leaving.abort();
  await expect(asked).rejects.toThrow();
  await new Promise(setImmediate);
  left();
  await vi.waitFor(() => expect(automation.listeners).toBe(0));
});

it('everything that happens is told, after what is open now', async () => {
  const { url, automation, id, call } = await openRun();
  const reader = await EventReader.open(`${url}/api/v1/events`, { headers });
  await call('PUT', '/api/v1/pause/shop', { body: { paused: true, reason: 'why' } });
  automation.start(id);
  const told = await reader.until(3);
  expect(told.map(({ event }) => event)).toEqual(['state', 'paused', 'started']);
  expect(told[0]?.data).toMatchObject({ runs: [{ id }], pauses: [], downtimes: [] });
  reader.close();
});

it('HEAD and a run that does not exist open no stream', async () => {
  const { call, id, automation } = await openRun();
  for (const path of ['/api/v1/events', `/api/v1/runs/${id}/events`])
    expect((await call('HEAD', path)).headers['content-type']).toBe('text/event-stream; charset=utf-8');
  expect((await call('GET', '/api/v1/runs/none/events')).json).toMatchObject({ status: 404, code: 'run-unknown' });
  expect(automation.listeners).toBe(0);
});

it('stopping ends streams at once; a changed configuration makes readers come back', async () => {
  const { http, url, read, automation } = await openRun();
  const before = await read();
  http.reconfigure({
    listen: { host: '127.0.0.1', port: 0 },
    web: undefined,
    tokens,
    roles: [],
    scrapeTimeoutSeconds: 10,
  });
  await before.end();
  const after = await read();
  const all = await EventReader.open(`${url}/api/v1/events`, { headers });
  const began = performance.now();
  await http.stop(10_000);
  await Promise.all([after.end(), all.end()]);
  expect(performance.now() - began).toBeLessThan(5000);
  expect(automation.listeners).toBe(0);
});

it('a stream outlives what a request may take', async () => {
  // Enough for this test's own requests, which it governs too.
  const patience = { headers: 500, request: 500, check: 50 };
  const { automation, call, url } = await openDesk({}, { tokens }, undefined, patience);
  const id = String((await call('POST', '/api/v1/runs', { body: wish })).json['id']);
  const reader = await EventReader.open(`${url}/api/v1/runs/${id}/events`, { headers });
  const slow = connect(Number(new URL(url).port), '127.0.0.1', () => slow.write('POST / HTTP/1.1\r\n'));
  slow.resume();
  // Once a request that does not come has been given up, the stream would have been too.
  await once(slow, 'close');
  automation.end(id, 'succeeded', 'mended');
  expect((await reader.end()).map(({ event }) => event)).toEqual(['state', 'ended']);
});

it('a stream gives signs of life, is cut off when nobody reads, and there are only so many', async () => {
  const { url, streams, stop } = await listening({ beat: 20, most: 2, unsent: 100_000 });
  const [first, second] = [await EventReader.open(url), await EventReader.open(url)];
  await first.beat();
  await first.beat();
  const third = await fetch(url);
  expect(await third.json()).toMatchObject({ status: 503, code: 'too-many-streams' });
  second.close();
  await vi.waitFor(async () => {
    const reader = await EventReader.open(url);
    reader.close();
    expect(reader.status).toBe(200);
  });
  streams.end();
  await first.end();
  expect(await (await fetch(url)).json()).toMatchObject({ status: 503, code: 'not-ready' });
  await stop();
});

it('a reader that does not read is cut off before it fills the memory', async () => {
  const { url, flood, stop } = await listening({ unsent: 1_000_000 });
  const deaf = await fetch(url);
  await flood();
  await expect(deaf.text()).rejects.toThrow();
  await stop();
});

/** Streams alone. `flood` sends to all until they are gone. */
async function listening(limits: Partial<StreamLimits>) {
  const streams = new Streams(limits);
  const app = express();
  const open = new Set<ReturnType<Streams['open']>>();
  app.get('/', (_request, response) => {
    const stream = streams.open(response);
    open.add(stream);
    stream.closed(() => open.delete(stream));
  });
  app.use(problemHandler(silentLog));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    streams,
    flood: async () => {
      while (open.size > 0) {
        for (const stream of open) stream.send('noise', 1, { text: 'x'.repeat(100_000) });
        await new Promise(setImmediate);
      }
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
