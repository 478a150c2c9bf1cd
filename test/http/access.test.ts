import { describe, expect, it } from 'vitest';
import { allApiRoutes } from '../../src/http/api-routes.js';
import { MemoryAutomation } from './automation.js';
import { openDesk } from './desk.js';

const places = allApiRoutes.map(({ method, path, who, automation }) => ({
  method: method.toUpperCase(),
  path: path.replace('{cluster}', 'shop').replace('{server}', 'db1').replace('{id}', 'some-run'),
  who,
  automation: automation === true,
}));

describe('routes that act', () => {
  const acting = places.filter(({ who }) => who === 'operator' || who === 'alertmanager');

  it('are all there is besides reading', () => {
    expect(acting.length).toBeGreaterThan(10);
    expect(places.filter(({ method }) => method !== 'GET').every((each) => acting.includes(each))).toBe(true);
  });

  it.each(acting)('$method $path does not exist while nobody can be told apart', async ({ method, path }) => {
    const { call } = await openDesk({}, { tokens: [] });
    const answer = await call(method, path, { as: 'nobody', ...(method === 'GET' ? {} : { body: {} }) });
    expect(answer.json).toMatchObject({ status: 404, code: 'not-found' });
    expect(answer.json['remedy']).toContain('tokens');
  });

  it.each(acting)('$method $path is for its own role', async ({ method, path, who }) => {
    const { call } = await openDesk();
    // An operator may deliver alerts too.
    const others = who === 'operator' ? (['viewer', 'alertmanager'] as const) : (['viewer'] as const);
    const body = method === 'GET' ? {} : { body: {} };
    expect((await call(method, path, { as: 'nobody', ...body })).json).toMatchObject({ status: 401 });
    for (const as of others)
      expect((await call(method, path, { as, ...body })).json).toMatchObject({ status: 403, code: 'forbidden' });
    const headers = { Origin: 'https://elsewhere.example' };
    expect(
      (await call(method, path, { as: who === 'operator' ? 'operator' : 'alertmanager', headers, ...body })).json,
    ).toMatchObject({
      status: 403,
      code: 'cross-origin',
    });
  });
});

describe('routes that read', () => {
  const reading = places.filter(({ who }) => who === 'viewer');

  it.each(reading)('$method $path is for viewers where anybody can be told apart', async ({ method, path }) => {
    const { call } = await openDesk();
    expect((await call(method, path, { as: 'nobody' })).json).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect((await call(method, path, { as: 'alertmanager' })).json).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('are open where nobody can be told apart, as the pages are', async () => {
    const { call } = await openDesk({}, { tokens: [] });
    expect((await call('GET', '/api/v1/runs', { as: 'nobody' })).json).toEqual({ runs: [] });
  });
});

describe('without a journal', () => {
  it.each(places.filter(({ automation }) => automation))('$method $path does not exist', async ({ method, path }) => {
    const { call } = await openDesk({ automation: () => undefined });
    const answer = await call(method, path, method === 'GET' ? {} : { body: '{' });
    expect(answer.json).toMatchObject({ status: 404, code: 'not-found' });
    expect(answer.json['remedy']).toContain('journal');
  });
});

it('an address takes its own methods', async () => {
  const { call } = await openDesk();
  for (const [method, path, allowed] of [
    ['DELETE', '/api/v1/runs', 'GET, HEAD, POST'],
    ['POST', '/api/v1/pause', 'GET, HEAD, PUT'],
    ['GET', '/api/v1/plans', 'POST'],
    ['OPTIONS', '/api/v1/runs/some-run/abort', 'POST'],
  ] as const) {
    const answer = await call(method, path);
    expect(answer.json).toMatchObject({ status: 405, code: 'method-not-allowed' });
    expect(answer.headers.allow).toBe(allowed);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
});

it('an error that nobody expected says nothing of itself', async () => {
  class Broken extends MemoryAutomation {
    override runs(): never {
      throw new Error('hunter2');
    }
  }
  const { call } = await openDesk({}, undefined, new Broken());
  const answer = await call('GET', '/api/v1/runs');
  expect(answer.json).toMatchObject({ status: 500, code: 'internal' });
  expect(answer.text).not.toContain('hunter2');
});
