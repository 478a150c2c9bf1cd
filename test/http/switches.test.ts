import { expect, it } from 'vitest';
import { openDesk } from './desk.js';

it('everything is paused, and each cluster with it; one cluster alone as well', async () => {
  const { call, automation } = await openDesk();
  expect((await call('GET', '/api/v1/pause')).json).toEqual({ paused: false, pauses: [] });
  const body = { paused: true, reason: 'storage is being moved' };
  const pause = { by: 'the-operator', reason: 'storage is being moved', since: automation.now };
  expect((await call('PUT', '/api/v1/pause', { body })).json).toEqual({ paused: true, pauses: [pause] });
  expect((await call('GET', '/api/v1/pause/shop')).json).toEqual({ paused: true, pauses: [pause] });
  await call('PUT', '/api/v1/pause/shop', { body });
  expect((await call('PUT', '/api/v1/pause', { body: { paused: false } })).json).toEqual({
    paused: false,
    pauses: [{ ...pause, cluster: 'shop' }],
  });
  expect((await call('PUT', '/api/v1/pause/shop', { body: { paused: false } })).json).toEqual({
    paused: false,
    pauses: [],
  });
});

it.each([
  [{}, 'paused'],
  [{ paused: true }, 'reason'],
  [{ paused: true, reason: '' }, 'reason'],
  [{ paused: true, reason: 'a\u001b[2Jb' }, 'reason'],
  [{ paused: false, reason: 'why' }, '"reason"'],
  [{ paused: 'yes', reason: 'why' }, 'paused'],
])('a pause is not %j', async (body, word) => {
  const { call, automation } = await openDesk();
  const answer = await call('PUT', '/api/v1/pause', { body });
  expect(answer.json).toMatchObject({ status: 422, code: 'body-invalid' });
  expect(answer.json['detail']).toContain(word);
  expect(automation.pauses()).toEqual([]);
});

it('a server is in downtime from now on, for as long as was said', async () => {
  const { call, automation } = await openDesk();
  const began = Date.now();
  const body = { down: true, seconds: 7200, reason: 'disk swap' };
  const answer = await call('PUT', '/api/v1/downtime/shop/db2', { body });
  expect(answer.json).toMatchObject({ down: true, downtime: { cluster: 'shop', server: 'db2', reason: 'disk swap' } });
  const [{ until } = { until: 0 }] = automation.downtimes();
  expect(until).toBeGreaterThanOrEqual(began + 7_200_000);
  expect(until).toBeLessThanOrEqual(Date.now() + 7_200_000);
  expect((await call('GET', '/api/v1/downtime')).json['downtimes']).toHaveLength(1);
  expect((await call('GET', '/api/v1/downtime/shop/db1')).json).toEqual({ down: false });
  expect((await call('PUT', '/api/v1/downtime/shop/db2', { body: { down: false } })).json).toEqual({ down: false });
  for (const seconds of [0, -1, 1.5, 32 * 86_400, '2h'])
    expect((await call('PUT', '/api/v1/downtime/shop/db2', { body: { ...body, seconds } })).json).toMatchObject({
      code: 'body-invalid',
    });
  expect(automation.downtimes()).toEqual([]);
});

it('only what is configured can be switched, and acknowledged', async () => {
  const { call, automation } = await openDesk();
  const pause = { body: { paused: false } };
  expect((await call('PUT', '/api/v1/pause/elsewhere', pause)).json).toMatchObject({
    status: 404,
    code: 'cluster-unknown',
  });
  expect((await call('GET', '/api/v1/pause/constructor')).json).toMatchObject({ status: 404, code: 'cluster-unknown' });
  const down = { body: { down: false } };
  expect((await call('PUT', '/api/v1/downtime/shop/db9', down)).json).toMatchObject({
    status: 404,
    code: 'server-unknown',
  });
  expect((await call('POST', '/api/v1/clusters/elsewhere/acknowledge')).json).toMatchObject({
    code: 'cluster-unknown',
  });
  expect((await call('POST', '/api/v1/clusters/shop/acknowledge')).json).toEqual({
    cluster: 'shop',
    by: 'the-operator',
  });
  expect(automation.acknowledged).toEqual(['shop the-operator']);
});
