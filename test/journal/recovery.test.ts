import { readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Stamp } from '../../src/journal/journal.js';
import { lineAfter } from '../../src/journal/line.js';
import { readJournal, verifyJournal, type FileVerdict } from '../../src/journal/verify.js';
import { lines, names, opened, places, segments, stopped } from './place.js';
import { collected } from './suite.js';

const { fresh, copyOf } = places('in memory');

/** Three segments: 2, 2 and 2 entries. */
const small = fresh();
const head = await written(small, ['a', { b: '€' }, 'c', ['d'], 'e', 'f'], 460);

it('has the journal that these tests need', () => {
  expect(segments(small).map((file) => readFileSync(file, 'utf8').split('\n').length - 1)).toEqual([2, 2, 2]);
});

it('opens whatever a crash left of the last segment, and keeps exactly the whole lines', async () => {
  const [, , last = ''] = segments(small).map((file) => path.basename(file));
  const whole = readFileSync(path.join(small, last));
  for (let length = 0; length <= whole.length; length += 1) {
    const directory = copyOf(small);
    truncateSync(path.join(directory, last), length);
    const kept = whole.subarray(0, length).filter((byte) => byte === 0x0a).length;
    const torn = length - (whole.lastIndexOf(0x0a, length - 1) + 1) * (length > 0 ? 1 : 0);
    const found = torn === 0 ? undefined : { seq: 5 + kept, bytes: torn };
    expect(await soundness(directory), String(length)).toMatchObject({ entries: 4 + kept, torn: found });
    const journal = await opened(directory);
    if (found === undefined) expect(journal.torn).toBeUndefined();
    else expect(journal.torn).toMatchObject(found);
    expect(journal.head.seq).toBe(4 + kept);
    expect((await collected(journal.read())).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6].slice(0, 4 + kept));
    await journal.append('goes on');
    expect(await journal.verify()).toMatchObject({ ok: true, entries: 5 + kept, torn: undefined });
    await journal.close();
    expect(await soundness(directory)).toMatchObject({ entries: 5 + kept, torn: undefined });
    rmSync(directory, { recursive: true });
  }
});

it('takes zero bytes at the very end for a line that was cut off, as a power cut leaves them', async () => {
  const directory = copyOf(small);
  writeFileSync(segments(directory).at(-1) ?? '', `{"seq":7,"at"${'\0'.repeat(5000)}`, { flag: 'a' });
  const journal = await opened(directory);
  expect(journal.torn).toMatchObject({ seq: 7, bytes: 5013 });
  expect(journal.head).toEqual(head);
  await journal.close();
  expect(await verifyJournal(directory, head)).toMatchObject({ ok: true, torn: undefined });
});

