import { createHash } from 'node:crypto';
import { LockstepError } from '../base/errors.js';
import { longestRecord, type Entry, type Stamp } from './journal.js';

/**
 * One line of a segment, without spaces:
 *
 *     {"seq":2,"at":1764342000000,"synced":1,"prev":"<hash of entry 1>","hash":"<hash>","record":<JSON>}
 *
 * The hash is SHA-256 over the bytes of this very line, without its line feed and without `"hash":"…",`.
 * So every byte counts, and anybody can check it: `sed 's/"hash":"[^"]*",//' | tr -d '\n' | sha256sum`.
 * `synced` is the last entry that was durable when this line was written: lines after it were written together.
 */
export interface Line {
  readonly stamp: Stamp;
  /** With the line feed. */
  readonly bytes: Buffer;
}

/** @param text the record as JSON */
export function lineAfter(before: Stamp, synced: number, at: number, text: string): Line {
  const seq = before.seq + 1;
  const start = `{"seq":${seq},"at":${at},"synced":${synced},"prev":"${before.hash}",`;
  const rest = `"record":${text}}`;
  const hash = digestOf(start, rest);
  return { stamp: { seq, hash }, bytes: Buffer.from(`${start}"hash":"${hash}",${rest}\n`) };
}

/** What a line says about itself, and its hash confirms. */
export interface Said extends Stamp {
  readonly at: number;
  readonly synced: number;
  readonly prev: string;
  /** From `"record":` to the end. */
  readonly rest: Buffer;
}

/** @param line without its line feed */
export function saidBy(line: Buffer): Said | 'foreign' | 'changed' {
  const match = envelope.exec(line.toString('latin1', 0, longestEnvelope));
  if (match === null) return 'foreign';
  const [whole, start = '', seq, at, synced, prev = '', hash = ''] = match;
  const rest = line.subarray(whole.length);
  if (digestOf(start, rest) !== hash) return 'changed';
  return { seq: Number(seq), at: Number(at), synced: Number(synced), prev, hash, rest };
}

/**
 * Reads one line that should follow the entry `before`.
 * @param line without its line feed
 * @returns the entry, or what is wrong, a sentence without its full stop
 */
export function entryAfter(before: Stamp, line: Buffer): Entry<unknown> | string {
  const due = before.seq + 1;
  const said = saidBy(line);
  if (said === 'foreign') return `the line where entry ${due} is due is not one that Lockstep wrote`;
  if (said === 'changed') return `the line where entry ${due} is due was changed: its hash does not fit`;
  const { seq, at, prev, hash, rest } = said;
  if (seq !== due) return `entry ${seq} stands where entry ${due} is due: lines are missing or were moved`;
  if (prev !== before.hash) return `entry ${due} does not follow the entry before it: one of the two was written anew`;
  const record = recordIn(rest);
  if (record === undefined) return `the record of entry ${due} is not JSON`;
  return { seq, hash, at, record: record.value };
}

/** @throws LockstepError `record-too-large`; TypeError for what JSON cannot express */
export function recordText(record: unknown): string {
  const text = JSON.stringify(record) as string | undefined;
  if (text === undefined) throw new TypeError(`a record must be JSON, and ${typeof record} is not`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= longestRecord) return text;
  throw new LockstepError(
    'record-too-large',
    `a record of ${bytes} bytes is longer than the journal takes, ${longestRecord} bytes`,
    'Record what it was made from, or a digest of it.',
  );
}

/** At most this many bytes are needed to append this record: for {@link Journal.reserve}. */
export function lineBytes(record: unknown): number {
  return Buffer.byteLength(recordText(record)) + longestEnvelope;
}

/** Longer than all that stands around a record, with numbers of 16 digits. */
export const longestEnvelope = 256;

const envelope =
  /^(\{"seq":(\d{1,16}),"at":(\d{1,16}),"synced":(\d{1,16}),"prev":"([0-9a-f]{64})",)"hash":"([0-9a-f]{64})",(?="record":)/;

function digestOf(start: string, rest: string | Buffer): string {
  return createHash('sha256').update(start).update(rest).digest('hex');
}

function recordIn(rest: Buffer): { value: unknown } | undefined {
  try {
    return { value: (JSON.parse(`{${rest.toString()}`) as { record: unknown }).record };
  } catch {
    return undefined;
  }
}
