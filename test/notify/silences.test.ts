import http from 'node:http';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { DeliveryResult } from '../../src/notify/delivery.js';
import { createNotify, type Notify } from '../../src/notify/notify.js';
import type { AlertmanagerSettings } from '../../src/notify/settings.js';
import { alertmanagerSilences } from '../../src/notify/silences.js';
import { freePort } from '../../src/sandbox/addresses.js';
import { startAlertmanager, type Program } from '../../src/sandbox/programs.js';
import { until } from '../../src/sandbox/until.js';
import { authority, contents } from '../http/certificates.js';
import { answers, listen } from './listener.js';
import { ended, eventOf, recordedLog, running, Stream } from './runs.js';

const scope = new Scope();
const config = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n';
let one: Program;
let two: Program;
let gone: string;

beforeAll(async () => {
  const [first, second] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  [one, two] = await Promise.all([
    startAlertmanager(scope, { config, gossip: { port: first, peers: [second] } }),
    startAlertmanager(scope, { config, gossip: { port: second, peers: [first] } }),
  ]);
  gone = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
  await until('the two to know each other', async () => {
    const status = (await (await fetch(`${one.url}/api/v2/status`)).json()) as { cluster: { peers: unknown[] } };
    return status.cluster.peers.length === 2;
  });
}, 120_000);
afterAll(() => scope.end());

const labels = { alertname: 'ReplicationStopped', cluster: 'production', server: 'db2', severity: 'critical' };
const signal = () => AbortSignal.timeout(15_000);

function settingsOf(...urls: readonly string[]): AlertmanagerSettings {
  return { urls, token: undefined, user: undefined, tls: { caFile: undefined } };
}

interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex?: boolean;
  readonly isEqual?: boolean;
}

