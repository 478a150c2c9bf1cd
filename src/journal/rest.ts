import { longestRecord, type Stamp } from './journal.js';
import { entryAfter, saidBy } from './line.js';

/** Space that is set aside stands as spaces behind the last line, in the last segment. */
export const blank = 0x20;

/** The most that is written between two syncs. */
export const longestBatch = 2 * longestRecord;

/**
 * Judges what stands behind the last whole entry of the last segment.
 *
 * A crash may leave the beginning of a line. A power cut may leave any sectors of what was written last, also the
 * later ones without the earlier ones, since they overwrite the space that was set aside: such a hole is what tells it
 * from a line that somebody changed. Where a line in it says that the missing entry was synced before, it was
 * acknowledged, and this is damage.
 * @param start where it begins in the file
 * @param head the last whole entry
 * @returns how many bytes are the remains of a write that did not end (0: only spaces), or what is wrong
 */
export function remainsAt(bytes: Buffer, start: number, head: Stamp): number | string {
  const rest = trimmed(bytes.subarray(start));
  const feed = rest.indexOf(0x0a);
  if (rest.length === 0) return 0;
  if (feed === -1) return endless(bytes, start, rest, head) ?? rest.length;
  const wrong = entryAfter(head, rest.subarray(0, feed));
  if (typeof wrong !== 'string') throw new Error(`entry ${head.seq + 1} is whole`);
  const unfinished =
    rest.length <= longestBatch && hasHole(bytes, start, start + rest.length) && !wasSynced(rest, head);
  return unfinished ? rest.length : wrong;
}

/** Without a line feed in it: what is wrong, or undefined when its writing was cut off. */
function endless(bytes: Buffer, start: number, rest: Buffer, head: Stamp): string | undefined {
  const changed = `the line feed after entry ${head.seq + 1} was changed`;
  const end = start + rest.length;
  // The whole line without its line feed, in front of something else: only a sector's end comes between the two.
  if (isEntry(head, rest)) return end === bytes.length || end % sector === 0 ? undefined : changed;
  return rest.at(-1) !== 0 && isEntry(head, rest.subarray(0, -1)) ? changed : undefined;
}

/** What disks write whole or not at all. */
const sector = 512;

/** Whether a sector, as far as it lies in there, was not written. A single byte does not count: that may be a change. */
function hasHole(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to;) {
    const end = (Math.floor(at / sector) + 1) * sector;
    if (end <= to && end - at > 1 && bytes.subarray(at, end).every((byte) => byte === blank || byte === 0)) return true;
    at = end;
  }
  return false;
}

function wasSynced(rest: Buffer, head: Stamp): boolean {
  for (let at = rest.indexOf(0x0a) + 1; at > 0 && at < rest.length;) {
    const feed = rest.indexOf(0x0a, at);
    const said = saidBy(rest.subarray(at, feed === -1 ? rest.length : feed));
    if (typeof said !== 'string' && said.synced > head.seq) return true;
    at = feed + 1;
  }
  return false;
}

function isEntry(head: Stamp, line: Buffer): boolean {
  return typeof entryAfter(head, line) !== 'string';
}

function trimmed(bytes: Buffer): Buffer {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === blank) length -= 1;
  return bytes.subarray(0, length);
}
