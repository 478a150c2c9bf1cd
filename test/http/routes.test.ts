import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { ask, problemOf } from './ask.js';
import { listen, ports } from './listener.js';

describe('/', () => {
  it('lists clusters and servers with links, and nothing of it is markup', async () => {
    const hostile = { cluster: '<script>alert(1)</script>', server: `"'&`, address: { host: '<b>', port: 1 } };
    const { url } = await listen({}, { targets: () => [...ports.targets(), hostile] });
    const answer = await ask(`${url}/`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.text).toContain('<a href="/probe?target=shop/db1">');
    expect(answer.text).toContain('[2001:db8::2]:3307');
    expect(answer.text).toContain('&lt;script&gt;');
    expect(answer.text).not.toContain('<script');
    expect(answer.text).not.toContain('<b>');
  });

  it('forbids scripts and framing, says nothing of what serves it', async () => {
    const { url } = await listen();
    const { headers } = await ask(`${url}/`);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'cache-control': 'no-store' }); // prettier-ignore
    expect(headers['x-powered-by']).toBeUndefined();
  });

  it('takes the headers of the web configuration', async () => {
    const headers = [
      { name: 'X-Frame-Options', value: 'SAMEORIGIN' },
      { name: 'Strict-Transport-Security', value: 'max-age=1' },
    ];
    const { url } = await listen({ web: { tls: undefined, headers, users: [] } });
    expect((await ask(`${url}/metrics`)).headers).toMatchObject({
      'x-frame-options': 'SAMEORIGIN',
      'strict-transport-security': 'max-age=1',
    });
  });
});

