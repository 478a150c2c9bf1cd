import { getTasks } from 'node-cron';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Schedule, type Job, type JobResult } from '../../src/schedule/schedule.js';
import { recordedLog } from '../notify/runs.js';

/** The clock and the timers are the test's; node-cron is the real one. */
const hour = 3_600_000;
let schedule: Schedule | undefined;
let ended: [string, JobResult][];
let log: ReturnType<typeof recordedLog>;

beforeEach(() => {
  vi.useFakeTimers();
  [ended, log] = [[], recordedLog()];
});
afterEach(async () => {
  await schedule?.stop();
  expect(getTasks().size).toBe(0);
  expect(vi.isFakeTimers() ? vi.getTimerCount() : 0).toBe(0);
  vi.useRealTimers();
});

function begin(at: string, ...jobs: readonly Job[]): Schedule {
  vi.setSystemTime(new Date(at));
  schedule = new Schedule(jobs, { log: log.log, ended: (name, result) => void ended.push([name, result]) });
  schedule.start();
  return schedule;
}

/** A job that notes when it is done. */
function noted(expression: string, zone?: string): Job & { readonly at: string[] } {
  const at: string[] = [];
  const work = () => Promise.resolve(void at.push(new Date().toISOString().slice(0, 16)));
  return { name: 'prune', expression, zone, work, at };
}

const pass = (hours: number) => vi.advanceTimersByTimeAsync(hours * hour);

it('does its work at its times, in UTC unless told otherwise', async () => {
  const [utc, zurich] = [noted('23 4 * * *'), { ...noted('23 4 * * *', 'Europe/Zurich'), name: 'other' }];
  begin('2026-11-28T00:00:00Z', utc, zurich);
  await pass(48);
  expect(utc.at).toEqual(['2026-11-28T04:23', '2026-11-29T04:23']);
  expect(zurich.at).toEqual(['2026-11-28T03:23', '2026-11-29T03:23']);
  expect(ended).toHaveLength(4);
});

describe('where the zone changes its hour', () => {
  it.each([
    ['a job of an hour that is skipped is left out that day', '30 2 * * *', '2026-03-28T12:00Z', ['2026-03-30T00:30']],
    ['a job after it comes at its hour', '30 3 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:30', '2026-03-30T01:30']],
    [
      'a job of an hour that comes twice comes once',
      '30 2 * * *',
      '2026-10-24T12:00Z',
      ['2026-10-25T01:30', '2026-10-26T01:30'],
    ],
  ])('%s', async (_, expression, from, times) => {
    const job = noted(expression, 'Europe/Zurich');
    begin(from, job);
    await pass(48);
    expect(job.at).toEqual(times);
  });
});

describe('when the clock jumps', () => {
  it('forward, or the process stood still: what was passed over is made up for once', async () => {
    const job = noted('0 * * * *');
    begin('2026-11-28T00:30:00Z', job);
    await pass(1);
    vi.setSystemTime(new Date('2026-11-30T10:10:00Z'));
    await pass(1);
    expect(job.at).toEqual(['2026-11-28T01:00', '2026-11-30T10:40', '2026-11-30T11:00']);
  });

  it('back a little: nothing is done twice', async () => {
    const job = noted('0 4 * * *');
    begin('2026-11-28T03:59:00Z', job);
    await pass(0.1);
    vi.setSystemTime(new Date('2026-11-28T03:50:00Z'));
    await pass(1);
    expect(job.at).toEqual(['2026-11-28T04:00']);
  });

  it('back by years, from a clock that was wrong: the next time is the next one now', async () => {
    const job = noted('0 4 * * *');
    begin('2031-01-01T05:00:00Z', job);
    await pass(1);
    vi.setSystemTime(new Date('2026-11-28T03:50:00Z'));
    await pass(1);
    expect(job.at).toEqual(['2026-11-28T04:00']);
    expect(log.lines.join('')).toContain('the clock was set back');
  });
});

it('never does one job twice at once', async () => {
  const open: (() => void)[] = [];
  const slow: Job = { name: 'slow', expression: '0 * * * *', work: () => new Promise((done) => open.push(done)) };
  const other = { ...noted('0 * * * *'), name: 'other' };
  begin('2026-11-28T00:30:00Z', slow, other);
  await pass(3);
  expect(open).toHaveLength(1);
  expect(ended.filter(([name]) => name === 'slow')).toEqual([
    ['slow', 'overlapped'],
    ['slow', 'overlapped'],
  ]);
  expect(other.at).toHaveLength(3);
  open[0]?.();
  await pass(1);
  expect(open).toHaveLength(2);
  open[1]?.();
});

it.each([
  ['throws', () => { throw new Error('no such segment'); }], // prettier-ignore
  ['rejects', () => Promise.reject(new Error('no such segment'))],
])('a job that %s is logged and counted, and comes again', async (_, work) => {
  begin('2026-11-28T00:30:00Z', { name: 'prune', expression: '0 * * * *', work });
  await pass(2);
  expect(ended).toEqual([
    ['prune', 'failed'],
    ['prune', 'failed'],
  ]);
  expect(log.lines.filter((line) => line.includes('no such segment'))).toHaveLength(2);
});

it('stopping tells the work in hand, waits for it, and begins nothing more', async () => {
  let told: unknown;
  let done = false;
  const job: Job = {
    name: 'prune',
    expression: '0 * * * *',
    work: (signal) =>
      new Promise((over) => {
        signal.addEventListener('abort', () => {
          told = signal.reason;
          setTimeout(() => {
            done = true;
            over();
          }, 500);
        });
      }),
  };
  const made = begin('2026-11-28T00:59:59Z', job);
  await pass(0.1);
  const stopped = Promise.all([made.stop(), made.stop()]);
  await vi.advanceTimersByTimeAsync(100);
  expect([told, done]).toMatchObject([{ code: 'stopping' }, false]);
  await vi.advanceTimersByTimeAsync(500);
  await stopped;
  expect(done).toBe(true);
  made.start();
  await pass(5);
  expect(ended).toEqual([['prune', 'succeeded']]);
});

it('refuses what is no time, with the job that it would be', () => {
  // The test's timers bring an Intl of their own that knows every time zone.
  vi.useRealTimers();
  const wrong = () => new Schedule([noted('61 * * * *')], { log: log.log });
  expect(wrong).toThrow(expect.objectContaining({ code: 'cron-invalid' }) as Error);
  expect(() => new Schedule([noted('0 4 * * *', 'Mars/Base')], { log: log.log })).toThrow(
    expect.objectContaining({ code: 'cron-invalid' }) as Error,
  );
});
