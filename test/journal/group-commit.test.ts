import { constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { openFile, type OpenedFile, type OpenFile } from '../../src/journal/disk.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { opened, places, segments } from './place.js';
import { collected } from './suite.js';

const { fresh } = places();

it('shares one fdatasync among all that wait', async () => {
  const { open, seen } = watched();
  const journal = await opened(fresh(), { open });
  await journal.append('the first makes the file');
  seen.syncs = 0;
  await Promise.all(Array.from({ length: 64 }, (_, index) => journal.append(index)));
  expect(seen.syncs).toBe(1);

  seen.syncs = 0;
  const first = journal.append('alone');
  // While its sync is under way, others come, in turns of their own.
  const others = new Promise<void>((done) => {
    seen.onSync = () => {
      seen.onSync = undefined;
      void Promise.all(Array.from({ length: 500 }, (_, index) => journal.append(index))).then(() => done());
    };
  });
  await first;
  await others;
  expect(seen.syncs).toBe(2);

  seen.syncs = 0;
  for (let index = 0; index < 10; index += 1) await journal.append(index);
  expect(seen.syncs).toBe(10);
  await journal.close();
});

it('acknowledges nothing before its fdatasync has ended', async () => {
  const { open, seen } = watched();
  const journal = await opened(fresh(), { open });
  await journal.append('the first makes the file');
  let acknowledged = false;
  let early: boolean | undefined;
  seen.onSync = async () => {
    await new Promise((later) => setTimeout(later, 20));
    early = acknowledged;
  };
  await journal.append('slow').then(() => (acknowledged = true));
  expect(early).toBe(false);
  await journal.close();
});

it('splits what is too much for one write', async () => {
  const { open, seen } = watched();
  const directory = fresh();
  const journal = await opened(directory, { open });
  await Promise.all(Array.from({ length: 10 }, () => journal.append('x'.repeat(300_000))));
  expect(seen.syncs).toBe(4);
  expect(seen.longest).toBeLessThan(1024 * 1024);
  await journal.close();
  expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 10 });
});

it('cuts off what a failed sync left, and goes on once the medium does', async () => {
  const { open, seen } = watched();
  const directory = fresh();
  const journal = await opened(directory, { open });
  const good = await journal.append('good');
  seen.failSync = 1;
  const failed = await Promise.allSettled([journal.append('lost'), journal.append('lost too')]);
  for (const one of failed) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'journal-failed' } });
  expect(journal.head).toEqual(good);
  // Cut off at once, so that nobody finds what was refused.
  expect(await verifyJournal(directory)).toMatchObject({ ok: true, head: good, torn: undefined });
  expect((await journal.append('after')).seq).toBe(2);
  await journal.close();
  const again = await opened(directory);
  expect((await collected(again.read())).map(({ record }) => record)).toEqual(['good', 'after']);
  await again.close();
});

it('refuses as long as the end is in doubt, and trusts no page of it', async () => {
  const { open, seen } = watched();
  const directory = fresh();
  const journal = await opened(directory, { open });
  const good = await journal.append('good');
  const [file = ''] = segments(directory);
  const before = await readFile(file);
  // The kernel dropped the pages of this sync, and the ones after it do nothing for them: every repair fails as well.
  seen.failSync = Infinity;
  for (const record of ['one', 'two', 'three']) {
    await expect(journal.append(record)).rejects.toMatchObject({ code: 'journal-failed' });
  }
  seen.failSync = 0;
  seen.writes.length = 0;
  expect((await journal.append('after')).seq).toBe(2);
  // What shared a page with the failed write was written anew before anything was put behind it.
  expect(seen.writes[0]).toEqual({ position: 0, bytes: before.length });
  expect(await verifyJournal(directory, good)).toMatchObject({ ok: true, entries: 2 });
  await journal.close();
});

it('notices that durable entries were hurt by the failed write', async () => {
  const { open, seen } = watched();
  const directory = fresh();
  const journal = await opened(directory, { open });
  await journal.append('good');
  const [file = ''] = segments(directory);
  seen.failSync = 1;
  seen.onSync = async () => {
    seen.onSync = undefined;
    const bytes = await readFile(file);
    await writeFile(file, bytes.fill(0, 10, 20), { flag: 'r+' });
  };
  await expect(journal.append('lost')).rejects.toMatchObject({ code: 'journal-failed' });
  await expect(journal.append('never')).rejects.toMatchObject({
    code: 'journal-damaged',
    message: expect.stringMatching(/entry 1 is due/) as string,
  });
  await journal.close();
  await expect(opened(directory)).rejects.toMatchObject({ code: 'journal-damaged' });
});

it('survives a write that stops in its middle', async () => {
  const { open, seen } = watched();
  const directory = fresh();
  const journal = await opened(directory, { open });
  await journal.append('good');
  seen.failWriteAfter = 100;
  await expect(journal.append('x'.repeat(500))).rejects.toMatchObject({ code: 'journal-failed' });
  seen.failWriteAfter = undefined;
  await journal.append('after');
  expect(await journal.verify()).toMatchObject({ ok: true, entries: 2 });
  await journal.close();
});

it('goes on in the old segment while no new one can be made', async () => {
  const { open, seen } = watched();
  const directory = fresh();
  const journal = await opened(directory, { open, segmentBytes: 500 });
  await journal.append('x'.repeat(200));
  seen.failCreate = true;
  await journal.append('x'.repeat(200));
  await journal.append('x'.repeat(200));
  expect(segments(directory)).toHaveLength(1);
  seen.failCreate = false;
  await journal.append('x'.repeat(200));
  expect(segments(directory)).toHaveLength(2);
  expect(await journal.verify()).toMatchObject({ ok: true, entries: 4 });
  await journal.close();
});

interface Seen {
  syncs: number;
  /** Bytes of the longest write. */
  longest: number;
  writes: { position: number; bytes: number }[];
  /** Runs in front of the next syncs. */
  onSync: (() => void | Promise<void>) | undefined;
  /** How many syncs are going to fail. */
  failSync: number;
  failWriteAfter: number | undefined;
  failCreate: boolean;
}

/** Node's own files, counted, and failing where they are told to. */
function watched(): { open: OpenFile; seen: Seen } {
  const seen: Seen = {
    syncs: 0,
    longest: 0,
    writes: [],
    onSync: undefined,
    failSync: 0,
    failWriteAfter: undefined,
    failCreate: false,
  };
  const failure = (code: string) => Object.assign(new Error(`${code}: told to fail`), { code });
  const open: OpenFile = async (name, flags) => {
    if (seen.failCreate && (flags & constants.O_CREAT) !== 0) throw failure('EMFILE');
    const file = await openFile(name, flags);
    const write = async (bytes: Buffer, offset: number, length: number, position: number) => {
      seen.longest = Math.max(seen.longest, length);
      seen.writes.push({ position, bytes: length });
      if (seen.failWriteAfter === undefined) return file.write(bytes, offset, length, position);
      await file.write(bytes, offset, Math.min(length, seen.failWriteAfter), position);
      throw failure('EIO');
    };
    const datasync = async () => {
      seen.syncs += 1;
      await seen.onSync?.();
      if (seen.failSync > 0) {
        seen.failSync -= 1;
        throw failure('EIO');
      }
      await file.datasync();
    };
    return {
      read: file.read.bind(file),
      write: write as unknown as OpenedFile['write'],
      datasync,
      truncate: file.truncate.bind(file),
      stat: file.stat.bind(file),
      close: file.close.bind(file),
    };
  };
  return { open, seen };
}
