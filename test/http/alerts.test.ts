import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:net';
import { hashSync } from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { LockstepError } from '../../src/base/errors.js';
import { Secret } from '../../src/base/secret.js';
import { readSecret } from '../../src/config/secrets.js';
import type { HttpSettings, RoleName } from '../../src/http/settings.js';
import { RecordingAutomation } from '../intake/recording.js';
import { alert, intake, payload } from '../intake/scene.js';
import { ask, basic, problemOf, send, type Answer } from './ask.js';
import { MemoryAutomation } from './automation.js';
import { authority, contents } from './certificates.js';
import { checkDescribed } from './described.js';
import { listen } from './listener.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-alerts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const token = (name: string, role: RoleName) => ({ name, role, read: () => Promise.resolve(new Secret(`${name}-secret`)) }); // prettier-ignore
const tokens = [token('am', 'alertmanager'), token('ops', 'operator'), token('eyes', 'viewer')];
const json = { 'Content-Type': 'application/json' };
const bearer = (given: string) => ({ ...json, Authorization: `Bearer ${given}` });
const ours = alert({ procedure: 'restart-replication', cluster: 'shop', server: 'db1' });
const body = JSON.stringify(payload([ours]));

async function webhook(settings: Partial<HttpSettings> = { tokens }, automation = new RecordingAutomation()) {
  const made = intake({ automation });
  const { url } = await listen(settings, { automation: () => new MemoryAutomation(), alerts: made.intake });
  const address = `${url}/api/v1/alerts`;
  const deliver = async (headers: Readonly<Record<string, string>>, given = body): Promise<Answer> => {
    const answer = await send(address, given, { headers });
    checkDescribed('POST', '/api/v1/alerts', answer);
    return answer;
  };
  return { ...made, automation, url: address, deliver };
}

describe('POST /api/v1/alerts', () => {
  it('answers 202 with what became of each alert', async () => {
    const { deliver, automation, counted } = await webhook();
    const answer = await deliver(bearer('am-secret'), JSON.stringify(payload([ours, 'nonsense'])));
    expect([answer.status, answer.headers['content-type']]).toEqual([202, 'application/json; charset=utf-8']);
    expect(JSON.parse(answer.text)).toEqual({
      alerts: [
        { result: 'accepted', fingerprint: '0123456789abcdef', run: 'run-1' },
        { result: 'rejected', reason: 'alert-malformed' },
      ],
    });
    expect(automation.requests).toMatchObject([{ trigger: { by: 'am' } }]);
    expect(counted).toEqual(['accepted', 'rejected']);
  });

  it('takes a group of thousands', async () => {
    const { deliver, automation } = await webhook();
    const text = 'x'.repeat(600);
    const group = JSON.stringify(payload(Array.from({ length: 4000 }, () => ({ ...ours, annotations: { text } }))));
    expect(group.length).toBeGreaterThan(3_000_000);
    expect((await deliver(bearer('am-secret'), group)).status).toBe(202);
    expect(automation.requests).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{', json, 400, 'body-malformed', 'malformed'],
    ['depth', '['.repeat(1_000_000), json, 400, 'body-malformed', 'malformed'],
    ['another version', '{"version":"5","alerts":[]}', json, 400, 'payload-malformed', 'malformed'],
    ['a form', 'version=4', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415, 'media-type-unsupported', 'malformed'],
    ['too much', ' '.repeat(4 * 1024 * 1024 + 1), json, 413, 'body-too-large', 'too-large'],
  ])('refuses %s', async (_, given, headers, status, code, reason) => {
    const { deliver, automation, counted, lines } = await webhook();
    const answer = await deliver({ ...bearer('am-secret'), ...headers }, given);
    expect(answer.status).toBe(status);
    expect(problemOf(answer)).toMatchObject({ status, code, remedy: expect.stringMatching(/\.$/) as string });
    expect(automation.requests).toEqual([]);
    expect(counted).toEqual([reason]);
    expect(lines).toHaveLength(1);
  }); // prettier-ignore

  it('answers 503 when an alert did not become durable', async () => {
    const full = new RecordingAutomation(() => {
      throw new LockstepError('journal-full', 'no room on the disk');
    });
    const { deliver, counted, lines } = await webhook({ tokens }, full);
    const answer = await deliver(bearer('am-secret'));
    expect(problemOf(answer)).toMatchObject({
      status: 503,
      code: 'not-durable',
      detail: 'the alerts could not be made durable: no room on the disk',
    });
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(counted).toEqual(['not-durable']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reason: 'not-durable', from: '127.0.0.1' });
  });

  it('never redirects, and is at one address with one method', async () => {
    const { url, automation } = await webhook();
    const options = { headers: bearer('ops-secret') };
    for (const other of [`${url}/`, `${url}//`, url.replace('alerts', 'Alerts'), url.replace('/api', '//api')])
      expect([other, (await send(other, body, options)).status]).toEqual([other, 404]);
    for (const method of ['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
      const answer = await ask(url, { ...options, method });
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'POST']);
    }
    expect(automation.requests).toEqual([]);
  });
});

