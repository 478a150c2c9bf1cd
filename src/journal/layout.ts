import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './failure.js';
import { genesis, type Stamp } from './journal.js';

/** One file of entries. Names sort as entries do: `cat journal-*.jsonl` is the journal. */
export interface Segment {
  /** The seq of its first entry, from its name. */
  readonly first: number;
  readonly file: string;
}

/** What lies in a journal's directory. */
export interface Layout {
  /** The last dropped entry. */
  readonly anchor: Stamp;
  /** In their order, those that hold something after the anchor. */
  readonly segments: readonly Segment[];
  /** What retention dropped and could not remove yet: whole segments, older anchors. */
  readonly dropped: readonly string[];
  /** Segments that nothing was written to: the newest one may be about to be. */
  readonly empty: readonly string[];
}

/** @throws Node's own errors (`ENOENT`, `EACCES`, …) */
export async function layoutOf(directory: string): Promise<Layout> {
  const names = (await readdir(directory)).sort();
  const anchors = names.flatMap((name) => anchorIn(name) ?? []).sort((one, other) => one.seq - other.seq);
  const anchor = anchors.at(-1) ?? genesis;
  const all = names.flatMap((name) => segmentIn(directory, name) ?? []).sort((one, other) => one.first - other.first);
  const sizes = await Promise.all(all.map(({ file }) => sizeOf(file)));
  // Each ends where the next begins. The last one is never dropped.
  const dropped = all.filter((_, index) => (all[index + 1]?.first ?? Infinity) <= anchor.seq + 1);
  return {
    anchor,
    segments: all.filter((segment, index) => (sizes[index] ?? 0) > 0 && !dropped.includes(segment)),
    dropped: [...anchors.slice(0, -1).map((old) => anchorFile(directory, old)), ...dropped.map(({ file }) => file)],
    empty: all.filter((_, index) => sizes[index] === 0).map(({ file }) => file),
  };
}

export function segmentFile(directory: string, first: number): string {
  return path.join(directory, `journal-${padded(first)}.jsonl`);
}

/**
 * The anchor is an empty file and all it says is its name: it comes into being at once and whole, and also on a full
 * disk, where retention is wanted most.
 */
export function anchorFile(directory: string, { seq, hash }: Stamp): string {
  return path.join(directory, `anchor-${padded(seq)}-${hash}`);
}

function segmentIn(directory: string, name: string): Segment | undefined {
  const first = /^journal-(\d{12,16})\.jsonl$/.exec(name)?.[1];
  return first === undefined ? undefined : { first: Number(first), file: path.join(directory, name) };
}

function anchorIn(name: string): Stamp | undefined {
  const [, seq, hash] = /^anchor-(\d{12,16})-([0-9a-f]{64})$/.exec(name) ?? [];
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
}

function padded(seq: number): string {
  return String(seq).padStart(12, '0');
}

/** Undefined when it has just been dropped. */
async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}
