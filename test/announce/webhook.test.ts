import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Announcer } from '../../src/announce/announcer.js';
import { openAnnouncer } from '../../src/announce/open.js';
import type { WebhookSettings } from '../../src/announce/webhook.js';
import { Secret } from '../../src/base/secret.js';
import { db1, db2, local, patient, shop } from './stage.js';

const got: { readonly method: string; readonly signature: string | undefined; readonly body: string }[] = [];
let answer = { status: 204, text: '' };
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const signature = request.headers['x-lockstep-signature'];
    got.push({ method: request.method ?? '', signature: typeof signature === 'string' ? signature : undefined, body });
    response.statusCode = answer.status;
    response.end(answer.text);
  });
});
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook-secret`;
});
beforeEach(() => {
  got.length = 0;
  answer = { status: 204, text: '' };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

function announcer(more: Partial<WebhookSettings> = {}): Announcer {
  const secret = (value: string) => () => Promise.resolve(new Secret(value));
  const settings: WebhookSettings & { readonly name: string } = {
    ...{ kind: 'webhook', name: 'hook', url: secret(url), readUrl: secret(`${url}/now`), signingKey: secret('key') },
    ...{ holdSeconds: 4, tls: () => Promise.resolve({}), ...more },
  };
  return openAnnouncer(settings, shop, { machine: local({}), here: true });
}

it('posts each act as signed JSON', async () => {
  const hook = announcer();
  await hook.prepare(db2, patient);
  await hook.hold(db2, patient);
  await hook.announce(db2, patient);
  await hook.restore(db1, patient);
  const primary = { name: 'db2', host: '192.0.2.2', port: 3307 };
  const common = { version: 1, cluster: 'shop', names: ['masterdb'], at: expect.any(String) as unknown };
  expect(got.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { ...common, act: 'prepare', primary },
    { ...common, act: 'hold', primary, hold_seconds: 4 },
    { ...common, act: 'announce', primary },
    { ...common, act: 'restore', primary: { name: 'db1', host: '192.0.2.1', port: 3306 } },
  ]);
  for (const { signature = '', body } of got) {
    const [, seconds = '', hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(hex).toBe(createHmac('sha256', 'key').update(`${seconds}.${body}`).digest('hex'));
  }
});

it('is asked what it announces, and says when it does not answer well', async () => {
  answer = { status: 200, text: '{"address":"192.0.2.2:3307","holding":true}' };
  expect(await announcer().read(patient)).toEqual({ found: '192.0.2.2:3307', says: 'db2', holding: true });
  answer = { status: 200, text: '{"address":"192.0.2.1"}' };
  expect(await announcer().read(patient)).toEqual({ found: '192.0.2.1', says: 'db1', holding: false });
  for (const wrong of [
    { status: 200, text: 'db1' },
    { status: 200, text: '{}' },
    { status: 500, text: '{}' },
  ]) {
    answer = wrong;
    await expect(announcer().read(patient)).rejects.toMatchObject({ code: 'webhook-failed' });
  }
  answer = { status: 500, text: '' };
  await expect(announcer().announce(db2, patient)).rejects.toThrow('it answered announce with status 500');
});

it('tells nobody its address, asks and holds only where it is told to', async () => {
  const nowhere = announcer({ url: () => Promise.resolve(new Secret('http://127.0.0.1:1/hook-secret')) });
  await expect(nowhere.announce(db2, patient)).rejects.toMatchObject({
    message: expect.not.stringContaining('hook-secret') as unknown,
  });
  const mute = announcer({ readUrl: undefined, holdSeconds: undefined, signingKey: undefined });
  expect(await mute.read(patient)).toBeUndefined();
  await mute.hold(db2, patient);
  await mute.announce(db2, patient);
  expect(got.map(({ signature }) => signature)).toEqual([undefined]);
  expect(mute.site).toMatchObject({ holds: false, readsBack: false });
});
