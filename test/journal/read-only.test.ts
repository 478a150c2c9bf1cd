import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { genesis } from '../../src/journal/journal.js';
import { openReadOnly } from '../../src/journal/read-only.js';
import { opened, places } from './place.js';

const { fresh } = places();

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

it('reads up to where the journal ended when it was opened, beside its writer, and changes nothing', async () => {
  const directory = fresh();
  const writer = await opened<{ n: number }>(directory);
  await writer.append({ n: 1 });
  const head = await writer.append({ n: 2 });
  const before = readdirSync(directory);
  const reader = await openReadOnly<{ n: number }>(directory);
  await writer.append({ n: 3 });
  expect(reader.head).toEqual(head);
  expect((await all(reader.read())).map(({ record }) => record.n)).toEqual([1, 2]);
  expect(await reader.verify(head)).toMatchObject({ ok: true });
  for (const change of [
    () => reader.append({ n: 4 }),
    () => reader.reserve(1),
    () => reader.prune(1),
    () => reader.lease('x'),
  ])
    await expect(change()).rejects.toMatchObject({ code: 'journal-read-only' });
  await reader.close();
  expect(readdirSync(directory)).toEqual(before);
  await writer.close();
});

it('finds nothing where there is no journal yet, and makes none', async () => {
  const directory = fresh();
  const reader = await openReadOnly(directory);
  expect([reader.head, await all(reader.read())]).toEqual([genesis, []]);
  expect(readdirSync(path.dirname(directory))).not.toContain(path.basename(directory));
});
