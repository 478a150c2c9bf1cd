import { randomInt } from 'node:crypto';
import type { VersionName } from '../../src/sandbox/versions.js';
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

/** Kills of one procedure on one version, about, where not all are wanted. */
const most = { short: 6, ci: 10 } as const;
/** Of a procedure that goes several ways, how many are gone where not all are wanted: they share those kills. */
const waysOf = { short: 1, ci: 2 } as const;

/** One of each flavour. */
const flavours: readonly VersionName[] = ['mariadb-10.11', 'mysql-9.7'];

/**
 * How much of the matrix is run: LOCKSTEP_CRASH, of which each is more than the one before. The seed chooses the points
 * (LOCKSTEP_SEED).
 * - `short`, the default: kills on one version, at a third of the points and at most about six of each procedure.
 * - `ci`: once per flavour, kills at about ten points of each procedure, and an eighth of these frozen as well.
 * - `flavours`: once per flavour, kills at every point and a freeze at an eighth of them.
 * - `all`: everything on every version, of which LOCKSTEP_SHARD=I/N takes its part.
 */
export function crashPlan() {
  const extent = process.env['LOCKSTEP_CRASH'] ?? 'short';
  const seed = Number(process.env['LOCKSTEP_SEED'] ?? randomInt(2 ** 31));
  const [shard = 1, shards = 1] = (process.env['LOCKSTEP_SHARD'] ?? '1/1').split('/').map(Number);
  const versions = extent === 'all' ? matrix : matrix.filter((name) => (extent === 'short' ? flavours.slice(0, 1) : flavours).includes(name)); // prettier-ignore
  const chosen = (key: string, one: number, of: number) => hash(`${seed} ${key}`) % of < one;

  /** Which ways of a procedure are gone: some that the seed chooses, or all. */
  function ways(version: string, procedure: string, names: readonly string[]): readonly string[] {
    const only = process.env['LOCKSTEP_CRASH_ONLY'];
    if (only !== undefined) return names.filter((way) => only.startsWith(`${called(procedure, way)} `));
    if (extent !== 'short' && extent !== 'ci') return names;
    const ranked = names.toSorted((a, b) => hash(`${seed} ${version} ${a}`) - hash(`${seed} ${version} ${b}`));
    return ranked.slice(0, waysOf[extent]);
  }

  /** @param share among how many ways of the procedure the kills are shared, where not all are wanted */
  function cases(
    version: string,
    procedure: string,
    {
      points,
      undone,
      share,
    }: { readonly points: readonly string[]; readonly undone: readonly Undone[]; readonly share: number },
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
    return all.filter(({ points: at, deed, fails }, index) => {
      if (only !== undefined) return `${procedure} ${deed} ${at.join()}` === only;
      if (extent === 'all') return index % shards === shard - 1;
      const key = `${version} ${procedure} ${at.join()}${fails ?? ''}`;
      const of = lives.length * share;
      if (deed === 'freeze' && (extent === 'short' || !chosen(`freeze ${key}`, 1, 8))) return false;
      if (extent === 'flavours') return true;
      return extent === 'ci'
        ? chosen(key, 1, Math.ceil(of / most.ci))
        : chosen(key, 1, Math.max(3, Math.ceil(of / most.short)));
    });
  }

  return { versions, ways, cases, words: `extent ${extent}, seed ${seed}, shard ${shard}/${shards}` };
}

/** How a way of a procedure is called, in messages and in LOCKSTEP_CRASH_ONLY. */
export function called(procedure: string, way: string): string {
  return way === '' ? procedure : `${procedure} ${way}`;
}

/** FNV-1a: the same seed chooses the same points. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const one of text) value = Math.imul(value ^ (one.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
