import { afterEach, expect, it, vi } from 'vitest';
import { AnnouncementWatch, matchesOf, type WatchOptions } from '../src/announcement-watch.js';
import { silentLog } from '../src/base/log.js';
import type { Announcement } from '../src/domain/announcement.js';

const told = (announcer: string, says: string | undefined, failure?: string): Announcement => ({
  ...{ announcer, says, found: says, holding: false, failure, at: 0 },
});

it('matches where the primary is named, not where another or nobody is, or where it cannot be read', () => {
  const all = [told('a', 'db1'), told('b', 'db2'), told('c', undefined), told('d', 'db1', 'gone')];
  expect(matchesOf('shop', 'db1', all).map(({ matches }) => matches)).toEqual([true, false, false, false]);
  expect(matchesOf('shop', undefined, all)).toEqual([]);
});

afterEach(() => vi.useRealTimers());

it('keeps what it knew while a run that may change the primary is at work', async () => {
  vi.useFakeTimers();
  let says = 'db1';
  let state: 'running' | 'needs-human' = 'running';
  let open = false;
  const cluster = { name: 'shop', announcers: [{ name: 'a' }] };
  const run = () => ({ procedure: 'require-tls', state, parameters: { cluster: 'shop' } });
  const watch = new AnnouncementWatch({
    config: () => ({ clusters: [cluster], observe: { freshnessSeconds: 15 } }),
    observer: () => ({ lookAtCluster: () => Promise.resolve({ topology: { primary: 'db1' } }) }),
    shelf: { readBack: () => Promise.resolve([told('a', says)]) },
    open: () => (open ? [run()] : []),
    log: silentLog,
  } as unknown as WatchOptions);
  const matches = async () => {
    await vi.advanceTimersByTimeAsync(15_000);
    return watch.matches.map((one) => one.matches);
  };
  watch.start();
  expect(await matches()).toEqual([true]);
  [says, open] = ['db2', true];
  expect(await matches()).toEqual([true]);
  state = 'needs-human';
  expect(await matches()).toEqual([false]);
  [says, open] = ['db1', false];
  expect(await matches()).toEqual([true]);
  await watch.stop();
});
