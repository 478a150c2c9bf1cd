/** What a chaos run came to, summed over its rounds. */
export class Counts {
  readonly #counts = new Map<string, Map<string, number>>();

  /** @param of such as `writes`, `faults`, `switchover` */
  add(of: string, what: string, by = 1): void {
    const own = this.#counts.get(of) ?? new Map<string, number>();
    this.#counts.set(of, own);
    own.set(what, (own.get(what) ?? 0) + by);
  }

  get(of: string, what: string): number {
    return this.#counts.get(of)?.get(what) ?? 0;
  }

  merge(other: Counts): void {
    for (const [of, own] of other.#counts) for (const [what, count] of own) this.add(of, what, count);
  }

  /** A line for each kind: `writes: 12000 acked, 3 unknown`. */
  lines(): readonly string[] {
    return [...this.#counts].map(([of, own]) => {
      const all = [...own].sort(([a], [b]) => a.localeCompare(b)).map(([what, count]) => `${count} ${what}`);
      return `${of}: ${all.join(', ')}`;
    });
  }
}