describe('the webhook is not there', () => {
  it('without anything that may act', async () => {
    const { url } = await listen({ tokens });
    const answer = await send(`${url}/api/v1/alerts`, body, { headers: bearer('am-secret') });
    expect(problemOf(answer)).toMatchObject({ status: 404, code: 'not-found', remedy: 'Configure `journal: { directory: … }` to have it.' }); // prettier-ignore
  });

  it('without authentication', async () => {
    const { deliver, automation, counted } = await webhook({ tokens: [] });
    for (const headers of [json, bearer('am-secret')])
      expect(problemOf(await deliver(headers))).toMatchObject({ status: 404, code: 'not-found' });
    expect(automation.requests).toEqual([]);
    expect(counted).toEqual([]);
  });
});

describe('who delivers', () => {
  it('may be Alertmanager or an operator, and nobody else', async () => {
    const { deliver, automation, counted } = await webhook();
    expect((await deliver(bearer('am-secret'))).status).toBe(202);
    expect((await deliver(bearer('ops-secret'))).status).toBe(202);
    expect(automation.requests).toHaveLength(2);
    const viewer = await deliver(bearer('eyes-secret'));
    expect(problemOf(viewer)).toMatchObject({ status: 403, code: 'forbidden', detail: '"eyes" has the role viewer, this needs alertmanager or operator' }); // prettier-ignore
    for (const headers of [
      json,
      bearer('am-secre'),
      bearer('AM-secret'),
      bearer('x'),
      { ...json, Authorization: 'Basic YW06YW0tc2VjcmV0' },
    ])
      expect([401, 429]).toContain((await deliver(headers)).status);
    expect(automation.requests).toHaveLength(2);
    expect(counted.slice(2)).toEqual(['forbidden', ...Array.from({ length: 5 }, () => 'unauthenticated')]);
  });

  it('is known by two tokens while one replaces the other', async () => {
    const file = (name: string, value: string) => {
      const at = path.join(folder, name);
      writeFileSync(at, `${value}\n`, { mode: 0o600 });
      return { name, role: 'alertmanager' as const, read: () => readSecret({ from: 'file', path: at }), at };
    };
    const [old, next] = [file('am-old', 'one'), file('am-new', 'two')];
    const { deliver, automation } = await webhook({ tokens: [old, next] });
    const status = async (given: string) => (await deliver(bearer(given))).status;
    expect([await status('one'), await status('two')]).toEqual([202, 202]);
    expect(automation.requests.map(({ trigger }) => trigger.by)).toEqual(['am-old', 'am-new']);
    // The file of the old one becomes empty, then is removed: the new one goes on.
    writeFileSync(old.at, '');
    expect([await status('one'), await status('two')]).toEqual([401, 202]);
    rmSync(old.at);
    expect([await status('one'), await status('two')]).toEqual([401, 202]);
    writeFileSync(next.at, 'three');
    expect([await status('two'), await status('three')]).toEqual([401, 202]);
    chmodSync(next.at, 0o644);
    expect(await status('three')).toBe(401);
  });

  it('may be a user with a password', async () => {
    const users = [
      { name: 'alertmanager', hash: new Secret(hashSync('wonderland', 4)) },
      { name: 'prometheus', hash: new Secret(hashSync('fire', 4)) },
    ];
    const roles = [{ subject: 'alertmanager', role: 'alertmanager' as const }];
    const { deliver, automation } = await webhook({ web: { tls: undefined, headers: [], users }, roles });
    const status = async (user: string, password: string) =>
      (await deliver({ ...json, Authorization: basic(user, password) })).status;
    expect(await status('alertmanager', 'wonderland')).toBe(202);
    expect(await status('alertmanager', 'fire')).toBe(401);
    expect(await status('prometheus', 'fire')).toBe(403);
    expect(automation.requests.map(({ trigger }) => trigger.by)).toEqual(['alertmanager']);
  });

  it('may be a client certificate', async () => {
    const ca = authority();
    try {
      const own = ca.issue('own', 'lockstep', 'IP:127.0.0.1');
      const tls = { certFile: own.cert, keyFile: own.key, clientAuth: 'verify-if-given', clientCaFile: ca.ca, clientAllowedSans: [], minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', cipherSuites: [], preferServerCipherSuites: true, curves: [] } as const; // prettier-ignore
      const roles = [{ subject: 'CN=am-1', role: 'alertmanager' as const }];
      const { url, automation } = await webhook({ web: { tls, headers: [], users: [] }, roles });
      const status = async (name?: string) => {
        const pair = name === undefined ? {} : contents(ca.issue(name, name, 'DNS:am'));
        const { ca: trusted } = { ca: contents({ cert: ca.ca, key: ca.ca }).cert };
        return (await send(url, body, { ca: trusted, ...pair, headers: json })).status;
      };
      expect([await status('am-1'), await status('am-2'), await status()]).toEqual([202, 403, 401]);
      expect(automation.requests.map(({ trigger }) => trigger.by)).toEqual(['CN=am-1']);
    } finally {
      ca.end();
    }
  });

  it('is not a page of another site with the password that a browser remembers', async () => {
    const { deliver, automation, counted } = await webhook();
    const answer = await deliver({ ...bearer('ops-secret'), Origin: 'https://evil.example' });
    expect(problemOf(answer)).toMatchObject({ status: 403, code: 'cross-origin' });
    expect([automation.requests, counted]).toEqual([[], ['forbidden']]);
  });
});

describe('who is not let in', () => {
  it('is answered before the body, of which not a byte is kept', async () => {
    const { url, automation } = await webhook();
    const head = `POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    // The body never comes: whoever waited for it would never answer.
    expect(await firstLine(url, `${head}Authorization: Bearer guess\r\n\r\n`)).toBe('HTTP/1.1 401 Unauthorized');
    expect(await firstLine(url, `${head}Authorization: Bearer eyes-secret\r\n\r\n`)).toBe('HTTP/1.1 403 Forbidden');
    expect(await firstLine(url, head.replace(/\d+\r\n$/, '99999999\r\n') + 'Authorization: Bearer am-secret\r\n\r\n')).toBe('HTTP/1.1 413 Payload Too Large'); // prettier-ignore
    expect(automation.requests).toEqual([]);
  });

  it('learns nothing by sending without end', async () => {
    const { url } = await webhook();
    const { sent, answer } = await flood(url, '');
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    // What the kernel's buffers hold comes on top of what is read.
    expect(sent).toBeLessThan(40 * 1024 * 1024);
  });
});

describe('who is let in', () => {
  it('and sends without end is cut off', async () => {
    const { url, counted } = await webhook();
    const { sent, answer } = await flood(url, 'Authorization: Bearer am-secret\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(40 * 1024 * 1024);
    expect(counted).toEqual(['too-large']);
  });

  it.each([
    ['the head', 'POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\n', 'X-More: x\r\n'],
    ['the body', 'POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer am-secret\r\nContent-Length: 100000\r\n\r\n', ' '],
  ])('and sends %s drop by drop is cut off', async (_, first, drop) => {
    const made = intake();
    const patience = { headers: 300, request: 600, check: 50 };
    const { url } = await listen({ tokens }, { automation: () => new MemoryAutomation(), alerts: made.intake }, systemClock, patience);
    const socket = dial(url);
    const answer = readAll(socket);
    socket.write(first);
    const drops = setInterval(() => socket.write(drop), 20);
    expect(await answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
    clearInterval(drops);
    expect(made.automation.requests).toEqual([]);
    // Whoever comes next is served.
    expect((await send(`${url}/api/v1/alerts`, body, { headers: bearer('am-secret') })).status).toBe(202);
  }); // prettier-ignore

  it('and goes away in the middle leaves no error behind', async () => {
    const { url, deliver, lines, automation } = await webhook();
    const socket = dial(url);
    socket.write(`POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer am-secret\r\nContent-Length: 100\r\n\r\n{`); // prettier-ignore
    await new Promise((next) => setImmediate(next));
    socket.destroy();
    expect((await deliver(bearer('am-secret'))).status).toBe(202);
    expect([lines, automation.requests.length]).toEqual([[], 1]);
  });
});

function dial(url: string) {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  return socket;
}

async function firstLine(url: string, request: string): Promise<string> {
  const socket = dial(url);
  socket.write(request);
  const line = await new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.includes('\r\n')) resolve(text.slice(0, text.indexOf('\r\n')));
    });
    socket.once('close', () => resolve('closed'));
  });
  socket.destroy();
  return line;
}

function readAll(socket: ReturnType<typeof dial>): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

/** Sends a body that never ends, as fast as it is taken, until the other side hangs up. */
async function flood(url: string, header: string): Promise<{ readonly sent: number; readonly answer: string }> {
  const socket = dial(url);
  const answer = readAll(socket);
  socket.write(`POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${header}Transfer-Encoding: chunked\r\n\r\n`); // prettier-ignore
  const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
  let sent = 0;
  const more = (): void => {
    while (!socket.destroyed && socket.writable) {
      sent += 65_536;
      if (!socket.write(chunk)) break;
    }
  };
  socket.on('drain', more);
  more();
  return { answer: await answer, sent };
}
