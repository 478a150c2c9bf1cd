import { once } from 'node:events';
import { EventEmitter } from 'node:events';

/** As much of an event as benchmarks need. */
export interface SeenEvent {
  readonly type: string;
  /** Milliseconds since the Unix epoch, by the instance's clock. */
  readonly at: number;
  readonly step?: string;
  readonly run: { readonly outcome?: string; readonly why: string };
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

  /** The first one since {@link forget} that is wanted. @param within milliseconds */
  async until(wanted: (event: SeenEvent) => boolean, within: number): Promise<SeenEvent> {
    const signal = AbortSignal.timeout(within);
    for (;;) {
      const found = this.seen.find(wanted);
      if (found !== undefined) return found;
      await once(this.#arrived, 'event', { signal });
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    for await (const bytes of body.pipeThrough(new TextDecoderStream())) {
      text += bytes;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) this.#take(part);
    }
  }

  #take(part: string): void {
    const field = (name: string) =>
      part
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const data = field('data');
    if (data === undefined || field('event') === 'state') return;
    this.seen.push(JSON.parse(data) as SeenEvent);
    this.#arrived.emit('event');
  }
}
