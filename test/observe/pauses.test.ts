import { expect, it } from 'vitest';
import { Pauses } from '../../src/observe/pauses.js';

it('holds up whoever waits until every pause of that cluster is over', async () => {
  const pauses = new Pauses();
  const [first, second] = [pauses.begin('a'), pauses.begin('a')];
  expect([pauses.has('a'), pauses.has('b')]).toEqual([true, false]);
  let over = false;
  const waiting = pauses.over('a', new AbortController().signal).then(() => (over = true));
  await pauses.over('b', new AbortController().signal);
  first();
  first();
  await new Promise((next) => setImmediate(next));
  expect(over).toBe(false);
  second();
  await waiting;
  expect(pauses.has('a')).toBe(false);
});

it('lets go of whoever gives up', async () => {
  const pauses = new Pauses();
  const end = pauses.begin('a');
  await pauses.over('a', AbortSignal.timeout(10));
  expect(pauses.has('a')).toBe(true);
  end();
});
