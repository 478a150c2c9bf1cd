import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { verifyJournal } from '../../src/journal/verify.js';
import { names, opened, places, stopped } from './place.js';
import { collected } from './suite.js';

const { fresh, copyOf } = places();
const golden = path.join(import.meta.dirname, '../golden/journal/0.1');

/** What was done to make it. A later version that writes otherwise gets a golden journal of its own beside this one. */
const records = [
  { v: 1, type: 'dropped' },
  { v: 1, type: 'dropped', text: 'x'.repeat(200) },
  { v: 1, type: 'planned', run: 'r-1', text: 'zwölf Boxkämpfer: 日本 🐬 \u2028 "quoted" \\ \u0000' },
  { v: 1, type: 'intent', steps: ['stop-replication', 'start-replication'], notes: {} },
  null,
  [1.5, -0.001, 1e21, true, 'a plain string'],
  { v: 1, type: 'ended', outcome: 'succeeded' },
];
const head = { seq: 7, hash: 'e8f7dc700658110b5fa3f92f72ede946d9eddff79ebda979fa98b31a4e867496' };

async function write(directory: string): Promise<void> {
  const journal = await opened(directory, { clock: stopped, segmentBytes: 800 });
  for (const record of records) await journal.append(record);
  await journal.prune(3);
  await journal.reserve(64);
  await journal.close();
}

it('reads a journal of version 0.1', async () => {
  expect(await verifyJournal(golden, head)).toMatchObject({ ok: true, entries: 5, anchor: { seq: 2 }, head });
  const directory = copyOf(golden);
  const journal = await opened(directory);
  expect(journal.torn).toBeUndefined();
  const entries = await collected(journal.read());
  expect(entries.map(({ record }) => record)).toEqual(records.slice(2));
  expect(entries.map(({ at }) => at)).toEqual(entries.map(() => stopped.now()));
  expect((await journal.append('goes on')).seq).toBe(8);
  await journal.close();
  expect(await verifyJournal(directory, head)).toMatchObject({ ok: true, entries: 6 });
});

it('writes the very same bytes as version 0.1', async () => {
  const directory = fresh();
  await write(directory);
  expect(names(directory)).toEqual(names(golden));
  for (const name of names(golden)) {
    expect(readFileSync(path.join(directory, name), 'utf8')).toBe(readFileSync(path.join(golden, name), 'utf8'));
  }
});
