import { createHmac, timingSafeEqual } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { readSecret } from '../../src/config/secrets.js';
import type { DeliveryResult } from '../../src/notify/delivery.js';
import { createNotify, type Notify } from '../../src/notify/notify.js';
import type { NoticeKind, NotifySettings, ReceiverSettings } from '../../src/notify/settings.js';
import { until } from '../../src/sandbox/until.js';
import { authority, contents } from '../http/certificates.js';
import { answers, listen, type Listener } from './listener.js';
import { approval, ended, eventOf, head, plan, recordedLog, runOf, running, Stream, waitingEvent } from './runs.js';

const papers = authority();
afterAll(() => papers.end());

const on: readonly NoticeKind[] = ['approval-wanted', 'started', 'ended', 'needs-human'];
const noTls = { caFile: undefined };
const key = new Secret('signing-SECRET-key');
const secretPath = '/services/T0/B0/SECRETTOKEN';

let scope: Scope;
let stream: Stream;
let results: [string, DeliveryResult][];
let log: ReturnType<typeof recordedLog>;

beforeEach(() => {
  scope = new Scope();
  stream = new Stream();
  results = [];
  log = recordedLog();
});
afterEach(() => scope.end());

function notify(receivers: readonly ReceiverSettings[], more: Partial<NotifySettings> = {}): Notify {
  const settings = { receivers, alertmanager: undefined, ...more };
  const counted = (receiver: string, result: DeliveryResult) => void results.push([receiver, result]);
  const quick = { queue: { attempt: 300, backoff: 10, longestBackoff: 50 } };
  const made = createNotify(settings, { automation: stream, log: log.log, counted }, quick);
  scope.defer(() => made.stop(0));
  made.start();
  return made;
}

function webhookTo(
  listener: Pick<Listener, 'url'>,
  more: Partial<Extract<ReceiverSettings, { kind: 'webhook' }>> = {},
) {
  const url = () => Promise.resolve(new Secret(listener.url + secretPath));
  return { kind: 'webhook', url, on, signingKey: undefined, tls: noTls, ...more } as const;
}

function slackTo(listener: Pick<Listener, 'url'>): ReceiverSettings {
  return { kind: 'slack', url: () => Promise.resolve(new Secret(listener.url + secretPath)), on, tls: noTls };
}

const delivered = (count: number) =>
  until(`${count} deliveries to be over`, () => results.length >= count, { within: 10_000 });

function noSecrets(...listeners: readonly Listener[]): void {
  const all = log.lines.join('');
  for (const hidden of ['SECRET', key.reveal(), ...listeners.map(({ port }) => `:${port}`)])
    expect(all).not.toContain(hidden);
}

