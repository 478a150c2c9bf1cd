import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { startHaproxy, type Haproxy } from '../../src/sandbox/haproxy.js';
import { greeter, ledTo } from './haproxy-clients.js';

const scope = new Scope();
let haproxy: Haproxy;

beforeAll(async () => {
  const [db1, db2] = [await greeter(scope, 'db1'), await greeter(scope, 'db2')];
  haproxy = await startHaproxy(scope, { servers: [db1, { ...db2, disabled: true }] });
});

afterAll(() => scope.end());

it('leads clients to the server that is not disabled, also after a reload and another start', async () => {
  expect(await ledTo(haproxy.address)).toBe('db1');
  await haproxy.reload();
  expect(await ledTo(haproxy.address)).toBe('db1');
  await haproxy.stop();
  await haproxy.start();
  expect(await ledTo(haproxy.address)).toBe('db1');
});
