import { afterAll, describe, expect, it } from 'vitest';
import { deadline, DeadlineError } from '../../src/base/deadline.js';
import { LockstepError } from '../../src/base/errors.js';
import { exchange, type Request } from '../../src/base/exchange.js';
import { Scope } from '../../src/base/scope.js';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { authority, contents } from '../http/certificates.js';
import { answers, listen } from '../notify/listener.js';

const scope = new Scope();
const ours = authority();
const theirs = authority();
afterAll(async () => {
  await scope.end();
  ours.end();
  theirs.end();
});

const secretPath = '/services/T000/SECRET-PATH';

function ask(url: string, more: Partial<Request> = {}) {
  return exchange({ method: 'POST', url, body: 'é', signal: AbortSignal.timeout(10_000), ...more });
}

/** What it fails with; nothing of the address may stand anywhere in it. */
async function refusal(url: string, more: Partial<Request> = {}): Promise<Error> {
  const error: unknown = await ask(url, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('it did not fail');
  const all = inspect(error, { depth: 10, showHidden: true });
  for (const hidden of [secretPath, 'SECRET', new URL(url).hostname, new URL(url).port].filter((part) => part !== ''))
    expect(all).not.toContain(hidden);
  return error;
}

it('sends a body with its length in bytes and gives the whole answer', async () => {
  const listener = await listen(scope, answers(201, { 'x-kind': 'real' }, 'grüezi'));
  const answer = await ask(listener.url + secretPath, { headers: { 'content-type': 'text/plain' } });
  expect(answer).toMatchObject({ status: 201, text: 'grüezi', headers: { 'x-kind': 'real' } });
  expect(listener.received).toMatchObject([
    { method: 'POST', path: secretPath, body: 'é', headers: { 'content-length': '2', connection: 'close' } },
  ]);
});

it('does not follow a redirect', async () => {
  const elsewhere = await listen(scope, answers(200));
  const listener = await listen(scope, answers(307, { location: elsewhere.url }));
  expect((await ask(listener.url)).status).toBe(307);
  expect(elsewhere.received).toEqual([]);
});

describe('over TLS', () => {
  const names = 'IP:127.0.0.1';
  const of = async (issuer: typeof ours, subject = names) =>
    listen(scope, answers(200), contents(issuer.issue(`server-${Math.random()}`, 'hook', subject)));
  const ca = readFileSync(ours.ca);

  it('takes a certificate of the given authority', async () => {
    expect((await ask((await of(ours)).url, { tls: { ca } })).status).toBe(200);
  });

  it('refuses any other, even where the environment says that it need not be verified', async () => {
    const listener = await of(theirs);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const error = await refusal(listener.url + secretPath, { tls: { ca } });
      expect(error.message).toMatch(/its authority is not trusted/);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(listener.received).toEqual([]);
  });

  it('refuses one for another name', async () => {
    const error = await refusal((await of(ours, 'DNS:hook.example')).url + secretPath, { tls: { ca } });
    expect(error.message).toMatch(/for another name/);
  });

  it('refuses one that no authority of Node knows', async () => {
    expect((await refusal((await of(ours)).url)).message).toMatch(/not trusted|signed by itself/);
  });

  it('presents a certificate of its own', async () => {
    const pair = contents(ours.issue('server-mutual', 'hook', names));
    const own = contents(ours.issue('client', 'lockstep', 'DNS:lockstep'));
    const strict = { ...pair, ca, requestCert: true, rejectUnauthorized: true };
    const listener = await listen(scope, answers(200), strict);
    expect((await ask(listener.url, { tls: { ca, ...own } })).status).toBe(200);
    await refusal(listener.url + secretPath, { tls: { ca } });
    expect(listener.received.length).toBe(1);
  });
});

describe('failures tell nothing of the address', () => {
  it('nobody listens', async () => {
    const gone = new Scope();
    const { url } = await listen(gone, answers(200));
    await gone.end();
    expect((await refusal(url + secretPath)).message).toMatch(/ECONNREFUSED/);
  });

  it('no such name', async () => {
    expect(await refusal(`http://hook.SECRET.invalid${secretPath}`)).toMatchObject({ code: 'exchange-failed' });
  });

  it.each([`ftp://hook.example${secretPath}`, 'SECRET no address', `https://[${secretPath}`])(
    'no address: %s',
    async (url) => {
      const error: unknown = await ask(url).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(LockstepError);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/SECRET|hook/);
    },
  );

  it('an answer that breaks off', async () => {
    const listener = await listen(scope, (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 20);
    });
    expect((await refusal(listener.url + secretPath)).message).toMatch(/ECONNRESET/);
  });

  it('an answer that never ends is cut at the limit', async () => {
    const listener = await listen(scope, (_, response) => {
      response.writeHead(200);
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(10_000), () => setImmediate(more));
      };
      more();
    });
    expect(await refusal(listener.url + secretPath)).toMatchObject({ code: 'answer-too-large' });
  });

  it.each([
    ['no answer', () => undefined],
    [
      'an answer that trickles',
      (_: unknown, response: NodeJS.WritableStream) => {
        const timer = setInterval(() => response.write('x'), 20);
        response.once('close', () => clearInterval(timer));
      },
    ],
  ])('%s: the deadline ends it', async (_, behave) => {
    const listener = await listen(scope, behave);
    const limit = deadline(200);
    expect(await refusal(listener.url + secretPath, { signal: limit.signal })).toBeInstanceOf(DeadlineError);
    limit.clear();
  });

  it('nothing is sent when the time is over already', async () => {
    const listener = await listen(scope, answers(200));
    const over = AbortSignal.abort(new DeadlineError(1));
    expect(await refusal(listener.url + secretPath, { signal: over })).toBeInstanceOf(DeadlineError);
    expect(listener.received).toEqual([]);
  });
});
