import { isExact, type ComparedTable, type KeyPlace } from '../../../dialects/comparable.js';
import { isTransactional } from '../../../dialects/definitions.js';
import type { Made } from '../../../dialects/made-tables.js';
import { definitionsDiffer } from '../../../dialects/table-listing.js';
import type { TableToFill } from './tables.js';

/** A table that stands on the target from before, as both servers describe it. */
export interface Before {
  readonly donor: ComparedTable;
  readonly target: ComparedTable;
  /** All its rows had come, from a moment that is gone. */
  readonly whole: boolean;
}

/** How what stands there is compared with the moment of now; undefined: it cannot be, and is made anew. */
export type Comparison = 'ranges' | 'at-once' | undefined;

/**
 * What an earlier try made is never believed to be equal, only compared; and that only where equal checksums show equal
 * rows, and where rows that differ can be told from those that do not.
 */
export function comparisonOf(table: TableToFill, made: Made | undefined, before: Before | undefined): Comparison {
  if (made === undefined || before === undefined || made.digest !== table.digest) return undefined;
  // Their rows have no moment: whoever writes to them waits, for comparing as for copying.
  if (!isTransactional(table.engine) || table.rows === undefined) return undefined;
  const { donor, target } = before;
  if (definitionsDiffer(donor, target) !== undefined || !donor.columns.every(isExact)) return undefined;
  if (donor.key !== undefined && donor.key.index === target.key?.index) return 'ranges';
  return made.whole ? 'at-once' : undefined;
}

/** The rows behind `from` up to and with `to`; undefined: from the first, to the last. */
export interface Range {
  readonly from: KeyPlace | undefined;
  readonly to: KeyPlace | undefined;
}

export interface ComparedRange extends Range {
  readonly equal: boolean;
  /** What the target holds there: nothing needs to be deleted where that is 0. */
  readonly rows: number;
}

export interface Mending {
  /** Deleted on the target, all of them before anything comes: rows of two ranges may exclude each other. */
  readonly deletes: readonly Range[];
  /** Copied again. */
  readonly copies: readonly Range[];
  /** Rows that stay. */
  readonly kept: number;
}

/**
 * @param ranges of a table, in its order, without a gap
 * @returns what makes it equal; undefined: so much differs that it is quicker made anew
 */
export function mendingOf(ranges: readonly ComparedRange[]): Mending | undefined {
  const held = ranges.filter(({ rows }) => rows > 0);
  const deletes = held.filter(({ equal }) => !equal);
  const kept = held.reduce((sum, { equal, rows }) => sum + (equal ? rows : 0), 0);
  if (deletes.length * 2 > held.length) return undefined;
  return { deletes, copies: differing(ranges), kept };
}

/** Neighbours as one. */
function differing(ranges: readonly ComparedRange[]): readonly Range[] {
  const found: Range[] = [];
  for (const [index, { from, to, equal }] of ranges.entries()) {
    if (equal) continue;
    const before = ranges[index - 1]?.equal === false ? found.pop() : undefined;
    found.push({ from: before === undefined ? from : before.from, to });
  }
  return found;
}
