import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { codeOf } from './failure.js';
import type { Entry, Fault, Stamp } from './journal.js';
import { layoutOf, type Segment } from './layout.js';
import { entryAfter } from './line.js';
import { remainsAt } from './rest.js';

/** Some neighbouring entries. The first part has none: its head is the anchor. */
export interface Part {
  readonly entries: readonly Entry<unknown>[];
  /** The last entry so far. */
  readonly head: Stamp;
  readonly segment?: Segment;
  /** Where the last entry ends in its segment, bytes. */
  readonly length: number;
  /** In the last part at most. */
  readonly torn?: Torn | undefined;
}

/**
 * What a crash or a power cut left of the last write, which was never acknowledged; or, when somebody appends
 * meanwhile, what is being written.
 */
export interface Torn {
  readonly seq: number;
  readonly file: string;
  readonly bytes: number;
}

/** The chain is broken: what {@link walk} throws. */
export class ChainFault extends Error {
  constructor(readonly fault: Fault) {
    super(fault.why);
    this.name = 'ChainFault';
  }
}

/**
 * Goes through all entries and checks each. Changes nothing, and may run while somebody appends or drops.
 * @param end stop after this seq; what comes behind is in the middle of being written
 * @throws ChainFault; Node's own errors where a file cannot be read
 */
export async function* walk(directory: string, end = Infinity): AsyncGenerator<Part> {
  let layout = await layoutOf(directory);
  let head = layout.anchor;
  yield { entries: [], head, length: 0 };
  for (let index = 0; ; index += 1) {
    const segment = layout.segments[index];
    if (segment === undefined || head.seq >= end) return;
    const bytes = segment.first === head.seq + 1 ? await readOrUndefined(segment.file) : undefined;
    if (bytes === undefined) {
      // Retention may have dropped files while they were listed or read: then there is a younger anchor.
      layout = await layoutOf(directory);
      if (layout.anchor.seq <= head.seq) throw gap(directory, head, layout.segments[index]);
      head = layout.anchor;
      index = -1;
      yield { entries: [], head, length: 0 };
      continue;
    }
    for await (const part of partsOf(segment, bytes, head, end, index === layout.segments.length - 1)) {
      head = part.head;
      yield part;
    }
  }
}

/** Checks one segment up to its entry `end`. @throws ChainFault; Node's own errors */
export async function checkSegment(segment: Segment, before: Stamp, end: Stamp): Promise<void> {
  let head = before;
  const bytes = await readFile(segment.file);
  for await (const part of partsOf(segment, bytes, before, end.seq, true)) head = part.head;
  if (head.hash !== end.hash) throw fault(head, segment.file, `entry ${end.seq} is not the one that was written`);
}

async function* partsOf(
  segment: Segment,
  first: Buffer,
  before: Stamp,
  end: number,
  last: boolean,
): AsyncGenerator<Part> {
  let [bytes, head, length] = [first, before, 0];
  for (;;) {
    const entries: Entry<unknown>[] = [];
    let wrong: string | undefined;
    while (entries.length < atOnce && head.seq < end && wrong === undefined) {
      const feed = bytes.indexOf(0x0a, length);
      const entry = feed === -1 ? noLine : entryAfter(head, bytes.subarray(length, feed));
      if (typeof entry === 'string') wrong = entry;
      else {
        entries.push(entry);
        head = { seq: entry.seq, hash: entry.hash };
        length = feed + 1;
      }
    }
    yield { entries, head, segment, length };
    await turn(); // a long journal must not keep others from being served
    if (head.seq >= end) return;
    if (wrong === undefined) continue;
    const remains = remainsAt(bytes, length, head);
    if (last && typeof remains === 'string') {
      // Whoever appends meanwhile may have written what was only half there.
      const again = await readOrUndefined(segment.file);
      if (again === undefined) return;
      const changed = !again.subarray(length).equals(bytes.subarray(length));
      bytes = again;
      if (changed) continue;
    }
    if (typeof remains === 'string') throw fault(head, segment.file, remains);
    if (remains === 0) return;
    if (!last) throw fault(head, segment.file, wrong);
    yield { entries: [], head, segment, length, torn: { seq: head.seq + 1, file: segment.file, bytes: remains } };
    return;
  }
}

/** Entries between two turns: about a millisecond. */
const atOnce = 128;

const noLine = 'the file ends in the middle of a line, and another file follows';

function gap(directory: string, head: Stamp, next: Segment | undefined): ChainFault {
  const due = head.seq + 1;
  if (next === undefined) return fault(head, directory, `the file that begins with entry ${due} is missing`);
  const missing = `: entries ${due} to ${next.first - 1} are missing, and no anchor says that they were dropped`;
  return fault(
    head,
    next.file,
    `entry ${next.first} is the first, where ${due} is due${next.first > due ? missing : ''}`,
  );
}

function fault(head: Stamp, file: string, why: string): ChainFault {
  return new ChainFault({ seq: head.seq + 1, file, why });
}

async function readOrUndefined(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}