describe('/metrics', () => {
  it('is text 0.0.4 by default, OpenMetrics when asked for', async () => {
    const { url } = await listen();
    const text = await ask(`${url}/metrics`);
    expect([text.text, text.headers['content-type']]).toEqual([
      '# metrics false\n',
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const open = await ask(`${url}/metrics`, { headers: { Accept: 'application/openmetrics-text;version=1.0.0' } });
    expect([open.text, open.headers['content-type']]).toEqual([
      '# metrics true\n',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ]);
  });

  it('is compressed when that is wanted and worth it', async () => {
    const long = 'mysql_up 1\n'.repeat(1000);
    const { url } = await listen({}, { metrics: () => Promise.resolve(long) });
    const zipped = await ask(`${url}/metrics`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(zipped.headers.vary).toContain('Accept-Encoding');
    expect(zipped.headers['content-length']).toBe(String(zipped.bytes.length));
    expect(gunzipSync(zipped.bytes).toString()).toBe(long);
    const plain = await ask(`${url}/metrics`, { headers: { 'Accept-Encoding': 'gzip;q=0, br' } });
    expect(plain.text).toBe(long);
    const { url: other } = await listen();
    const short = await ask(`${other}/metrics`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(short.headers['content-encoding']).toBeUndefined();
  });

  it('answers HEAD without a body', async () => {
    const { url } = await listen();
    const answer = await ask(`${url}/metrics`, { method: 'HEAD' });
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '16']);
  });
});

describe('/probe', () => {
  it('asks for the server and the collectors that are named', async () => {
    const { url } = await listen();
    expect((await ask(`${url}/probe?target=shop/db1`)).text).toBe('# probe shop/db1 all false\n');
    const query = 'target=shop%2Fdb2&collect[]=server&collect%5B%5D=replication&collect[]=server';
    expect((await ask(`${url}/probe?${query}`)).text).toBe('# probe shop/db2 server,replication false\n');
  });

  it.each([
    ['', 400, 'target-missing', 'the request names no target'],
    ['?target=', 400, 'target-missing', 'the request names no target'],
    ['?target=shop/db1&target=shop/db2', 400, 'target-missing', 'the request names 2 targets'],
    ['?target=db1', 404, 'target-unknown', '"db1" is no target: only servers that the configuration names'],
    ['?target=169.254.169.254:80', 404, 'target-unknown', '"169.254.169.254:80" is no target'],
    ['?target=shop/../shop/db1', 404, 'target-unknown', '"shop/../shop/db1" is no target'],
    ['?target=constructor/__proto__', 404, 'target-unknown', 'is no target'],
    ['?target=shop/db1%0a%00', 404, 'target-unknown', '"shop/db1\\n\\u0000" is no target'],
    ['?target=%ff%zz', 404, 'target-unknown', 'is no target'],
    [`?target=${'x'.repeat(5000)}`, 404, 'target-unknown', `"${'x'.repeat(120)}…" is no target`],
    [
      '?target=shop/db1&collect[]=serve',
      400,
      'collector-unknown',
      'collect[] names "serve"; there are server, replication',
    ],
    ['?target=shop/db1&collect[]=', 400, 'collector-unknown', 'collect[] names ""'],
  ])('refuses %s', async (query, status, code, detail) => {
    const asked: string[] = [];
    const { url } = await listen({}, { probe: (cluster) => (asked.push(cluster), Promise.resolve('')) });
    const answer = await ask(`${url}/probe${query}`);
    const problem = problemOf(answer);
    expect(answer.status).toBe(status);
    expect(problem).toMatchObject({ code, status, type: `urn:lockstep:problem:${code}` });
    expect(problem['detail']).toContain(detail);
    expect(problem['remedy']).toEqual(expect.stringMatching(/\.$/));
    expect(asked).toEqual([]);
  });

  it('gives up a little before the scraper does', async () => {
    let budget = 0;
    const { url } = await listen(
      {},
      {
        probe: (_cluster, _server, { signal }) =>
          new Promise((_, reject) => {
            const start = performance.now();
            signal.addEventListener('abort', () => {
              budget = performance.now() - start;
              reject(new Error('a driver error that comes of it'));
            });
          }),
      },
    );
    const headers = { 'X-Prometheus-Scrape-Timeout-Seconds': '0.6' };
    const answer = await ask(`${url}/probe?target=shop/db1`, { headers });
    expect(answer.status).toBe(504);
    expect(problemOf(answer)).toMatchObject({ code: 'scrape-timeout', detail: 'there was no answer within 0.35 s' });
    expect(budget).toBeGreaterThan(300);
  });

  it('leaves time to tell what is known once the signal has aborted', async () => {
    const { url } = await listen(
      { scrapeTimeoutSeconds: 0.2 },
      {
        probe: (_cluster, _server, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => setTimeout(() => resolve('mysql_up 0\n'), 5));
          }),
      },
    );
    const answer = await ask(`${url}/probe?target=shop/db1`);
    expect([answer.status, answer.text]).toEqual([200, 'mysql_up 0\n']);
  });

  it('does not wait for a port that ignores its signal', async () => {
    const { url } = await listen({ scrapeTimeoutSeconds: 0.05 }, { probe: () => new Promise(() => undefined) });
    expect((await ask(`${url}/probe?target=shop/db1`)).status).toBe(504);
  });

  it.each(['0', '-1', 'ten', '1e9', ''])('refuses the timeout %j', async (given) => {
    const { url } = await listen();
    const answer = await ask(`${url}/probe?target=shop/db1`, {
      headers: { 'X-Prometheus-Scrape-Timeout-Seconds': given },
    });
    expect(problemOf(answer)).toMatchObject({ status: 400, code: 'scrape-timeout-malformed' });
  });

  it('tells the collectors when the scraper hangs up', async () => {
    let aborted = (): void => undefined;
    const end = new Promise<void>((resolve) => (aborted = resolve));
    let reached = (): void => undefined;
    const begun = new Promise<void>((resolve) => (reached = resolve));
    const { url } = await listen(
      {},
      {
        probe: (_cluster, _server, { signal }) => {
          signal.addEventListener('abort', aborted);
          reached();
          return new Promise(() => undefined);
        },
      },
    );
    const hangUp = new AbortController();
    const asked = ask(`${url}/probe?target=shop/db1`, { signal: hangUp.signal });
    await begun;
    hangUp.abort();
    await expect(asked).rejects.toThrow();
    await end;
  });

  it('answers one scrape while another hangs', async () => {
    const { url } = await listen(
      {},
      { probe: (_, server) => (server === 'db1' ? new Promise(() => undefined) : Promise.resolve('# db2\n')) },
    );
    const hanging = ask(`${url}/probe?target=shop/db1`, { headers: { 'X-Prometheus-Scrape-Timeout-Seconds': '1' } });
    expect((await ask(`${url}/probe?target=shop/db2`)).text).toBe('# db2\n');
    expect((await hanging).status).toBe(504);
  });

  it('shows nothing of an error that nobody expected', async () => {
    const { url } = await listen({}, { probe: () => Promise.reject(new Error('hunter2')) });
    const answer = await ask(`${url}/probe?target=shop/db1`);
    expect(problemOf(answer)).toMatchObject({ status: 500, code: 'internal' });
    expect(answer.text).not.toContain('hunter2');
  });
});

