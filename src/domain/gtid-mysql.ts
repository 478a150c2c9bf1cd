import { LockstepError } from '../base/errors.js';

/** Transaction numbers from `first` to `last`, both included. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * A MySQL GTID set: by `uuid` or `uuid:tag` (tags since MySQL 8.3), sorted, disjoint and never touching intervals.
 * Numbers are bigint: MySQL allows them up to 2^63-2, and SET GTID_NEXT lets anyone write such a one.
 */
export type GtidSet = ReadonlyMap<string, readonly Interval[]>;

/**
 * Reads what MySQL prints in gtid_executed and the like: `uuid:1-3:5:tag:1-4,uuid:7`, upper or lower case, with any
 * white space and line ends between its parts. '' is the empty set.
 * @throws LockstepError `gtid-malformed`, quoting what was given
 */
export function parseGtidSet(text: string): GtidSet {
  const gathered = new Map<string, Interval[]>();
  for (const item of text.split(',')) {
    const [head = '', ...parts] = item.split(':').map((part) => part.trim().toLowerCase());
    if (head === '' && parts.length === 0) continue;
    if (!uuidForm.test(head)) throw malformed(text, head, 'a server uuid');
    if (parts.length === 0) throw malformed(text, item.trim(), 'a uuid followed by transaction numbers');
    readParts(text, head, parts, gathered);
  }
  return new Map([...gathered].map(([key, intervals]) => [key, merged(intervals)]));
}

/** Canonical text: sources in order, a source's untagged transactions before its tagged ones, no white space. */
export function formatGtidSet(set: GtidSet): string {
  const bySource = new Map<string, string>();
  for (const key of [...set.keys()].sort()) {
    const [source = '', tag] = key.split(':');
    const numbers = (set.get(key) ?? []).map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
    const part = [...(tag === undefined ? [] : [tag]), ...numbers].join(':');
    bySource.set(source, `${bySource.get(source) ?? source}:${part}`);
  }
  return [...bySource.values()].join(',');
}

export function unionGtidSets(...sets: readonly GtidSet[]): GtidSet {
  const gathered = new Map<string, Interval[]>();
  for (const set of sets)
    for (const [key, intervals] of set) gathered.set(key, [...(gathered.get(key) ?? []), ...intervals]);
  return new Map([...gathered].map(([key, intervals]) => [key, merged(intervals)]));
}

/** What `from` has and `taken` has not. */
export function subtractGtidSets(from: GtidSet, taken: GtidSet): GtidSet {
  return mapKeys(from, (key, intervals) => subtracted(intervals, taken.get(key) ?? []));
}

export function intersectGtidSets(one: GtidSet, other: GtidSet): GtidSet {
  return mapKeys(one, (key, intervals) => intersected(intervals, other.get(key) ?? []));
}

/** Whether `whole` holds every transaction of `part`. */
export function containsGtidSet(whole: GtidSet, part: GtidSet): boolean {
  for (const [key, intervals] of part) if (subtracted(intervals, whole.get(key) ?? []).length > 0) return false;
  return true;
}

export function equalGtidSets(one: GtidSet, other: GtidSet): boolean {
  return containsGtidSet(one, other) && containsGtidSet(other, one);
}

/** How many transactions the set holds. */
export function countGtidSet(set: GtidSet): bigint {
  let count = 0n;
  for (const intervals of set.values()) for (const { first, last } of intervals) count += last - first + 1n;
  return count;
}

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const tagForm = /^[a-z_][a-z0-9_]{0,31}$/;
const intervalForm = /^(\d{1,19})(?:\s*-\s*(\d{1,19}))?$/;
/** MySQL's GNO_END is 2^63-1 and never given out. */
const highestNumber = 2n ** 63n - 2n;

function readParts(text: string, source: string, parts: readonly string[], into: Map<string, Interval[]>): void {
  let key = source;
  let awaiting = false;
  for (const part of parts) {
    if (tagForm.test(part)) {
      if (awaiting) throw malformed(text, part, 'a transaction number after a tag');
      key = `${source}:${part}`;
      awaiting = true;
      continue;
    }
    const interval = readInterval(text, part);
    awaiting = false;
    const held = into.get(key);
    if (held === undefined) into.set(key, [interval]);
    else held.push(interval);
  }
  if (awaiting) throw malformed(text, key, 'a tag followed by transaction numbers');
}

function readInterval(text: string, part: string): Interval {
  const [, from, to] = intervalForm.exec(part) ?? [];
  if (from === undefined) throw malformed(text, part, 'a transaction number, a range or a tag');
  const first = BigInt(from);
  const last = to === undefined ? first : BigInt(to);
  if (first < 1n || last < first || last > highestNumber)
    throw malformed(text, part, `a range within 1-${highestNumber}, lower number first`);
  return { first, last };
}

function malformed(text: string, part: string, expected: string): LockstepError {
  const given = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new LockstepError(
    'gtid-malformed',
    `the GTID set "${given}" is not valid: "${part.slice(0, 80)}" is not ${expected}`,
    'write it as MySQL does, such as 3e11fa47-71ca-11e1-9e33-c80aa9429562:1-23:25',
  );
}

/** Sorted, with overlapping and touching intervals made one. */
function merged(intervals: readonly Interval[]): readonly Interval[] {
  const sorted = [...intervals].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const result: Interval[] = [];
  for (const next of sorted) {
    const before = result.at(-1);
    if (before === undefined || next.first > before.last + 1n) result.push(next);
    else if (next.last > before.last) result[result.length - 1] = { first: before.first, last: next.last };
  }
  return result;
}

/** Both sides sorted and disjoint; one walk over each. */
function subtracted(from: readonly Interval[], taken: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = [];
  let at = 0;
  for (const { first, last } of from) {
    let start = first;
    for (let hole = taken[at]; hole !== undefined && hole.first <= last; hole = taken[at]) {
      if (hole.first > start) result.push({ first: start, last: hole.first - 1n });
      if (hole.last >= start) start = hole.last + 1n;
      // A hole that reaches past this interval may also cut the next one.
      if (hole.last > last) break;
      at += 1;
    }
    if (start <= last) result.push({ first: start, last });
  }
  return result;
}

function intersected(one: readonly Interval[], other: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = [];
  for (let i = 0, j = 0; ;) {
    const a = one[i];
    const b = other[j];
    if (a === undefined || b === undefined) return result;
    const first = a.first > b.first ? a.first : b.first;
    const last = a.last < b.last ? a.last : b.last;
    if (first <= last) result.push({ first, last });
    if (a.last < b.last) i += 1;
    else j += 1;
  }
}

function mapKeys(
  set: GtidSet,
  change: (key: string, intervals: readonly Interval[]) => readonly Interval[],
): Map<string, readonly Interval[]> {
  const result = new Map<string, readonly Interval[]>();
  for (const [key, intervals] of set) {
    const left = change(key, intervals);
    if (left.length > 0) result.set(key, left);
  }
  return result;
}