describe('notices', () => {
  it('every single byte that is changed, and opens none of it', async () => {
    const directory = copyOf(small);
    for (const file of segments(directory)) {
      const whole = readFileSync(file);
      for (let position = 0; position < whole.length; position += 1) {
        for (const change of [0x01, 0x0a ^ (whole[position] ?? 0)]) {
          if (change === 0) continue;
          const changed = Buffer.from(whole);
          changed[position] = (changed[position] ?? 0) ^ change;
          writeFileSync(file, changed);
          expect(await verifyJournal(directory), `${file} ${position} ${change}`).toMatchObject({ ok: false });
        }
      }
      writeFileSync(file, whole);
    }
    expect(await verifyJournal(directory, head)).toMatchObject({ ok: true });
  });

  const text = (directory: string, index: number) => readFileSync(segments(directory)[index] ?? '', 'utf8');
  const rewrite = (directory: string, index: number, content: string) =>
    writeFileSync(segments(directory)[index] ?? '', content);
  const lineOf = (directory: string, index: number) => `${lines(directory)[index] ?? ''}\n`;

  it.each<[string, (directory: string) => void, number, RegExp]>([
    ['a removed line', (at) => rewrite(at, 1, lineOf(small, 2)), 4, /entries 4 to 4 are missing/],
    ['a removed first line', (at) => rewrite(at, 0, lineOf(small, 1)), 1, /entry 2 stands where entry 1 is due/],
    [
      'swapped lines',
      (at) => rewrite(at, 1, lineOf(small, 3) + lineOf(small, 2)),
      3,
      /entry 4 stands where entry 3 is due/,
    ],
    ['a line that stands twice', (at) => rewrite(at, 2, text(at, 2) + lineOf(small, 5)), 7, /entry 6 stands where/],
    ['an empty line', (at) => rewrite(at, 2, `${text(at, 2)}\n`), 7, /not one that Lockstep wrote/],
    ['a line of somebody else', (at) => rewrite(at, 2, `${text(at, 2)}{"seq":7}\n`), 7, /not one that Lockstep wrote/],
    ['zero bytes', (at) => rewrite(at, 2, `${text(at, 2)}\0\0\0"}\n`), 7, /not one that Lockstep wrote/],
    ['a segment that is missing', (at) => rmSync(segments(at)[1] ?? ''), 3, /entries 3 to 4 are missing/],
    ['the first segment missing', (at) => rmSync(segments(at)[0] ?? ''), 1, /entries 1 to 2 are missing/],
    [
      'a segment under another name',
      (at) => renameSync(segments(at)[1] ?? '', path.join(at, 'journal-000000000004.jsonl')),
      3,
      /entry 4 is the first, where 3 is due/,
    ],
    ['a segment that was cut', (at) => truncateSync(segments(at)[0] ?? '', 300), 2, /ends in the middle of a line/],
    ['an emptied segment', (at) => truncateSync(segments(at)[1] ?? ''), 3, /entries 3 to 4 are missing/],
    [
      'a line that was written anew, hash and all',
      (at) =>
        rewrite(at, 1, lineAfter(stampOf(small, 2), 2, stopped.now(), '"c!"').bytes.toString() + lineOf(small, 3)),
      4,
      /does not follow the entry before it/,
    ],
    [
      'an anchor that nobody dropped',
      (at) => writeFileSync(path.join(at, `anchor-000000000002-${'0'.repeat(64)}`), ''),
      3,
      /does not follow/,
    ],
    [
      'an anchor in the middle of a segment',
      (at) => writeFileSync(path.join(at, `anchor-000000000003-${stampOf(small, 3).hash}`), ''),
      4,
      /entry 3 is the first, where 4 is due/,
    ],
  ])('%s', async (_, damage, seq, sentence) => {
    const directory = copyOf(small);
    damage(directory);
    const before = picture(directory);
    const verdict = await verifyJournal(directory);
    expect(verdict).toMatchObject({ ok: false, seq, why: expect.stringMatching(sentence) as string });
    await expect(opened(directory)).rejects.toMatchObject({
      code: 'journal-damaged',
      message: expect.stringMatching(sentence) as string,
    });
    await expect(collected(readJournal(directory))).rejects.toMatchObject({ code: 'journal-damaged' });
    expect(picture(directory)).toEqual(before);
  });

  it('a tail that was cut off, when it is told the head that was published', async () => {
    const directory = copyOf(small);
    rewrite(directory, 2, lineOf(small, 4));
    expect(await verifyJournal(directory)).toMatchObject({ ok: true });
    expect(await verifyJournal(directory, head)).toEqual({
      ok: false,
      seq: 6,
      file: directory,
      why: 'the journal ends with entry 5, and entry 6 was published: its end was cut off',
    });
  });

  it('a tail that was written anew, when it is told the head that was published', async () => {
    const directory = copyOf(small);
    rewrite(directory, 2, lineOf(small, 4) + lineAfter(stampOf(small, 5), 5, stopped.now(), '"f!"').bytes.toString());
    expect(await verifyJournal(directory)).toMatchObject({ ok: true });
    const fault = { seq: 6, file: segments(directory)[2], why: expect.stringMatching(/written anew/) as string };
    expect(await verifyJournal(directory, head)).toEqual({ ok: false, ...fault });
  });

  it('that the files on the disk are not what this process wrote', async () => {
    const directory = copyOf(small);
    const journal = await opened(directory);
    rewrite(directory, 2, lineOf(small, 4));
    expect(await journal.verify()).toMatchObject({ ok: false, seq: 6 });
    await journal.close();
  });
});

