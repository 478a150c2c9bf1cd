/** Rows of one range, by their keys: each with its checksum. */
export type Rows = ReadonlyMap<string, string>;

/** The same range read three times, in this order: the source, the replica once it had all that the source had then, the source. */
export interface Reading {
  readonly before: Rows;
  readonly replica: Rows;
  readonly after: Rows;
}

/** What is wrong with a row of the replica. `unsettled`: the source changed it in between, so that nothing can be said. */
export type RowVerdict = 'missing' | 'extra' | 'changed' | 'unsettled';

/** A row that does not agree, with what was read: only the same again is believed. */
export interface Suspect {
  readonly verdict: RowVerdict;
  readonly source: string | undefined;
  readonly replica: string | undefined;
}

/**
 * The rows that do not agree. A replica that shows what its source showed, before or after, agrees. Where the source
 * showed the same both times, the replica must show that too, for it was read in between and had all of it: unless the
 * row was changed and changed back meanwhile, or the source told its position before it counted a commit that could
 * be seen. Both pass, so that a second reading tells them from a real difference.
 */
export function suspectsIn({ before, replica, after }: Reading): ReadonlyMap<string, Suspect> {
  const suspects = new Map<string, Suspect>();
  for (const key of new Set([...before.keys(), ...replica.keys(), ...after.keys()])) {
    const [was, is, there] = [before.get(key), after.get(key), replica.get(key)];
    if (there === was || there === is) continue;
    suspects.set(key, { verdict: was === is ? verdictOf(is, there) : 'unsettled', source: is, replica: there });
  }
  return suspects;
}

/** What two readings in a row agree upon: no row is called different after one look. */
export function confirmed(
  earlier: ReadonlyMap<string, Suspect>,
  later: ReadonlyMap<string, Suspect>,
): ReadonlyMap<string, Suspect> {
  return new Map(
    [...later].filter(([key, { verdict, source, replica }]) => {
      const first = earlier.get(key);
      return (
        verdict !== 'unsettled' && first?.verdict === verdict && first.source === source && first.replica === replica
      );
    }),
  );
}

function verdictOf(source: string | undefined, replica: string | undefined): RowVerdict {
  if (replica === undefined) return 'missing';
  return source === undefined ? 'extra' : 'changed';
}
