import type { Progress } from '../../../domain/progress.js';
import type { ServerName } from '../../../domain/snapshot.js';
import type { Fixed } from './fixed.js';
import type { Governor } from './governor.js';
import type { TableToFill } from './tables.js';

/** Milliseconds. */
const tellEvery = 1000;

/** Counts what came, and what was there, and tells about it once a second. */
export class Count {
  readonly #began = performance.now();
  readonly #total: number;
  #told = this.#began;
  /** Bytes of text, and of the server's estimate for what was there. */
  #done = 0;
  /** Rows that were copied. */
  copied = 0;
  /** Rows that were there from an earlier try, and equal. */
  stayed = 0;

  constructor(
    readonly from: ServerName,
    tables: readonly TableToFill[],
    readonly governor: Governor,
    readonly progress: (progress: Progress) => void,
    readonly stirred: () => void,
  ) {
    this.#total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** @returns what is to be waited for before more is read */
  came({ name }: TableToFill, rows: number, bytes: number): Promise<void> | undefined {
    this.copied += rows;
    this.#done += bytes;
    if (bytes > 0) this.stirred();
    const now = performance.now();
    if (now - this.#told >= tellEvery) {
      this.#told = now;
      const [done, seconds] = [Math.round(this.#done), (now - this.#began) / 1000];
      const at = `${this.from} (${name.replaceAll('`', '')}, ${this.copied} rows)`;
      this.progress({ at, unit: 'bytes', done, total: Math.max(this.#total, done), rate: done / seconds });
    }
    return this.governor.gate;
  }
}

/** One sentence for people. */
export function costOf(spent: {
  readonly from: ServerName;
  readonly fixed: Fixed;
  /** How long tables without transactions were locked, milliseconds; undefined: there are none. */
  readonly lockedFor: number | undefined;
  /** Milliseconds. */
  readonly rested: number;
  /** Grants that were left out. */
  readonly passed: readonly string[];
  readonly count: Pick<Count, 'copied' | 'stayed'>;
}): string {
  const { from, fixed, lockedFor, rested, passed, count } = spent;
  const words = [
    `Commits on ${from} waited for at most ${Math.ceil(fixed.stoppedFor)} ms`,
    ...(lockedFor === undefined ? [] : [`writes to its tables without transactions for at most ${Math.ceil(lockedFor)} ms`]), // prettier-ignore
    ...(count.stayed === 0 ? [] : [`of what had come before the copy was interrupted, ${count.stayed} rows were found equal and kept, and ${count.copied} were copied`]), // prettier-ignore
    ...(rested === 0 ? [] : [`the copy rested for ${Math.round(rested / 1000)} s because ${from} was busy or behind`]),
    ...(passed.length === 0 ? [] : [`grants on what no longer exists were left out: ${passed.length}`]),
  ];
  return `${words.join('; ')}.`;
}