describe('the webhook', () => {
  it('gets the event, the run, the plan in words, the head of the journal and the command that approves', async () => {
    const listener = await listen(scope, answers(204));
    notify([webhookTo(listener)]);
    stream.emit(waitingEvent(approval));
    await delivered(1);
    const [received] = listener.received;
    expect(received).toMatchObject({
      method: 'POST',
      path: secretPath,
      headers: { 'content-type': 'application/json' },
    });
    expect(received?.headers['x-lockstep-signature']).toBeUndefined();
    const body = JSON.parse(received?.body ?? '') as Record<string, unknown>;
    expect(body).toMatchObject({
      version: 1,
      id: received?.headers['x-lockstep-delivery'],
      event: 'approval-wanted',
      at: '2026-11-28T15:22:33.000Z',
      head: `41:${head.hash}`,
      run: { id: runOf().id, procedure: 'restart-replication', state: 'waiting', guard: approval },
      plan: { digest: plan.digest, observed: plan.observed, text: plan.text },
    });
    expect(body['next']).toContainEqual({
      say: 'Approve it until 2026-11-28 16:22 UTC',
      command: `lockstep runs approve ${runOf().id}`,
    });
  });

  it('is signed: a receiver that holds the key can tell', async () => {
    const listener = await listen(scope, answers(200));
    notify([webhookTo(listener, { signingKey: () => Promise.resolve(key) })]);
    stream.emit(eventOf('started', running()));
    await delivered(1);
    const { headers = {}, body = '' } = listener.received[0] ?? {};
    const [, seconds = '', given = ''] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-lockstep-signature'])) ?? [];
    const own = createHmac('sha256', 'signing-SECRET-key').update(`${seconds}.`).update(body).digest();
    expect(timingSafeEqual(own, Buffer.from(given, 'hex'))).toBe(true);
    expect(Math.abs(Date.now() / 1000 - Number(seconds))).toBeLessThan(10);
    noSecrets(listener);
  });

  it('hears only what it asked for', async () => {
    const listener = await listen(scope, answers(200));
    notify([webhookTo(listener, { on: ['needs-human', 'waiting'] })]);
    stream.emit(eventOf('started', running()));
    stream.emit(waitingEvent(approval));
    stream.emit(waitingEvent({ guard: 'paused', why: 'everything is paused', remedy: undefined }));
    stream.emit(eventOf('needs-human', running({ state: 'needs-human' })));
    stream.emit({ type: 'paused', by: 'ops', cluster: undefined, at: 0, head, sentence: 'paused' });
    await delivered(2);
    expect(listener.received.map(({ body }) => (JSON.parse(body) as { event: string }).event)).toEqual([
      'waiting',
      'needs-human',
    ]);
  });

  it('reads address and key at each use, and survives that they cannot be read', async () => {
    const listener = await listen(scope, answers(200));
    const file = path.join(papers.folder, 'hook');
    const from = { from: 'file', path: file } as const;
    notify([webhookTo(listener, { url: () => readSecret(from) })]);
    stream.emit(eventOf('started', running()));
    await until('a failure to be told', () => log.lines.some((line) => line.includes('does not exist')));
    writeFileSync(file, `${listener.url}/first\n`, { mode: 0o600 });
    await delivered(1);
    writeFileSync(file, `${listener.url}/second\n`, { mode: 0o600 });
    stream.emit(eventOf('ended', ended()));
    await delivered(2);
    expect(listener.received.map(({ path }) => path)).toEqual(['/first', '/second']);
    noSecrets(listener);
  });

  it('verifies TLS by the given authority', async () => {
    const pair = contents(papers.issue('hook', 'hook', 'IP:127.0.0.1'));
    const listener = await listen(scope, answers(200), pair);
    notify([webhookTo(listener, { tls: { caFile: papers.ca } }), webhookTo(listener)]);
    stream.emit(eventOf('started', running()));
    await until('the one without the authority to fail', () => log.lines.some((line) => line.includes('notify[1]')));
    await delivered(1);
    expect(results).toEqual([['webhook', 'delivered']]);
    expect(listener.received).toHaveLength(1);
    noSecrets(listener);
  });
});

it('Slack gets text, and only text', async () => {
  const listener = await listen(scope, answers(200, {}, 'ok'));
  notify([slackTo(listener)]);
  stream.emit(waitingEvent({ ...approval, why: 'alert <!channel> wants it' }));
  await delivered(1);
  const body = JSON.parse(listener.received[0]?.body ?? '') as Record<string, string>;
  expect(Object.keys(body)).toEqual(['text']);
  expect(body['text']).toContain('alert &lt;!channel&gt; wants it');
  expect(body['text']).toContain(`\`lockstep runs approve ${runOf().id}\``);
});

