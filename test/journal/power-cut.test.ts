import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { verifyJournal } from '../../src/journal/verify.js';
import { opened, places, segments } from './place.js';
import { collected } from './suite.js';

const { fresh, copyOf } = places('in memory');

/** What a disk writes whole or not at all. */
const sector = 512;

interface Cut {
  /** The journal's file when the power failed: as it was before the last write, and as it would have been after it. */
  readonly before: Buffer;
  readonly after: Buffer;
  /** Offsets of the sectors in which the two differ. */
  readonly sectors: readonly number[];
  readonly directory: string;
}

it.each([0, 1300])(
  'opens whatever sectors of the last write came onto the disk (in place, first line of %i bytes more)',
  async (offset) => {
    const cut = await lastWrite(offset, 20_000);
    expect(cut.after).toHaveLength(cut.before.length);
    for (let which = 0; which < 2 ** cut.sectors.length; which += 1) {
      await opensWith(cut, which, Buffer.from(cut.before));
    }
  },
);

it.each([1000, 1700])(
  'opens whatever sectors of the last write came onto the disk (at the end, first line of %i bytes more)',
  async (offset) => {
    const cut = await lastWrite(offset, 0);
    for (let which = 0; which < 2 ** cut.sectors.length; which += 1) {
      // The file is as long as it was, as it was going to be, or ends with the last sector that was written.
      const [highest = 0] = cut.sectors.filter((_, index) => (which >> index) % 2 === 1).slice(-1);
      const length = [cut.after.length, Math.min(highest + sector, cut.after.length)][which % 2] ?? 0;
      const file = Buffer.alloc(Math.max(length, cut.before.length));
      cut.before.copy(file);
      await opensWith(cut, which, file);
    }
  },
);

it('does not take for unfinished what was acknowledged, and more after it', async () => {
  const directory = fresh();
  const journal = await opened(directory);
  const reservation = await journal.reserve(20_000);
  await journal.append('first', { reservation });
  const [file = ''] = segments(directory);
  const start = readFileSync(file, 'utf8').trimEnd().length + 1;
  await Promise.all([1, 2, 3].map((index) => journal.append(`${index}${'x'.repeat(600)}`, { reservation })));
  await journal.append('last', { reservation });
  await journal.close();
  const hole = Math.ceil(start / sector) * sector;
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(' ', hole, hole + sector));
  expect(await verifyJournal(directory)).toMatchObject({ ok: false, seq: 2 });
  await expect(opened(directory)).rejects.toMatchObject({ code: 'journal-damaged' });
});

/** Two durable entries, then three that are written together. */
async function lastWrite(offset: number, reserved: number): Promise<Cut> {
  const directory = fresh();
  const journal = await opened(directory);
  const reservation = reserved > 0 ? await journal.reserve(reserved) : undefined;
  await journal.append('x'.repeat(offset), { reservation });
  await journal.append('second', { reservation });
  const [file = ''] = segments(directory);
  const before = readFileSync(file);
  await Promise.all([1, 2, 3].map((index) => journal.append(`${index}${'y'.repeat(800)}`, { reservation })));
  const after = readFileSync(file);
  await journal.close();
  const sectors = Array.from({ length: Math.ceil(after.length / sector) }, (_, index) => index * sector).filter(
    (at) => !part(before, at).equals(part(after, at)),
  );
  expect(sectors.length).toBeGreaterThan(5);
  expect(sectors.length).toBeLessThan(10);
  return { before, after, sectors, directory };
}

async function opensWith(cut: Cut, which: number, bytes: Buffer): Promise<void> {
  for (const [index, at] of cut.sectors.entries()) if ((which >> index) % 2 === 1) part(cut.after, at).copy(bytes, at);
  const directory = copyOf(cut.directory);
  writeFileSync(segments(directory)[0] ?? '', bytes);
  const verdict = await verifyJournal(directory);
  expect(verdict, which.toString(2)).toMatchObject({ ok: true });
  const journal = await opened(directory);
  const seqs = (await collected(journal.read())).map(({ seq }) => seq);
  expect(seqs.slice(0, 2)).toEqual([1, 2]);
  expect(verdict).toMatchObject({ entries: seqs.length });
  if (which === 2 ** cut.sectors.length - 1) expect(seqs).toEqual([1, 2, 3, 4, 5]);
  await journal.append('goes on');
  expect(await journal.verify()).toMatchObject({ ok: true, entries: seqs.length + 1 });
  await journal.close();
}

function part(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at, at + sector);
}
