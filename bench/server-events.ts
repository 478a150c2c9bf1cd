import { EventEmitter, once } from 'node:events';
import { parseEvents } from '../src/cli/server-events.js';

/** As much of an event as benchmarks need. */
export interface SeenEvent {
  readonly type: string;
  /** Milliseconds since the Unix epoch, by the instance's clock. */
  readonly at: number;
  readonly step?: string;
  readonly run: { readonly id: string; readonly outcome?: string; readonly why: string };
}

/** A stream of server-sent events, remembered. */
export class ServerEvents {
  readonly seen: SeenEvent[] = [];
  readonly #arrived = new EventEmitter();
  readonly #ending = new AbortController();

  static async open(url: string, token: string): Promise<ServerEvents> {
    const events = new ServerEvents();
    const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` }, signal: events.#ending.signal });
    if (!response.ok || response.body === null) throw new Error(`no events: ${response.status}`);
    void events.#read(response.body).catch(() => undefined);
    return events;
  }

  forget(): void {
    this.seen.length = 0;
  }

  close(): void {
    this.#ending.abort();
  }

  /** The first one since {@link forget} that is wanted. @param within milliseconds; the error tells what came instead */
  async until(wanted: (event: SeenEvent) => boolean, within: number): Promise<SeenEvent> {
    const signal = AbortSignal.timeout(within);
    for (;;) {
      const found = this.seen.find(wanted);
      if (found !== undefined) return found;
      await once(this.#arrived, 'event', { signal }).catch((cause: unknown) => {
        const { type, run } = this.seen.at(-1) ?? {};
        throw new Error(`within ${within / 1000} s no event came that was waited for; the last: ${type ?? 'none'} ${run?.id ?? ''} ${run?.why ?? ''}`, { cause }); // prettier-ignore
      });
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    for await (const { event, data } of parseEvents(body.pipeThrough(new TextDecoderStream()))) {
      if (event === 'state') continue;
      this.seen.push(data as SeenEvent);
      this.#arrived.emit('event');
    }
  }
}
