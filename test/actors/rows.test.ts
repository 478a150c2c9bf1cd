import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confirmed, suspectsIn, type Rows, type Suspect } from '../../src/actors/verify/rows.js';

const rows = (...entries: readonly (readonly [string, string])[]): Rows => new Map(entries);
const none: Rows = rows();

function verdicts(before: Rows, replica: Rows, after: Rows) {
  return Object.fromEntries([...suspectsIn({ before, replica, after })].map(([key, { verdict }]) => [key, verdict]));
}

describe('a row of a replica', () => {
  const a = rows(['1', 'a']);

  it('agrees when it shows what the source showed before or after', () => {
    const b = rows(['1', 'b']);
    expect(verdicts(a, a, a)).toEqual({});
    expect(verdicts(a, b, b)).toEqual({});
    expect(verdicts(a, a, b)).toEqual({});
    expect(verdicts(none, none, a)).toEqual({});
    expect(verdicts(a, none, none)).toEqual({});
  });

  it('is missing, too many or changed where its source stood still', () => {
    expect(verdicts(a, none, a)).toEqual({ 1: 'missing' });
    expect(verdicts(none, a, none)).toEqual({ 1: 'extra' });
    expect(verdicts(a, rows(['1', 'x']), a)).toEqual({ 1: 'changed' });
  });

  it('is unsettled where its source did not', () => {
    expect(verdicts(a, rows(['1', 'x']), rows(['1', 'b']))).toEqual({ 1: 'unsettled' });
  });

  it('is called different only when two readings say the same', () => {
    const seen = (replica: string): ReadonlyMap<string, Suspect> => suspectsIn({ before: a, replica: rows(['1', replica]), after: a }); // prettier-ignore
    expect(confirmed(new Map(), seen('x')).size).toBe(0);
    expect(confirmed(seen('x'), seen('y')).size).toBe(0);
    expect([...confirmed(seen('x'), seen('x')).keys()]).toEqual(['1']);
  });
});

/** A source's history of one table, and a replica that applies it, later. */
const history = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 3 }), value: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }) }), // prettier-ignore
  { minLength: 1, maxLength: 30 },
);

function after(changes: readonly { readonly key: number; readonly value: number | undefined }[], count: number): Rows {
  const state = new Map<string, string>();
  for (const { key, value } of changes.slice(0, count)) {
    if (value === undefined) state.delete(String(key));
    else state.set(String(key), String(value));
  }
  return state;
}

it('never says "different" of a replica that only applies what its source did, unless rows went back to what they were', () => {
  fc.assert(
    fc.property(history, fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), (changes, marks) => {
      const [first = 0, second = 0, third = 0] = marks.map((mark) => mark % (changes.length + 1)).sort((x, y) => x - y);
      const before = after(changes, first);
      const now = after(changes, third);
      for (const [key, { verdict }] of suspectsIn({ before, replica: after(changes, second), after: now })) {
        const wentBack = changes.slice(first, third).filter((one) => String(one.key) === key).length >= 2;
        expect(verdict === 'unsettled' || wentBack).toBe(true);
      }
    }),
  );
});
