import { randomInt } from 'node:crypto';
import type { VersionName } from '../../src/sandbox/versions.js';
import { matrix } from './matrix.js';

export type Deed = 'kill' | 'freeze';

export interface PlannedCrash {
  readonly points: readonly string[];
  readonly deed: Deed;
}

/** The points of one step's undo, reached when the process dies there first. */
interface Undone {
  readonly after: string;
  readonly points: readonly string[];
}

/** Of one procedure, where not all are wanted. */
const most = 10;

/** One of each flavour: what .ci/run breaks at every point. */
const flavours: readonly VersionName[] = ['mariadb-10.11', 'mysql-9.7'];

/**
 * How much of the matrix is run. LOCKSTEP_CRASH unset: kills on one version, at a third of the points by the seed, and
 * at about ten of a plan that has many. `ci`: kills at every point once per
 * flavour, and freezes at a sample of them by the seed (LOCKSTEP_SEED). `all`: everything on every version, of which
 * LOCKSTEP_SHARD=I/N takes its part.
 */
export function crashPlan() {
  const extent = process.env['LOCKSTEP_CRASH'] ?? 'short';
  const seed = Number(process.env['LOCKSTEP_SEED'] ?? randomInt(2 ** 31));
  const [shard = 1, shards = 1] = (process.env['LOCKSTEP_SHARD'] ?? '1/1').split('/').map(Number);
  const versions = extent === 'all' ? matrix : matrix.filter((name) => (extent === 'ci' ? flavours : flavours.slice(0, 1)).includes(name)); // prettier-ignore
  const chosen = (key: string, one: number, of: number) => hash(`${seed} ${key}`) % of < one;

  function cases(version: string, procedure: string, points: readonly string[], undone: readonly Undone[]) {
    const lives = [...points.map((point) => [point]), ...undone.flatMap((one) => one.points.map((point) => [one.after, point]))]; // prettier-ignore
    const all = lives.flatMap((each): PlannedCrash[] => [
      { points: each, deed: 'kill' },
      // What is frozen goes on when it is thawed: a second point is another life's.
      ...(each.length === 1 ? [{ points: each, deed: 'freeze' as const }] : []),
    ]);
    const only = process.env['LOCKSTEP_CRASH_ONLY'];
    return all.filter(({ points: at, deed }, index) => {
      if (only !== undefined) return `${procedure} ${deed} ${at.join()}` === only;
      if (extent === 'all') return index % shards === shard - 1;
      const key = `${version} ${procedure} ${at.join()}`;
      if (extent === 'ci') return deed === 'kill' || chosen(key, 1, 8);
      return deed === 'kill' && chosen(key, 1, Math.max(3, Math.ceil(lives.length / most)));
    });
  }

  return { versions, cases, words: `extent ${extent}, seed ${seed}, shard ${shard}/${shards}` };
}

/** FNV-1a: the same seed chooses the same points. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const one of text) value = Math.imul(value ^ (one.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