/** A person's silence, made by the API as the web page of Alertmanager does; gives its id. */
async function silenced(at: Program, matchers: readonly Matcher[], more: object = {}): Promise<string> {
  const full = matchers.map((matcher) => ({ isRegex: false, isEqual: true, ...matcher }));
  const now = Date.now();
  const [startsAt, endsAt] = [new Date(now), new Date(now + 600_000)];
  const body = { matchers: full, startsAt, endsAt, createdBy: 'alice', comment: 'maintenance', ...more };
  const answer = await fetch(`${at.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { silenceID: string }).silenceID;
}

async function fires(given: Readonly<Record<string, string>>, seconds = 300): Promise<void> {
  const endsAt = new Date(Date.now() + seconds * 1000);
  for (const { url } of [one, two]) {
    const body = JSON.stringify([{ labels: given, endsAt }]);
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200);
  }
}

interface Listed {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly Matcher[];
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
}

async function listed(at: Program): Promise<readonly Listed[]> {
  return (await (await fetch(`${at.url}/api/v2/silences`)).json()) as readonly Listed[];
}

const active = async (at: Program) => (await listed(at)).filter(({ status }) => status.state === 'active');

/** Ends all silences and waits until both peers know. */
async function nothingSilenced(): Promise<void> {
  for (const at of [one, two])
    for (const { id } of await active(at)) await fetch(`${at.url}/api/v2/silence/${id}`, { method: 'DELETE' });
  await until('no silence to be left', async () => [...(await active(one)), ...(await active(two))].length === 0);
}

beforeEach(nothingSilenced);

describe('whether somebody has silenced an alert', () => {
  const asked = (...urls: readonly string[]) =>
    alertmanagerSilences(settingsOf(...urls), recordedLog().log).covers(labels, signal());

  it('no, when nobody has', async () => {
    expect(await asked(one.url, two.url)).toBe('no');
  });

  const alice = { by: 'alice', comment: 'maintenance' };
  const cluster = { name: 'cluster', value: 'production' };
  it.each<[string, readonly Matcher[], boolean]>([
    ['equal', [cluster], true],
    ['equal, another', [{ ...cluster, value: 'prod' }], false],
    ['equal, one of two', [cluster, { name: 'server', value: 'db3' }], false],
    ['an expression', [{ name: 'alertname', value: 'Replication.*', isRegex: true }], true],
    ['an expression that holds for a part only', [{ name: 'alertname', value: 'Replication', isRegex: true }], false],
    ['not equal', [cluster, { name: 'server', value: 'db3', isEqual: false }], true],
    ['not equal, but it is', [cluster, { name: 'server', value: 'db2', isEqual: false }], false],
    ['no such expression', [cluster, { name: 'server', value: 'db[13]', isRegex: true, isEqual: false }], true],
    [
      'no such expression, but it holds',
      [cluster, { name: 'server', value: 'db\\d', isRegex: true, isEqual: false }],
      false,
    ],
    ['a label that the alert lacks', [cluster, { name: 'team', value: 'dba' }], false],
    ['a label that the alert may lack', [cluster, { name: 'team', value: '', isEqual: true }], true],
    ['text that is special in a query', [cluster, { name: 'note', value: 'a"b\\c\nd&e', isEqual: false }], true],
  ])('by matchers: %s', async (_, matchers, covers) => {
    await silenced(one, matchers);
    expect(await asked(one.url)).toEqual(covers ? alice : 'no');
  });

  it('while it fires, all its labels count, those that Lockstep does not know too', async () => {
    const known = { alertname: 'Firing', cluster: 'production', server: 'db2' };
    const ask = () => alertmanagerSilences(settingsOf(one.url), recordedLog().log).covers(known, signal());
    await fires({ ...known, team: 'dba', note: 'a"b\\c\nd&e' });
    await silenced(one, [{ name: 'team', value: 'dba' }]);
    expect(await ask()).toEqual(alice);
    await nothingSilenced();
    await silenced(one, [{ name: 'team', value: 'dba', isEqual: false }]);
    expect(await ask()).toBe('no');
  });

  it('not by one that has ended, is yet to begin, or is our own', async () => {
    const ending = await silenced(one, [cluster]);
    await fetch(`${one.url}/api/v2/silence/${ending}`, { method: 'DELETE' });
    const later = { startsAt: new Date(Date.now() + 300_000) };
    await silenced(one, [cluster], { ...later, comment: 'tomorrow' });
    await silenced(one, [cluster], { createdBy: 'lockstep', comment: 'run 1: at work' });
    const states = (await listed(one))
      .filter(({ matchers }) => matchers.length === 1)
      .map(({ status }) => status.state);
    expect(new Set(states)).toEqual(new Set(['expired', 'pending', 'active']));
    expect(await asked(one.url)).toBe('no');
    for (const { id } of await listed(one)) await fetch(`${one.url}/api/v2/silence/${id}`, { method: 'DELETE' });
  });

  it('one peer that answers is enough; none makes it unknown', async () => {
    await silenced(one, [cluster]);
    expect(await asked(gone, one.url)).toEqual(alice);
    await nothingSilenced();
    expect(await asked(one.url, gone)).toBe('no');
    expect(await asked(gone)).toBe('unknown');
    expect(await alertmanagerSilences(undefined, recordedLog().log).covers(labels, signal())).toBe('no');
  });

  it('a silence that only one peer knows counts', async () => {
    const alone = await startAlertmanager(scope, { config });
    await silenced(alone, [cluster]);
    expect(await asked(one.url, alone.url)).toEqual(alice);
    await alone.stop();
  });

  it('what is no Alertmanager, hangs, refuses or redirects is none that answers, and is told once, without its address', async () => {
    const broken = await Promise.all([
      listen(scope, answers(200, {}, '<html>log in</html>')),
      listen(scope, answers(200, {}, '[{"id": 1}]')),
      listen(scope, answers(401)),
      listen(scope, answers(302, { location: one.url })),
      listen(scope, () => undefined),
    ]);
    const { log, lines } = recordedLog();
    const silences = alertmanagerSilences(settingsOf(...broken.map(({ url }) => url)), log);
    expect(await silences.covers(labels, signal())).toBe('unknown');
    expect(lines).toHaveLength(5);
    broken[0].behave = answers(200, { 'content-type': 'application/json' }, '[]');
    expect(await silences.covers(labels, signal())).toBe('no');
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toContain('can be asked for silences again');
    expect(lines.join('')).not.toMatch(/127\.0\.0\.1/);
  });

  it('gives up with its signal', async () => {
    const hangs = await listen(scope, () => undefined);
    const silences = alertmanagerSilences(settingsOf(hangs.url), recordedLog().log);
    const began = performance.now();
    expect(await silences.covers(labels, AbortSignal.timeout(100))).toBe('unknown');
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('over TLS, with a certificate of its own and a password', async () => {
    const papers = authority();
    scope.defer(() => papers.end());
    const seen: (string | undefined)[] = [];
    const ca = readFileSync(papers.ca);
    const server = {
      ...contents(papers.issue('am', 'am', 'IP:127.0.0.1')),
      ca,
      requestCert: true,
      rejectUnauthorized: true,
    };
    const front = await listen(
      scope,
      ({ method, path, headers }, response) => {
        seen.push(headers.authorization);
        http.request(one.url + path, { method }, (inner) => void inner.pipe(response.writeHead(inner.statusCode ?? 0, inner.headers))).end(); // prettier-ignore
      },
      server,
    );
    const own = papers.issue('lockstep', 'lockstep', 'DNS:lockstep');
    const password = () => Promise.resolve(new Secret('SECRET:ä'));
    const tls = { caFile: papers.ca, certFile: own.cert, keyFile: own.key };
    const user = { name: 'lockstep', password };
    const { log, lines } = recordedLog();
    const ask = (settings: AlertmanagerSettings) => alertmanagerSilences(settings, log).covers(labels, signal());
    const settings = { urls: [front.url], token: undefined, user, tls };
    await silenced(one, [cluster]);
    expect(await ask(settings)).toEqual(alice);
    expect(new Set(seen)).toEqual(new Set([`Basic ${Buffer.from('lockstep:SECRET:ä').toString('base64')}`]));
    expect(await ask({ ...settings, tls: { caFile: papers.ca } })).toBe('unknown');
    expect(await ask({ ...settings, user: undefined, token: () => Promise.resolve(new Secret('T')) })).toEqual(alice);
    expect(seen.at(-1)).toBe('Bearer T');
    const failing = { ...user, password: () => Promise.resolve(new Secret('SECRET\nwith a line')) };
    expect(await ask({ ...settings, user: failing, tls: { caFile: '/no/such/ca' } })).toBe('unknown');
    expect(lines.join('')).toContain('no/such/ca');
    expect(lines.join('')).not.toMatch(/SECRET|127\.0\.0\.1/);
  });
});

describe('while a run works its alert is silent', () => {
  const lasts = 3000;
  let stream: Stream;
  let results: DeliveryResult[];
  const made: Notify[] = [];
  const stopAll = () => Promise.all(made.splice(0).map((notify) => notify.stop(1000)));
  beforeEach(async () => {
    await stopAll();
    [stream, results] = [new Stream(), []];
  });
  afterAll(stopAll);

  function notify(urls: readonly string[] = [one.url, two.url], during = lasts): Notify {
    const counted = (_: string, result: DeliveryResult) => void results.push(result);
    const settings = { receivers: [{ kind: 'silence' }], alertmanager: settingsOf(...urls) } as const;
    const times = { queue: { backoff: 20 }, silence: { lasts: during } };
    const one = createNotify(settings, { automation: stream, log: recordedLog().log, counted }, times);
    made.push(one);
    one.start();
    return one;
  }

  const silentAt = (at: Program) => until('a silence', async () => (await active(at))[0]);
  /** A delivery is counted once all peers have answered: later than the first of them shows the silence. */
  const told = (count: number) => until(`${count} to be told`, () => results.length === count);
  const over = (at: Program, within = 10_000) =>
    until('the silence to be over', async () => (await active(at)).length === 0, { within });

  it('from its start to its end, the one alert, by Lockstep, at both peers', async () => {
    notify(undefined, 60_000);
    stream.emit(eventOf('requested', running({ state: 'waiting', startedAt: undefined })));
    stream.emit(eventOf('started', running()));
    for (const at of [one, two]) {
      const silence = await silentAt(at);
      expect(silence.createdBy).toBe('lockstep');
      expect(silence.comment).toBe(
        `run ${running().id}: restart-replication is at work on production/db2; this ends by itself`,
      );
      expect(silence.matchers).toEqual(
        ['alertname', 'cluster', 'server'].map((name) => ({
          name,
          value: labels[name as keyof typeof labels],
          isRegex: false,
          isEqual: true,
        })),
      );
    }
    expect(await alertmanagerSilences(settingsOf(one.url), recordedLog().log).covers(labels, signal())).toBe('no');
    stream.emit(eventOf('ended', ended()));
    await Promise.all([over(one), over(two)]);
    await told(2);
    expect(results).toEqual(['delivered', 'delivered']);
  });

  it('renewed for as long as it works, one and the same silence', async () => {
    notify();
    stream.emit(eventOf('started', running()));
    const { id, endsAt } = await silentAt(one);
    await until('it to outlast its first end', () => Date.now() > Date.parse(endsAt) + 1000);
    const now = await active(one);
    expect(now.map((silence) => silence.id)).toEqual([id]);
    expect(Date.parse(now[0]?.endsAt ?? '')).toBeGreaterThan(Date.parse(endsAt));
    stream.emit(eventOf('ended', ended()));
    await over(one);
  });

  it('no longer than until it needs a human', async () => {
    notify(undefined, 60_000);
    stream.emit(eventOf('started', running()));
    await silentAt(two);
    stream.emit(eventOf('needs-human', running({ state: 'needs-human' })));
    await Promise.all([over(one), over(two)]);
  });

  it('what a Lockstep that died leaves behind ends by itself', async () => {
    const dead = notify();
    stream.emit(eventOf('started', running()));
    await silentAt(one);
    await dead.stop(0);
    expect(await active(one)).toHaveLength(1);
    await over(one);
  });

  it('a restarted Lockstep goes on with the silence of the one before, and ends it', async () => {
    const before = notify(undefined, 60_000);
    stream.emit(eventOf('started', running()));
    const { id } = await silentAt(one);
    await before.stop();
    stream.open = [running(), running({ id: 'stuck', state: 'needs-human' })];
    results = [];
    notify(undefined, 60_000);
    await until('it to be taken up', () => results.length === 1);
    expect((await active(one)).map((silence) => silence.id)).toEqual([id]);
    stream.emit(eventOf('ended', ended()));
    await over(one);
  });

  it('a peer that is gone does not matter', async () => {
    notify([gone, two.url], 60_000);
    stream.emit(eventOf('started', running()));
    await silentAt(two);
    stream.emit(eventOf('ended', ended()));
    await over(two);
    await told(2);
    expect(results).toEqual(['delivered', 'delivered']);
  });

  it('no Alertmanager at all: it is given up, and the end is tried for as long as a silence could last', async () => {
    notify([gone], 900);
    stream.emit(eventOf('started', running()));
    stream.emit(eventOf('ended', ended()));
    await until('both to be given up', () => results.length === 2);
    expect(results).toEqual(['delivered', 'gave-up']);
  });

  it('a run that no alert asked for silences nothing, and neither does one that never started', async () => {
    notify();
    stream.emit(eventOf('started', running({ trigger: { kind: 'person', by: 'local:alice' } })));
    stream.emit(eventOf('ended', running({ state: 'ended', startedAt: undefined, outcome: 'expired' })));
    stream.emit(eventOf('started', running({ id: 'of a cluster', parameters: { cluster: 'production' } })));
    const { matchers } = await silentAt(one);
    await told(1);
    expect(results).toEqual(['delivered']);
    expect(matchers.map(({ name }) => name)).toEqual(['alertname', 'cluster']);
  });
});
