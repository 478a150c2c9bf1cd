import { deadline } from '../base/deadline.js';
import { messageOf } from '../base/errors.js';
import type { Scene } from '../domain/scene.js';
import { recalled, type BookedRun } from './book.js';
import type { Shop } from './shop.js';

/** How often ended runs whose problem was still observed are looked at again, milliseconds. */
const lookAgain = 15_000;
const lookWithin = 15_000;

/**
 * Closes episodes: one lasts from the first alert until its run has ended and what it would mend is no longer
 * observed. Until then repeats of the alert begin nothing.
 */
export class Episodes {
  #underway: Promise<void> | undefined;
  #again = false;

  constructor(readonly shop: Shop) {}

  /** Looks now and then until the process stops. */
  async keep(): Promise<void> {
    const { ports, stopping } = this.shop;
    while (!stopping.aborted) {
      await ports.clock.sleep(lookAgain, stopping).catch(() => undefined);
      await this.check();
    }
  }

  /** Looks now; calls that come meanwhile share one more look. */
  check(): Promise<void> {
    if (this.#underway !== undefined) {
      this.#again = true;
      return this.#underway;
    }
    this.#underway = this.#check().finally(() => {
      this.#underway = undefined;
      if (!this.#again) return;
      this.#again = false;
      void this.check();
    });
    return this.#underway;
  }

  async #check(): Promise<void> {
    const { book, stopping, log } = this.shop;
    const ended = [...book.episodes.values()].map((id) => book.run(id)).filter(({ state }) => state === 'ended');
    for (const cluster of new Set(ended.map(({ parameters }) => parameters.cluster))) {
      if (stopping.aborted) return;
      try {
        await this.#ofCluster(
          cluster,
          ended.filter(({ parameters }) => parameters.cluster === cluster),
        );
      } catch (cause) {
        log.warn({ cluster, error: messageOf(cause) }, 'whether ended episodes are over could not be seen');
      }
    }
  }

  async #ofCluster(cluster: string, ended: readonly BookedRun[]): Promise<void> {
    const { shop } = this;
    const limit = deadline(lookWithin, shop.stopping);
    try {
      const seen = await shop.considering(() => shop.ports.observer.look(cluster, limit.signal, 'recent'));
      const scene = recalled(seen, shop.book);
      for (const run of ended)
        if (this.#isOver(run, scene)) await shop.write({ v: 1, run: run.id, type: 'episode-over' });
    } finally {
      limit.clear();
    }
  }

  /** One that cannot be judged keeps no other open. */
  #isOver({ id, procedure, parameters }: BookedRun, scene: Scene): boolean {
    try {
      return this.shop.procedure(procedure).needed(scene, parameters).observed === 'no';
    } catch (cause) {
      this.shop.log.warn({ run: id, error: messageOf(cause) }, 'whether an ended episode is over could not be judged');
      return false;
    }
  }
}
