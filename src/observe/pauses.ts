import { raced } from '../base/deadline.js';
import type { ClusterName } from '../domain/snapshot.js';

/** No pause lasts longer, whatever becomes of who asked for it, milliseconds. */
const longest = 5000;

/** Clusters that are not to be looked at for a moment, but by whoever asked for that. */
export class Pauses {
  readonly #open = new Map<ClusterName, Set<Promise<void>>>();

  /** Begins one; the returned function ends it, harmless twice. */
  begin(cluster: ClusterName): () => void {
    let end = (): void => undefined;
    const pause = new Promise<void>((resolve) => (end = resolve));
    const timer = setTimeout(() => end(), longest);
    const open = this.#open.get(cluster) ?? new Set();
    this.#open.set(cluster, open.add(pause));
    void pause.then(() => {
      clearTimeout(timer);
      open.delete(pause);
    });
    return end;
  }

  has(cluster: ClusterName): boolean {
    return (this.#open.get(cluster)?.size ?? 0) > 0;
  }

  /** Settles when there is none any more, or the signal aborts. */
  async over(cluster: ClusterName, signal: AbortSignal): Promise<void> {
    while (this.has(cluster) && !signal.aborted)
      await raced(Promise.all([...(this.#open.get(cluster) ?? [])]), signal).catch(() => undefined);
  }
}
