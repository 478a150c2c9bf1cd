import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DeadlineError, raced, within } from '../../src/base/deadline.js';

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});

afterEach(() => {
  process.off('unhandledRejection', note);
});

it('gives what the work gives', async () => {
  await expect(raced(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
  await expect(raced(Promise.reject(new Error('work')), new AbortController().signal)).rejects.toThrow('work');
});

it('ends with the signal, and listens to the work all the same', async () => {
  const over = new AbortController();
  let fail = (): void => undefined;
  const work = new Promise<never>((_, reject) => (fail = () => reject(new Error('late'))));
  const race = raced(work, over.signal);
  over.abort(new Error('over'));
  await expect(race).rejects.toThrow('over');
  fail();
  await new Promise((next) => setImmediate(next));
  expect(unhandled).toEqual([]);
});

it('leaves no failure unhandled when the signal was over before', async () => {
  const work = Promise.resolve().then(() => Promise.reject(new Error('late')));
  await expect(raced(work, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  await new Promise((next) => setImmediate(next));
  expect(unhandled).toEqual([]);
});

it('aborts when its time is over, or with its parent, however often garbage is collected meanwhile', async () => {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  const hangs = (signal: AbortSignal) => raced(new Promise<never>(() => undefined), signal);
  const parent = new AbortController();
  const one = within(200, parent.signal, hangs);
  const other = within(60_000, parent.signal, hangs);
  const collecting = setInterval(collect, 20);
  try {
    await expect(one).rejects.toBeInstanceOf(DeadlineError);
    parent.abort(new Error('the parent'));
    await expect(other).rejects.toThrow('the parent');
  } finally {
    clearInterval(collecting);
  }
});