describe('a receiver', () => {
  it('that answers 500, breaks off and then takes it, gets it once more each time, under the same id', async () => {
    const listener = await listen(scope, (received, response, index) => {
      if (index === 0) answers(500, {}, 'SECRET echo')(received, response, index);
      else if (index === 1) response.destroy();
      else answers(200)(received, response, index);
    });
    notify([webhookTo(listener)]);
    stream.emit(eventOf('started', running()));
    await delivered(1);
    expect(results).toEqual([['webhook', 'delivered']]);
    expect(new Set(listener.received.map(({ headers }) => headers['x-lockstep-delivery'])).size).toBe(1);
    expect(listener.received).toHaveLength(3);
    noSecrets(listener);
  });

  it('that redirects is not followed, and not tried again', async () => {
    const elsewhere = await listen(scope, answers(200));
    const listener = await listen(scope, answers(302, { location: `${elsewhere.url}/SECRET` }));
    notify([slackTo(listener)]);
    stream.emit(eventOf('started', running()));
    await delivered(1);
    expect([results, elsewhere.received, listener.received.length]).toEqual([[['slack', 'refused']], [], 1]);
    expect(log.lines.join('')).toContain('redirect (302)');
    noSecrets(listener, elsewhere);
  });

  it.each([400, 401, 404, 410])('that answers %i is not tried again', async (status) => {
    const listener = await listen(scope, answers(status));
    notify([webhookTo(listener)]);
    stream.emit(eventOf('started', running()));
    await delivered(1);
    expect([results, listener.received.length]).toEqual([[['webhook', 'refused']], 1]);
    noSecrets(listener);
  });

  it('that is busy is waited for as it asks', async () => {
    const at: number[] = [];
    const listener = await listen(scope, (received, response, index) => {
      at.push(performance.now());
      (index === 0 ? answers(429, { 'retry-after': '1' }) : answers(200))(received, response, index);
    });
    notify([slackTo(listener)]);
    stream.emit(eventOf('started', running()));
    await delivered(1);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(995);
  });

  it('that hangs, and one that is slow, hold up neither the run nor the others', async () => {
    const hangs = await listen(scope, () => undefined);
    const slow = await listen(scope, (received, response, index) => {
      setTimeout(() => answers(200)(received, response, index), 150);
    });
    const quick = await listen(scope, answers(200));
    notify([webhookTo(hangs), slackTo(slow), webhookTo(quick)]);
    for (let index = 0; index < 20; index += 1) {
      stream.emit(eventOf('started', running({ id: `run-${index}` })));
      stream.emit(eventOf('ended', ended({ id: `run-${index}` })));
    }
    // In the same turn: the run went on before anybody was told.
    expect(quick.received.length + slow.received.length).toBe(0);
    await until('the quick one to hear all', () => quick.received.length === 40);
    expect(slow.received.length).toBeLessThan(40);
    const order = quick.received.map(({ body }) => JSON.parse(body) as { event: string; run: { id: string } });
    const ofRun = (id: string) => order.filter(({ run }) => run.id === id).map(({ event }) => event);
    for (let index = 0; index < 20; index += 1) expect(ofRun(`run-${index}`)).toEqual(['started', 'ended']);
    noSecrets(hangs, slow, quick);
  });

  it('that hangs is left behind when Lockstep stops, and counted', async () => {
    const hangs = await listen(scope, () => undefined);
    const made = notify([webhookTo(hangs)]);
    stream.emit(eventOf('started', running()));
    stream.emit(eventOf('ended', ended()));
    await until('a try', () => hangs.received.length > 0);
    await Promise.all([made.stop(100), made.stop(100)]);
    expect(results).toEqual([
      ['webhook', 'stopped'],
      ['webhook', 'stopped'],
    ]);
    expect(stream.listeners).toBe(0);
    stream.emit(eventOf('started', running()));
    expect(results).toHaveLength(2);
  });

  it('gets on stopping what is still on its way', async () => {
    const slow = await listen(scope, (received, response, index) => {
      setTimeout(() => answers(200)(received, response, index), 100);
    });
    const made = notify([webhookTo(slow)]);
    stream.emit(eventOf('started', running()));
    stream.emit(eventOf('ended', ended()));
    await made.stop();
    expect(results).toEqual([
      ['webhook', 'delivered'],
      ['webhook', 'delivered'],
    ]);
  });
});

describe('the plan', () => {
  it('is that of the event, or none: a newer one is not shown in its stead', async () => {
    const listener = await listen(scope, answers(200));
    notify([webhookTo(listener)]);
    stream.emit(waitingEvent(approval, { digest: 'ef'.repeat(32) }));
    await delivered(1);
    expect(JSON.parse(listener.received[0]?.body ?? '')).toMatchObject({ plan: null });
  });

  it('is asked for when it happens, once for all receivers', async () => {
    const [one, two] = [await listen(scope, answers(200)), await listen(scope, answers(200))];
    let asked = 0;
    stream.planOf = () => ((asked += 1), Promise.resolve(plan));
    notify([webhookTo(one), slackTo(two)]);
    stream.emit(waitingEvent(approval));
    await delivered(2);
    expect(asked).toBe(1);
  });

  it('comes where a person decides or learns what would be done, and is not asked for otherwise', async () => {
    const listener = await listen(scope, answers(200));
    let asked = 0;
    stream.planOf = () => ((asked += 1), Promise.resolve(plan));
    notify([webhookTo(listener)]);
    stream.emit(eventOf('started', running()));
    stream.emit(eventOf('ended', ended()));
    stream.emit(eventOf('needs-human', running({ state: 'needs-human' })));
    stream.emit(eventOf('ended', ended({ outcome: 'planned' })));
    await delivered(4);
    const plans = listener.received.map(({ body }) => (JSON.parse(body) as { plan: unknown }).plan !== null);
    expect([plans, asked]).toEqual([[false, false, true, true], 2]);
  });

  it('that cannot be had keeps nobody from hearing of the event', async () => {
    const listener = await listen(scope, answers(200));
    notify([slackTo(listener)]);
    stream.planOf = () => Promise.reject(new Error('the journal cannot be read'));
    stream.emit(waitingEvent(approval));
    await delivered(1);
    expect(listener.received).toHaveLength(1);
    expect(log.lines.join('')).toContain('goes out without its plan');
  });
});