describe('retention that is cut off', () => {
  it('verifies and opens from every state between its first and its last change', async () => {
    const dropped = copyOf(small);
    const journal = await opened(dropped, { clock: stopped, segmentBytes: 460 });
    expect(await journal.prune(3)).toEqual({ dropped: 2 });
    const [older = ''] = anchors(dropped);
    expect(await journal.prune(5)).toEqual({ dropped: 2 });
    const [anchor = ''] = anchors(dropped);
    await journal.close();
    expect(names(dropped)).toHaveLength(2);

    const states: string[][] = [[], [older], [older, '1'], [anchor, '1', older], [anchor, '1', '2', older], [anchor]];
    for (const [index, made] of states.entries()) {
      const directory = copyOf(small);
      // The last state: both segments still there, the younger anchor in place.
      for (const name of made) if (name.startsWith('anchor-')) writeFileSync(path.join(directory, name), '');
      for (const name of made)
        if (!name.startsWith('anchor-')) rmSync(segments(small)[Number(name) - 1]?.replace(small, directory) ?? '');
      const due = made.includes(anchor) ? 2 : made.includes(older) ? 4 : 6;
      expect(await verifyJournal(directory, head), String(index)).toMatchObject({ ok: true, entries: due });
      const again = await opened(directory);
      expect((await collected(again.read())).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6].slice(6 - due));
      expect(names(directory)).toHaveLength(due / 2 + (due === 6 ? 0 : 1));
      await again.close();
    }
  });

  it('verifies when all that is left is a segment that nothing was written to', async () => {
    const directory = copyOf(small);
    writeFileSync(path.join(directory, 'journal-000000000007.jsonl'), '');
    writeFileSync(path.join(directory, `anchor-000000000006-${head.hash}`), '');
    expect(await verifyJournal(directory, head)).toMatchObject({ ok: true, entries: 0, anchor: head, head });
    const journal = await opened(directory);
    expect(journal.head).toEqual(head);
    expect((await journal.append('goes on')).seq).toBe(7);
    await journal.close();
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 1 });
  });

  it('does not know a stamp that was dropped', async () => {
    const directory = copyOf(small);
    const journal = await opened(directory);
    await journal.prune(5);
    await journal.close();
    expect(await verifyJournal(directory, stampOf(small, 4))).toMatchObject({ ok: true });
    expect(await verifyJournal(directory, stampOf(small, 2))).toMatchObject({
      ok: false,
      seq: 2,
      why: expect.stringMatching(/retention dropped entry 2/) as string,
    });
  });
});

async function written(directory: string, records: readonly unknown[], segmentBytes: number): Promise<Stamp> {
  const journal = await opened(directory, { clock: stopped, segmentBytes });
  for (const record of records) await journal.append(record);
  await journal.close();
  return journal.head;
}

function stampOf(directory: string, seq: number): Stamp {
  return { seq, hash: (JSON.parse(lines(directory)[seq - 1] ?? '') as Stamp).hash };
}

async function soundness(directory: string): Promise<FileVerdict> {
  const verdict = await verifyJournal(directory);
  expect(verdict).toMatchObject({ ok: true });
  return verdict;
}

function anchors(directory: string): string[] {
  return names(directory).filter((name) => name.startsWith('anchor-'));
}

/** Names and bytes. */
function picture(directory: string): unknown {
  return names(directory).map((name) => {
    const file = path.join(directory, name);
    return [name, statSync(file).size, readFileSync(file).toString('base64')];
  });
}