describe('/sd', () => {
  it('leads Prometheus to the probes without relabelling', async () => {
    const { url } = await listen();
    const { host } = new URL(url);
    const answer = await ask(`${url}/sd`);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(answer.text)).toEqual([
      {
        targets: [host],
        labels: {
          __metrics_path__: '/probe',
          __param_target: 'shop/db1',
          __meta_lockstep_cluster: 'shop',
          __meta_lockstep_server: 'db1',
          __meta_lockstep_address: '192.0.2.1:3306',
          instance: 'shop/db1',
          lockstep: host,
        },
      },
      expect.objectContaining({
        labels: expect.objectContaining({ __meta_lockstep_address: '[2001:db8::2]:3307' }) as unknown,
      }),
    ]);
  });

  it('names itself as it was reached, and does not echo what is no host', async () => {
    const { url } = await listen();
    const targetOf = async (host: string) =>
      (JSON.parse((await ask(`${url}/sd`, { headers: { Host: host } })).text) as { targets: string[] }[])[0]?.targets;
    expect(await targetOf('lockstep.example:443')).toEqual(['lockstep.example:443']);
    expect(await targetOf('a"b<c')).toEqual(['127.0.0.1:0']);
  });
});

describe('/role', () => {
  it('is 200 for the primary alone', async () => {
    const { url } = await listen();
    const primary = await ask(`${url}/role/shop/db1`);
    expect([primary.status, JSON.parse(primary.text)]).toEqual([
      200,
      { cluster: 'shop', server: 'db1', role: 'primary' },
    ]);
    const replica = await ask(`${url}/role/shop/db2`);
    expect(replica.status).toBe(503);
    expect(problemOf(replica)).toMatchObject({ code: 'not-primary', role: 'replica', detail: 'shop/db2 is replica' });
    expect((await ask(`${url}/role/shop/db1`, { method: 'HEAD' })).status).toBe(200);
  });

  it.each(['/role/shop/db9', '/role/shop/db1%2f', '/role/a%20b/db1'])('is 404 for %s', async (path) => {
    const { url } = await listen();
    expect(problemOf(await ask(url + path))).toMatchObject({ status: 404, code: 'target-unknown' });
  });
});

describe('the life cycle', () => {
  it('tells healthy from ready', async () => {
    const { url } = await listen({}, { ready: () => ({ ready: false, reason: 'the first looks are under way' }) });
    expect((await ask(`${url}/-/healthy`)).text).toBe('healthy\n');
    expect(problemOf(await ask(`${url}/-/ready`))).toMatchObject({
      status: 503,
      code: 'not-ready',
      detail: 'the first looks are under way',
    });
    const { url: other } = await listen();
    expect((await ask(`${other}/-/ready`)).text).toBe('ready\n');
  });

  it('has no reload while nobody can be told apart', async () => {
    let reloads = 0;
    const { url } = await listen({}, { reload: () => ((reloads += 1), Promise.resolve({ reloaded: true })) });
    for (const method of ['POST', 'GET', 'PUT']) {
      const answer = await ask(`${url}/-/reload`, { method });
      expect(problemOf(answer)).toMatchObject({ status: 404, code: 'not-found' });
    }
    expect(reloads).toBe(0);
  });
});

describe('anything else', () => {
  it.each([
    ['GET', '/nothing', 404, 'not-found'],
    ['GET', '/metrics/', 404, 'not-found'],
    ['GET', '/METRICS', 404, 'not-found'],
    ['GET', '//metrics', 404, 'not-found'],
    ['POST', '/metrics', 405, 'method-not-allowed'],
    ['DELETE', '/probe?target=shop/db1', 405, 'method-not-allowed'],
    ['OPTIONS', '/role/shop/db1', 405, 'method-not-allowed'],
    ['POST', '/', 405, 'method-not-allowed'],
    ['GET', '/role/%zz/db1', 400, 'malformed-request'],
  ])('%s %s is %d', async (method, path, status, code) => {
    const { url } = await listen();
    const answer = await ask(url + path, { method });
    expect(problemOf(answer)).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.allow).toBe('GET, HEAD');
  });

  it('survives what is no HTTP', async () => {
    const { url } = await listen();
    const { hostname, port } = new URL(url);
    const said = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write('\x16\x03\x01\x00\x05hello\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.once('close', () => resolve(text));
      socket.once('error', reject);
    });
    expect(said).toMatch(/^HTTP\/1.1 400 /);
    expect((await ask(`${url}/-/healthy`)).status).toBe(200);
  });
});

describe('every answer', () => {
  it('is told with the pattern of its route, never with the path that was asked for', async () => {
    const told: [string, number][] = [];
    const { url } = await listen({}, { answered: (route, status) => void told.push([route, status]) });
    for (const path of ['/-/healthy', '/role/shop/db2', '/no/such/page', '/probe'])
      await (await fetch(`${url}${path}`)).arrayBuffer();
    await vi.waitFor(() => expect(told).toHaveLength(4));
    expect(told.map(([route]) => route)).toEqual(['/-/healthy', '/role/:cluster/:server', 'other', '/probe']);
    expect(told.map(([, status]) => status)).toEqual([200, 503, 404, 400]);
  });
});
