export type Release = () => void | Promise<void>;

/**
 * Things to release, in the reverse of the order in which they were taken.
 * Releasing twice is harmless; one release that fails does not keep the others from running.
 */
export class Scope implements AsyncDisposable {
  #releases: Release[] = [];

  /** Take ownership: `release` runs when the scope ends. Returns `thing`, so that taking reads as one expression. */
  own<T>(thing: T, release: (thing: T) => void | Promise<void>): T {
    this.#releases.push(() => release(thing));
    return thing;
  }

  defer(release: Release): void {
    this.#releases.push(release);
  }

  /** @throws AggregateError holding every release that failed, after all have been tried. */
  async end(): Promise<void> {
    const failures: unknown[] = [];
    for (;;) {
      const release = this.#releases.pop();
      if (release === undefined) break;
      try {
        await release();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `${failures.length} of the things held could not be released`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}
