import type { AnnouncedCluster } from './announcer.js';
import { readersAt, type ReadSide, type ReadersChange, type ReadersReading } from './read-side.js';
import { ask, post, toldOf, webhookFailed, type WebhookSettings } from './webhook.js';

/**
 * The receiver of an announcer, told of its read side: acts `withdraw` and `return`, with `replica` and, where it may stand
 * in, `fallback` in the place of `primary`. What is asked for reading answers with `readers`, a list of addresses, besides.
 */
export class WebhookReaders implements ReadSide {
  constructor(
    readonly settings: WebhookSettings,
    readonly cluster: AnnouncedCluster,
  ) {}

  /** What a receiver would do is not known before it does it. */
  prepare(): Promise<void> {
    return Promise.resolve();
  }

  change({ act, server, fallback }: ReadersChange, signal: AbortSignal): Promise<void> {
    const told = { replica: toldOf(server), fallback: fallback === undefined ? null : toldOf(fallback) };
    return post(this.settings, this.cluster, act, told, signal);
  }

  async read(signal: AbortSignal): Promise<ReadersReading | undefined> {
    const answer = await ask(this.settings, signal);
    if (answer === undefined) return undefined;
    const readers = answer['readers'];
    if (!Array.isArray(readers) || readers.some((one) => typeof one !== 'string'))
      throw webhookFailed('it was asked from whom applications read, and answered without {"readers": ["192.0.2.2:3306"]}'); // prettier-ignore
    return readersAt(this.cluster, readers as readonly string[]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
