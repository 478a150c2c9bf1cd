import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aPlan } from './automation.js';
import { openDesk } from './desk.js';

const wish = { procedure: 'restart-replication', parameters: { cluster: 'shop', server: 'db2' } };
const approval = { guard: 'approval', why: 'an operator must approve the plan', remedy: undefined } as const;

describe('POST /api/v1/runs', () => {
  it('asks for a run in the name of who sent it, and says where it is', async () => {
    const { call, automation } = await openDesk();
    const answer = await call('POST', '/api/v1/runs', { body: wish });
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/api/v1/runs/${String(answer.json['id'])}`);
    expect(automation.runs()).toMatchObject([
      { ...wish, mode: 'auto', trigger: { kind: 'person', by: 'the-operator' }, state: 'waiting' },
    ]);
    expect((await call('GET', answer.headers.location ?? '')).json).toMatchObject({ id: answer.json['id'] });
  });

  it('makes one run of a request that came twice, and none of a key with another wish', async () => {
    const { call, automation } = await openDesk();
    const headers = { 'Idempotency-Key': '0c1d' };
    const [first, second] = [
      await call('POST', '/api/v1/runs', { body: wish, headers }),
      await call('POST', '/api/v1/runs', { body: wish, headers }),
    ];
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.json['id']).toBe(first.json['id']);
    const other = { ...wish, parameters: { cluster: 'shop', server: 'db1' } };
    expect((await call('POST', '/api/v1/runs', { body: other, headers })).json).toMatchObject({
      status: 422,
      code: 'idempotency-key-reused',
      detail: `"0c1d" asked for another run: ${String(first.json['id'])}`,
    });
    expect(automation.runs()).toHaveLength(1);
    const malformed = await call('POST', '/api/v1/runs', { body: wish, headers: { 'Idempotency-Key': 'a b' } });
    expect(malformed.json).toMatchObject({ status: 400, code: 'idempotency-key-malformed' });
  });

  it.each([
    ['{"procedure"', 400, 'body-malformed', 'the body of 12 bytes is not JSON'],
    ['"text"', 422, 'body-invalid', 'expected object'],
    ['[]', 422, 'body-invalid', 'expected object'],
    [{}, 422, 'body-invalid', 'procedure: '],
    [{ ...wish, procedure: 'drop-everything' }, 422, 'body-invalid', 'procedure: '],
    [{ ...wish, force: true }, 422, 'body-invalid', '"force"'],
    [{ ...wish, mode: 'now' }, 422, 'body-invalid', 'mode: '],
    [{ ...wish, parameters: {} }, 422, 'body-invalid', 'parameters.cluster: '],
    [{ ...wish, parameters: { cluster: '../../etc' } }, 422, 'body-invalid', 'parameters.cluster: '],
    [{ ...wish, parameters: { cluster: 'shop', server: 1 } }, 422, 'body-invalid', 'parameters.server: '],
    [{ ...wish, parameters: { cluster: 'shop', 'x; DROP': 'y' } }, 422, 'body-invalid', 'parameters: '],
    [{ ...wish, parameters: { cluster: 'shop' } }, 422, 'parameters-invalid', 'restart-replication needs a server'],
    [{ ...wish, procedure: 'require-tls' }, 422, 'procedure-unknown', 'there is no require-tls'],
    ['x'.repeat(70_000), 413, 'body-too-large', 'the most is 65536 bytes'],
  ])('refuses %.90j', async (body, status, code, detail) => {
    const { call, automation } = await openDesk();
    const answer = await call('POST', '/api/v1/runs', { body });
    expect(answer.json).toMatchObject({ status, code });
    expect(answer.json['detail']).toContain(detail);
    expect(automation.runs()).toEqual([]);
  });

  it('reads only JSON that is sent as it is', async () => {
    const { call } = await openDesk();
    const body = JSON.stringify(wish);
    for (const headers of [
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      { 'Content-Encoding': 'gzip' },
      { 'Content-Type': 'application/json; charset=latin1' },
    ])
      expect((await call('POST', '/api/v1/runs', { body, headers })).json).toMatchObject({
        status: 415,
        code: 'media-type-unsupported',
      });
    expect((await call('POST', '/api/v1/runs')).json).toMatchObject({ status: 415, code: 'media-type-unsupported' });
  });

  it('survives whatever is sent, and runs nothing for it', async () => {
    const { call, automation } = await openDesk();
    const seed = Date.now();
    const hostile = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.record({ ...Object.fromEntries(['procedure', 'parameters', 'mode'].map((key) => [key, fc.anything()])) }),
      fc.constant('{"__proto__":{"mode":"auto"},"procedure":"restart-replication","parameters":{"cluster":"shop"}}'),
      fc.constant(`{"procedure":"restart-replication","parameters":{"cluster":"shop","__proto__":"x"}}`),
      fc.nat(5000).map((depth) => '['.repeat(depth)),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (given) => {
        const body = typeof given === 'string' ? given : (JSON.stringify(given, plainly) as string | undefined);
        const answer = await call('POST', '/api/v1/runs', { body: body ?? '' });
        expect(answer.status, `${body} (seed ${seed})`).toBeGreaterThanOrEqual(400);
        expect(answer.status, `${body} (seed ${seed})`).toBeLessThan(500);
      }),
      { numRuns: 80, seed },
    );
    expect(automation.runs()).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('mode');
  });
});

function plainly(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : value;
}

describe('GET /api/v1/runs', () => {
  it('lists the newest first, and what was asked for', async () => {
    const { call, automation } = await openDesk();
    const ids: string[] = [];
    for (const cluster of ['shop', 'shop', 'other'])
      ids.push(
        String(
          (await call('POST', '/api/v1/runs', { body: { ...wish, parameters: { cluster, server: 'db2' } } })).json[
            'id'
          ],
        ),
      );
    automation.end(ids[0] ?? '', 'succeeded', 'mended');
    const listed = async (query: string) =>
      ((await call('GET', `/api/v1/runs${query}`, { as: 'viewer' })).json['runs'] as { id: string }[]).map(
        ({ id }) => id,
      );
    expect(await listed('')).toEqual([...ids].reverse());
    expect(await listed('?open=true')).toEqual([ids[2], ids[1]]);
    expect(await listed('?cluster=shop&limit=1')).toEqual([ids[1]]);
    for (const query of ['?limit=0', '?limit=x', '?open=maybe', '?colour=red', '?cluster=a&cluster=b'])
      expect((await call('GET', `/api/v1/runs${query}`)).json).toMatchObject({ status: 400, code: 'query-invalid' });
  });

  it('tells which alert asked for one', async () => {
    const { call, automation } = await openDesk();
    const labels = { alertname: 'ReplicationStopped', cluster: 'shop', server: 'db2', __proto__x: '<b>' };
    const trigger = { kind: 'alert', alertname: 'ReplicationStopped', fingerprint: 'f', labels, startsAt: '2026-11-28T15:22:33Z', by: 'am' } as const; // prettier-ignore
    await automation.request({ ...wish, procedure: 'restart-replication', mode: 'approve', trigger });
    expect((await call('GET', '/api/v1/runs')).json).toMatchObject({ runs: [{ trigger }] });
  });

  it('tells everything of one run: its plan and its history', async () => {
    const { call, automation } = await openDesk();
    const id = String((await call('POST', '/api/v1/runs', { body: wish })).json['id']);
    expect((await call('GET', `/api/v1/runs/${id}`)).json['plan']).toBeUndefined();
    automation.start(id);
    automation.end(id, 'succeeded', 'the channel runs');
    expect((await call('GET', `/api/v1/runs/${id}`, { as: 'viewer' })).json).toMatchObject({
      id,
      state: 'ended',
      outcome: 'succeeded',
      plan: { digest: aPlan.digest, text: aPlan.text },
      history: [{ type: 'requested' }, { type: 'started' }, { type: 'ended', sentence: 'the channel runs' }],
    });
    expect((await call('GET', '/api/v1/runs/none')).json).toMatchObject({ status: 404, code: 'run-unknown' });
    expect((await call('GET', '/api/v1/runs/..%2f..')).json).toMatchObject({ status: 404, code: 'run-unknown' });
  });
});

describe('what an operator does with a run', () => {
  it('approves the plan that was seen, and no other', async () => {
    const { call, automation } = await openDesk();
    const id = String((await call('POST', '/api/v1/runs', { body: { ...wish, mode: 'approve' } })).json['id']);
    const approve = (body?: unknown) => call('POST', `/api/v1/runs/${id}/approve`, { body });
    expect((await approve()).json).toMatchObject({ status: 409, code: 'not-waiting-for-approval' });
    automation.wait(id, approval);
    expect((await approve({ digest: 'e'.repeat(64) })).json).toMatchObject({ status: 409, code: 'plan-changed' });
    expect((await approve({ digest: 'short' })).json).toMatchObject({ status: 422, code: 'body-invalid' });
    expect((await approve({ digest: aPlan.digest })).json).toMatchObject({
      approval: { by: 'the-operator', digest: aPlan.digest },
    });
  });

  it('approves without a body what the run has now', async () => {
    const { call, automation } = await openDesk();
    const id = String((await call('POST', '/api/v1/runs', { body: wish })).json['id']);
    automation.wait(id, approval);
    expect((await call('POST', `/api/v1/runs/${id}/approve`)).json).toMatchObject({ approval: { by: 'the-operator' } });
  });

  it('aborts, resumes and abandons', async () => {
    const { call, automation } = await openDesk();
    const id = String((await call('POST', '/api/v1/runs', { body: wish })).json['id']);
    const act = (what: string, body?: unknown) => call('POST', `/api/v1/runs/${id}/${what}`, { body });
    expect((await act('resume')).json).toMatchObject({ status: 409, code: 'not-needing-human' });
    expect((await act('abandon', { reason: 'done by hand' })).json).toMatchObject({ code: 'not-needing-human' });
    expect((await act('abandon', {})).json).toMatchObject({ status: 422, code: 'body-invalid' });
    expect((await act('abandon', { reason: 'two\nlines' })).json).toMatchObject({ code: 'body-invalid' });
    automation.move(id, { state: 'needs-human' }, 'needs-human', 'db1 cannot be asked');
    expect((await act('resume')).json).toMatchObject({ state: 'running' });
    automation.move(id, { state: 'needs-human' }, 'needs-human', 'db1 cannot be asked');
    expect((await act('abandon', { reason: 'done by hand' })).json).toMatchObject({
      outcome: 'abandoned',
      why: 'the-operator: done by hand',
    });
    expect((await act('abort')).json).toMatchObject({ status: 409, code: 'run-ended' });
    expect((await call('POST', '/api/v1/runs/none/abort')).json).toMatchObject({ status: 404, code: 'run-unknown' });
  });
});

describe('POST /api/v1/plans', () => {
  it('says what would be done', async () => {
    const { call, automation } = await openDesk();
    expect((await call('POST', '/api/v1/plans', { body: wish })).json).toMatchObject({ ...wish, text: aPlan.text });
    expect((await call('POST', '/api/v1/plans', { body: { ...wish, mode: 'auto' } })).json).toMatchObject({
      code: 'body-invalid',
    });
    expect(automation.runs()).toEqual([]);
  });
});
