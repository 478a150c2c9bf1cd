import { afterEach, expect, it, vi } from 'vitest';
import { AnnouncementWatch, comparisonOf, type WatchOptions } from '../src/announcement-watch.js';
import { silentLog } from '../src/base/log.js';
import type { Announcement } from '../src/domain/announcement.js';

const told = (announcer: string, says: string | undefined, failure?: string): Announcement => ({
  ...{ announcer, says, found: says, holding: false, failure, at: 0 },
});

const sight = { announcers: [], announcements: [], readSides: [], withdrawn: [], primary: 'db1' };

it('matches where the primary is named, not where another or nobody is, or where it cannot be read', () => {
  const announcements = [told('a', 'db1'), told('b', 'db2'), told('c', undefined), told('d', 'db1', 'gone')];
  const compared = comparisonOf({ ...sight, announcements }).announcements;
  expect(compared.map(({ matches }) => matches)).toEqual([true, false, false, false]);
  expect(compared.map(({ problem }) => problem?.message)).toEqual([
    undefined,
    'b tells applications db2, and the primary is db1',
    'c tells applications nothing, and the primary is db1',
    'what d tells applications cannot be read: gone',
  ]);
  expect(compared[1]?.problem).toMatchObject({ name: 'announcement-differs', severity: 'critical' });
  expect(comparisonOf({ ...sight, announcements, primary: undefined }).announcements).toEqual([]);
});

it('matches where applications read from all that are not withdrawn, and from nobody else', () => {
  const readers = { words: '', servers: ['db2', 'db3'], fallback: true, readsBack: true, drainSeconds: 0 };
  const announcers = [{ name: 'a', kind: 'haproxy', words: '', holds: false, readsBack: true, readers }] as const;
  const reads = (from: readonly string[], withdrawn: readonly string[], primary?: string, failure?: string) => {
    const readSides = [{ announcer: 'a', readers: from, found: from.join(), failure, at: 0 }];
    const [compared] = comparisonOf({ ...sight, announcers, readSides, withdrawn, primary }).readSides;
    return compared?.problem?.message ?? compared?.matches;
  };
  expect(reads(['db2', 'db3'], [])).toBe(true);
  expect(reads(['db3'], ['db2'])).toBe(true);
  expect(reads(['db1'], ['db2', 'db3'], 'db1')).toBe(true);
  expect(reads(['db3'], [])).toBe('a lets applications read from db3 (db3), and should from db2, db3');
  expect(reads(['db2', 'db3'], ['db2'])).toBe('a lets applications read from db2, withdrawn');
  expect(reads([], ['db2'])).toBe('a lets applications read from nobody of the cluster ()');
  expect(reads([], [], 'db1', 'gone')).toBe('from whom a lets applications read cannot be seen: gone');
  expect(reads(['db1'], ['db2', 'db3'])).toBeUndefined();
});

afterEach(() => vi.useRealTimers());

it('keeps what it knew while a run that may change the primary is at work', async () => {
  vi.useFakeTimers();
  let says = 'db1';
  let state: 'running' | 'needs-human' = 'running';
  let open = false;
  const cluster = { name: 'shop', names: [], servers: [], announcers: [{ name: 'a', kind: 'command', argv: ['/a'] }] };
  const run = () => ({ procedure: 'require-tls', state, parameters: { cluster: 'shop' } });
  const watch = new AnnouncementWatch({
    config: () => ({ clusters: [cluster], observe: { freshnessSeconds: 15 } }),
    observer: () => ({ lookAtCluster: () => Promise.resolve({ topology: { primary: 'db1' } }) }),
    shelf: { readBack: () => Promise.resolve([told('a', says)]), readReaders: () => Promise.resolve(undefined) },
    withdrawn: () => [],
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

it('says nothing of an announcer that the configuration no longer has', async () => {
  vi.useFakeTimers();
  const announcer = (name: string) => ({ name, kind: 'command', argv: ['/a'] });
  let announcers = [announcer('a'), announcer('b')];
  const watch = new AnnouncementWatch({
    config: () => ({
      clusters: [{ name: 'shop', names: [], servers: [], announcers }],
      observe: { freshnessSeconds: 15 },
    }),
    observer: () => ({ lookAtCluster: () => Promise.resolve({ topology: { primary: 'db1' } }) }),
    shelf: {
      readBack: () => Promise.resolve(announcers.map(({ name }) => told(name, 'db2'))),
      readReaders: () => Promise.resolve(undefined),
    },
    withdrawn: () => [],
    open: () => [],
    log: silentLog,
  } as unknown as WatchOptions);
  expect(watch.problems('shop')).toBeUndefined();
  watch.start();
  await vi.advanceTimersByTimeAsync(0);
  const problems = () => watch.problems('shop')?.map(({ message }) => message.split(' ')[0]);
  expect(problems()).toEqual(['a', 'b']);
  announcers = announcers.slice(1);
  expect(problems()).toEqual(['b']);
  announcers = [];
  expect([problems(), watch.matches]).toEqual([undefined, []]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(problems()).toBeUndefined();
  await watch.stop();
});
