import type { VersionName } from '../../src/sandbox/versions.js';
import { diceFor, extent, seed, type Extent } from './extent.js';
import { matrix } from './matrix.js';

export type Deed = 'kill' | 'freeze';

export interface PlannedCrash {
  readonly points: readonly string[];
  readonly deed: Deed;
  /** The point at which the run fails before. */
  readonly fails?: string;
}

/** The points of one step's undo, reached when the process dies there first, or the run fails there. */
export type Undone = { readonly points: readonly string[] } & ({ readonly after: string } | { readonly fails: string });

/** Kills of one procedure on one version, where not all are wanted. */
const most: Readonly<Partial<Record<Extent, number>>> = { short: 1, ci: 2, versions: 3 };

/** One of each flavour. */
const flavours: readonly VersionName[] = ['mariadb-10.11', 'mysql-9.7'];

/**
 * What of the crash matrix is run. The seed chooses the points.
 * - `short`: one kill of each procedure on one version, on one of the ways that it may go.
 * - `ci`: two once per flavour, and of one procedure in three a freeze as well; `versions`: three.
 * - `flavours`: once per flavour, kills at every point and a freeze at an eighth of them.
 * - `all`: everything on every version, of which LOCKSTEP_SHARD=I/N takes its part.
 */
export function crashPlan() {
  const much = extent();
  const kills = most[much];
  const [shard = 1, shards = 1] = (process.env['LOCKSTEP_SHARD'] ?? '1/1').split('/').map(Number);
  const wanted = much === 'short' ? [diceFor('crash').pick(flavours)] : flavours;
  const versions = much === 'all' ? matrix : matrix.filter((name) => wanted.includes(name));

  /** Which ways of a procedure are gone: one that the seed chooses, or all. */
  function ways(version: string, procedure: string, names: readonly string[]): readonly string[] {
    const only = process.env['LOCKSTEP_CRASH_ONLY'];
    if (only !== undefined) return names.filter((way) => only.startsWith(`${called(procedure, way)} `));
    return kills === undefined ? names : [diceFor(`${version} ${procedure}`).pick(names)];
  }

  function cases(
    version: string,
    procedure: string,
    { points, undone }: { readonly points: readonly string[]; readonly undone: readonly Undone[] },
  ) {
    const lives: readonly Omit<PlannedCrash, 'deed'>[] = [
      ...points.map((point) => ({ points: [point] })),
      ...undone.flatMap((one) =>
        one.points.map((point) =>
          'after' in one ? { points: [one.after, point] } : { points: [point], fails: one.fails },
        ),
      ),
    ];
    const all = lives.flatMap((each): PlannedCrash[] => [
      { ...each, deed: 'kill' },
      // What is frozen goes on when it is thawed: a second point is another life's.
      ...(each.points.length === 1 ? [{ ...each, deed: 'freeze' as const }] : []),
    ]);
    const only = process.env['LOCKSTEP_CRASH_ONLY'];
    if (only !== undefined) return all.filter(({ points: at, deed }) => `${procedure} ${deed} ${at.join()}` === only);
    if (much === 'all') return all.filter((_, index) => index % shards === shard - 1);
    const key = ({ points: at, deed, fails }: PlannedCrash) => `${version} ${procedure} ${deed} ${at.join()}${fails ?? ''}`; // prettier-ignore
    const ranked = (deed: Deed) =>
      all
        .filter((one) => one.deed === deed)
        .map((one) => ({ one, lot: diceFor(key(one)).next() }))
        .toSorted((a, b) => a.lot - b.lot)
        .map(({ one }) => one);
    const freezes = kills === undefined ? Math.ceil(lives.length / 8) : Number(much !== 'short' && diceFor(`freeze ${version} ${procedure}`).chance(1 / 3)); // prettier-ignore
    const taken = new Set([...ranked('kill').slice(0, kills), ...ranked('freeze').slice(0, freezes)]);
    return all.filter((one) => taken.has(one));
  }

  return { versions, ways, cases, words: `extent ${much}, seed ${seed()}, shard ${shard}/${shards}` };
}

/** How a way of a procedure is called, in messages and in LOCKSTEP_CRASH_ONLY. */
export function called(procedure: string, way: string): string {
  return way === '' ? procedure : `${procedure} ${way}`;
}
