import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Entry, Reservation } from '../../src/journal/journal.js';
import { lineBytes } from '../../src/journal/line.js';
import { readJournal, verifyJournal } from '../../src/journal/verify.js';
import { lines, names, opened, places, segments, stopped } from './place.js';
import { collected, journalSuite } from './suite.js';

const { fresh } = places();

journalSuite('files', () => {
  const directory = fresh();
  return Promise.resolve({ open: () => opened(directory, { segmentBytes: 4000 }) });
});

it('writes lines that anybody can check', async () => {
  const directory = fresh();
  const journal = await opened(directory, { clock: stopped });
  for (const record of [{ hash: '"hash":"x",' }, 'zwölf €']) await journal.append(record);
  const { head } = journal;
  await journal.close();
  let prev = '0'.repeat(64);
  for (const [index, line] of lines(directory).entries()) {
    const { seq, at, hash, prev: said } = JSON.parse(line) as Entry<unknown> & { prev: string };
    expect({ seq, at, prev: said }).toEqual({ seq: index + 1, at: stopped.now(), prev });
    expect(
      createHash('sha256')
        .update(line.replace(/"hash":"[^"]*",/, ''))
        .digest('hex'),
    ).toBe(hash);
    prev = hash;
  }
  expect(head).toEqual({ seq: 2, hash: prev });
});

it('is for its owner alone', async () => {
  const directory = path.join(fresh(), 'deep', 'down');
  const journal = await opened(directory);
  await journal.append(1);
  const reservation = await journal.reserve(1);
  for (const name of ['.', ...names(directory)]) {
    expect(statSync(path.join(directory, name)).mode & 0o777, name).toBe(name === '.' ? 0o700 : 0o600);
  }
  await reservation.release();
  await journal.close();
  chmodSync(directory, 0o770);
  await expect(opened(directory)).rejects.toMatchObject({ code: 'directory-exposed' });
});

it('says why a directory cannot be used', async () => {
  const file = fresh();
  writeFileSync(file, '');
  await expect(opened(path.join(file, 'below'))).rejects.toMatchObject({ code: 'directory-unusable' });
  await expect(verifyJournal(fresh())).rejects.toMatchObject({ code: 'journal-unreadable' });
  await expect(collected(readJournal(fresh()))).rejects.toMatchObject({ code: 'journal-unreadable' });
});

it('begins a new segment before one grows too long, and keeps what is longer in one of its own', async () => {
  const directory = fresh();
  const journal = await opened(directory, { segmentBytes: 1000 });
  for (const length of [300, 300, 300, 5000, 10]) await journal.append('x'.repeat(length));
  await journal.close();
  expect(names(directory)).toEqual([1, 3, 4, 5].map((first) => `journal-${String(first).padStart(12, '0')}.jsonl`));
});

it('is held by one, who says so', async () => {
  const directory = fresh();
  const journal = await opened(directory);
  await journal.append(1);
  await expect(opened(directory)).rejects.toMatchObject({
    code: 'journal-held',
    message: expect.stringMatching(new RegExp(`${directory} is held by this very process, ${process.pid}$`)) as string,
  });
  // Readers need no hold.
  expect(await verifyJournal(directory, journal.head)).toMatchObject({ ok: true, entries: 1 });
  expect(await collected(readJournal(directory))).toHaveLength(1);
  await journal.close();
  await (await opened(directory)).close();
});

it('is read and checked while it is written and pruned', async () => {
  const directory = fresh();
  const journal = await opened<number>(directory, { segmentBytes: 3000 });
  const ended = new AbortController();
  const writing = (async () => {
    let reservation: Reservation | undefined;
    for (let index = 1; !ended.signal.aborted; index += 1) {
      if (index % 10 === 1) {
        await reservation?.release();
        reservation = await journal.reserve(4000);
      }
      await Promise.all([journal.append(index, { reservation }), journal.append(index)]);
      if (index % 20 === 0) await journal.prune(journal.head.seq - 50);
    }
  })();
  for (let round = 0; journal.head.seq < 400 || round < 20; round += 1) {
    const { head } = journal;
    expect(await verifyJournal(directory)).toMatchObject({ ok: true });
    expect(await journal.verify(round % 2 === 0 ? head : undefined)).toMatchObject({ ok: true });
    const seqs = (await collected(readJournal<number>(directory))).map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
    expect(seqs.at(-1) ?? 0).toBeGreaterThanOrEqual(head.seq);
  }
  ended.abort();
  await writing;
  await journal.close();
});

it('acknowledges nothing into a file that somebody else touched', async () => {
  for (const touch of [
    (file: string) => writeFileSync(file, 'x', { flag: 'a' }),
    (file: string) => rmSync(file),
    (file: string) => truncateSync(file, 10),
  ]) {
    const directory = fresh();
    const journal = await opened(directory);
    await journal.append('one');
    const [file = ''] = segments(directory);
    touch(file);
    await expect(journal.append('two')).rejects.toMatchObject({ code: 'journal-damaged' });
    await expect(journal.append('three')).rejects.toMatchObject({ code: 'journal-damaged' });
    await journal.close();
  }
});

it('keeps what is set aside until it is given back, over restarts', async () => {
  const directory = fresh();
  const size = () => segments(directory).reduce((sum, file) => sum + statSync(file).blocks * 512, 0);
  const first = await opened(directory, { segmentBytes: 50_000 });
  const reservation = await first.reserve(500_000);
  expect(size()).toBeGreaterThanOrEqual(500_000);
  for (let index = 0; index < 20; index += 1) await first.append('x'.repeat(5000), { reservation });
  await first.append('without');
  expect(reservation.remaining).toBeGreaterThan(390_000);
  expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 21, torn: undefined });
  await first.close();
  expect(segments(directory)).toHaveLength(3);
  expect(size()).toBeGreaterThanOrEqual(490_000);
  expect(size()).toBeLessThan(530_000);

  const second = await opened(directory);
  expect(second.torn).toBeUndefined();
  await reservation.release(); // of a journal that is closed: nothing
  await second.append('without');
  expect(size()).toBeGreaterThanOrEqual(490_000);
  const again = await second.reserve(700_000);
  const more = await second.reserve(10_000);
  expect(size()).toBeGreaterThanOrEqual(810_000);
  expect(size()).toBeLessThan(830_000);
  await Promise.all([again.release(), more.release()]);
  expect(size()).toBeLessThan(130_000);
  await second.close();
  expect(lines(directory)).toHaveLength(22);
});

it('reckons each record under its reservation', async () => {
  const journal = await opened(fresh());
  const record = { text: 'x'.repeat(5000) };
  const reservation = await journal.reserve(3 * lineBytes(record));
  expect(reservation.remaining).toBe(3 * lineBytes(record));
  await journal.append(record, { reservation });
  await journal.append('without');
  expect(reservation.remaining).toBe(2 * lineBytes(record));
  for (let index = 0; index < 3; index += 1) await journal.append(record, { reservation });
  expect(reservation.remaining).toBe(0);
  await journal.close();
});

it('ignores what is not its own', async () => {
  const directory = fresh();
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(path.join(directory, 'journal-1.jsonl'), 'mine');
  writeFileSync(path.join(directory, 'control.sock'), '');
  const journal = await opened(directory);
  await journal.append(1);
  await journal.close();
  expect(readFileSync(path.join(directory, 'journal-1.jsonl'), 'utf8')).toBe('mine');
  expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 1 });
});
