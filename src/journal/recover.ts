import { constants } from 'node:fs';
import { rm, stat, truncate } from 'node:fs/promises';
import { syncDirectory } from '../base/atomic.js';
import { settle, type OpenedFile, type OpenFile } from './disk.js';
import { genesis, type Stamp } from './journal.js';
import { layoutOf, type Segment } from './layout.js';
import { blank, longestBatch } from './rest.js';
import { readFailure } from './verify.js';
import { walk, type Torn } from './walk.js';

/** A segment, and what its first entry follows. */
export interface Kept extends Segment {
  readonly before: Stamp;
}

/** The last segment, open for writing. */
export interface Last {
  readonly file: OpenedFile;
  /** Bytes of entries. */
  readonly length: number;
  /** Bytes in all: behind the entries is space that was set aside. */
  readonly size: number;
}

export interface Found {
  readonly head: Stamp;
  /** When the head was appended, milliseconds since the epoch; 0 when that is not known. */
  readonly at: number;
  readonly segments: readonly Kept[];
  readonly last: Last | undefined;
  readonly torn: Torn | undefined;
}

/**
 * Makes ready for appending what an earlier process left: checks all of it, then finishes what retention and the
 * beginning of a segment left half done, cuts a torn line off, and makes the end durable. Only for the holder.
 * @throws LockstepError `journal-damaged`, and then nothing was changed
 */
export async function recover(directory: string, open: OpenFile): Promise<Found> {
  const { segments, ...found } = await check(directory);
  const { dropped, empty } = await layoutOf(directory);
  // A segment that begins is of use once something stands in it. Until then the space that was set aside is also
  // behind the one before, and afterwards it is no longer needed there.
  const unused = segments.length > 1 && segments.at(-1)?.length === 0 ? segments.splice(-1) : [];
  const leftovers = [...dropped, ...empty, ...unused.map(({ file }) => file)];
  for (const file of leftovers) await rm(file, { force: true });
  if (leftovers.length > 0) await syncDirectory(directory);
  const before = segments.at(-2);
  if (before !== undefined && (await stat(before.file)).size > before.length) {
    await truncate(before.file, before.length);
  }
  const segment = segments.at(-1);
  return { ...found, segments, last: segment && (await reopen(segment.file, segment.length, open)) };
}

type Checked = Kept & { length: number };

async function check(directory: string): Promise<Omit<Found, 'last' | 'segments'> & { segments: Checked[] }> {
  const segments: Checked[] = [];
  let [head, at]: [Stamp, number] = [genesis, 0];
  let torn: Torn | undefined;
  try {
    for await (const { segment, length, entries, ...part } of walk(directory)) {
      if (segment !== undefined && segment.file !== segments.at(-1)?.file) {
        segments.push({ ...segment, before: head, length });
      }
      const last = segments.at(-1);
      if (last !== undefined) last.length = length;
      ({ head, torn } = part);
      at = entries.at(-1)?.at ?? at;
    }
  } catch (cause) {
    throw readFailure(directory, cause);
  }
  return { head, at, segments, torn };
}

async function reopen(name: string, length: number, open: OpenFile): Promise<Last> {
  const file = await open(name, constants.O_RDWR);
  try {
    const all = (await file.stat()).size;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, all - 1));
    // Behind a line that was torn there are spaces only where space was set aside.
    const size = bytesRead === 1 && buffer[0] === blank ? all : length;
    await settle(file, length, size, longestBatch);
    return { file, length, size };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}
