import { afterEach, expect, it } from 'vitest';
import { DeliveryError, type Delivery, type DeliveryResult } from '../../src/notify/delivery.js';
import { Queue, type QueueTimes } from '../../src/notify/queue.js';
import { until } from '../../src/sandbox/until.js';
import { recordedLog } from './runs.js';

const queues: Queue[] = [];
afterEach(async () => {
  await Promise.all(queues.splice(0).map((queue) => queue.stop(0)));
});

function queueWith(times: Partial<QueueTimes> = {}) {
  const results: DeliveryResult[] = [];
  const { log, lines } = recordedLog();
  const quick = { attempt: 100, backoff: 5, longestBackoff: 20 };
  const queue = new Queue({ log, ended: (result) => results.push(result), times: { ...quick, ...times } });
  queues.push(queue);
  return { queue, results, lines };
}

function delivery(what: string, send: Delivery['send'], more: Partial<Delivery> = {}): Delivery {
  return { what, run: 'one', urgent: false, within: 60_000, send, ...more };
}

const fails = (after = 0) => Promise.reject(new DeliveryError('not now', undefined, { after }));

it('tells a run in its order, however often it takes, and lets other runs pass meanwhile', async () => {
  const { queue, results } = queueWith();
  const sent: string[] = [];
  let left = 4;
  queue.push(delivery('first of one', () => (left-- > 0 ? fails() : Promise.resolve(void sent.push('one 1')))));
  queue.push(delivery('second of one', () => Promise.resolve(void sent.push('one 2'))));
  queue.push(delivery('first of two', () => Promise.resolve(void sent.push('two 1')), { run: 'two' }));
  queue.push(delivery('second of two', () => Promise.resolve(void sent.push('two 2')), { run: 'two' }));
  await until('all to be told', () => results.length === 4);
  expect(sent).toEqual(['two 1', 'two 2', 'one 1', 'one 2']);
  expect(results).toEqual(Array(4).fill('delivered'));
});

it('never waits for whoever is told: adding returns before anything is sent', () => {
  const { queue } = queueWith();
  let begun = false;
  queue.push(delivery('slow', () => ((begun = true), new Promise(() => undefined))));
  expect(begun).toBe(false);
});

it('a try that hangs ends in time and is tried again, also where it does not hear of it', async () => {
  const { queue, results } = queueWith();
  let tries = 0;
  queue.push(delivery('deaf', () => ((tries += 1) < 3 ? new Promise(() => undefined) : Promise.resolve())));
  await until('it to be delivered', () => results.includes('delivered'));
  expect(tries).toBe(3);
});

it('tries ever more seldom, and gives up in time', async () => {
  const { queue, results, lines } = queueWith({ backoff: 20, longestBackoff: 80 });
  const at: number[] = [];
  queue.push(delivery('hopeless', () => (at.push(performance.now()), fails()), { within: 400 }));
  await until('it to be given up', () => results.includes('gave-up'));
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  expect(waits[0]).toBeGreaterThanOrEqual(15);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(60);
  expect(waits.length).toBeGreaterThanOrEqual(3);
  expect(lines.filter((line) => line.includes('"level":40'))).toHaveLength(1);
  expect(lines.at(-1)).toMatch(/was not delivered/);
});

it('waits as long as the receiver asks', async () => {
  const { queue, results } = queueWith();
  const at: number[] = [];
  queue.push(delivery('paced', () => (at.push(performance.now()), at.length === 1 ? fails(150) : Promise.resolve())));
  await until('it to be delivered', () => results.length === 1);
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(149);
});

it('does not try again what is refused for good', async () => {
  const { queue, results, lines } = queueWith();
  queue.push(delivery('refused', () => Promise.reject(new DeliveryError('no', 'Do this.', undefined))));
  queue.push(delivery('next', () => Promise.resolve()));
  await until('both to be over', () => results.length === 2);
  expect(results).toEqual(['refused', 'delivered']);
  expect(lines[0]).toContain('no. Do this.');
});

it('is bounded: the oldest that nobody must act on goes, never the one under way', async () => {
  const { queue, results } = queueWith({ capacity: 4, attempt: 10_000 });
  const sent: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const push = (what: string, urgent = false) =>
    queue.push(delivery(what, async () => (await gate, void sent.push(what)), { urgent }));
  push('under way');
  await new Promise((turn) => setImmediate(turn));
  push('urgent', true);
  for (let index = 1; index <= 6; index += 1) push(`plain ${index}`);
  open();
  await until('all to be over', () => results.length === 8);
  expect(sent).toEqual(['under way', 'urgent', 'plain 5', 'plain 6']);
  expect(results.filter((result) => result === 'overflow')).toHaveLength(4);
});

it('a defect neither stops the queue nor shows its text, which may hold an address', async () => {
  const { queue, results, lines } = queueWith();
  queue.push(delivery('defect', () => Promise.reject(new TypeError('cannot read https://SECRET')), { within: 30 }));
  queue.push(delivery('thrower', () => { throw new RangeError('SECRET'); }, { within: 30, run: 'two' })); // prettier-ignore
  queue.push(delivery('next', () => Promise.resolve(), { run: 'three' }));
  await until('all to be over', () => results.length === 3);
  expect(results.sort()).toEqual(['delivered', 'gave-up', 'gave-up']);
  expect(lines.join('')).not.toContain('SECRET');
  expect(lines.join('')).toContain('TypeError');
});

it('stopping tries at once what waits for its next try', async () => {
  const { queue, results } = queueWith({ backoff: 60_000, longestBackoff: 60_000 });
  let tries = 0;
  queue.push(delivery('comes back', () => ((tries += 1) === 1 ? fails() : Promise.resolve())));
  await until('the first try', () => tries === 1);
  await queue.stop(10_000);
  expect(results).toEqual(['delivered']);
});

it('stopping drops and counts what is not delivered in time, and takes nothing more', async () => {
  const { queue, results, lines } = queueWith({ attempt: 60_000 });
  let begun = false;
  queue.push(delivery('hangs', () => ((begun = true), new Promise(() => undefined))));
  queue.push(delivery('behind it', () => Promise.resolve()));
  await until('the try', () => begun);
  const began = performance.now();
  await queue.stop(200);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(results).toEqual(['stopped', 'stopped']);
  expect(lines.filter((line) => line.includes('was not delivered'))).toHaveLength(2);
  queue.push(delivery('late', () => Promise.resolve()));
  expect(results).toHaveLength(3);
  await queue.stop(200);
});
