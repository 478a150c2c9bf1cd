import type { Response } from 'express';
import { Problem } from './problem.js';

export interface StreamLimits {
  /** Streams at a time. Default 100. */
  readonly most: number;
  /** Between two signs of life, milliseconds. Default 15 s: below the patience of every proxy. */
  readonly beat: number;
  /** What a reader that does not read may leave unsent before it is cut off, bytes. Default 1 MiB. */
  readonly unsent: number;
}

const defaults = { most: 100, beat: 15_000, unsent: 1 << 20 } satisfies StreamLimits;
/** A browser that lost us asks again after so many milliseconds. */
const retry = 2000;

/** The server-sent event streams of one listener. */
export class Streams {
  readonly #open = new Set<Stream>();
  readonly #limits: StreamLimits;
  #over = false;

  constructor(limits: Partial<StreamLimits> = {}) {
    this.#limits = { ...defaults, ...limits };
  }

  /** Takes the answer over. @throws Problem `too-many-streams`, `not-ready` */
  open(response: Response): Stream {
    if (this.#over) throw new Problem('not-ready', 'stopping');
    if (this.#open.size >= this.#limits.most)
      throw new Problem('too-many-streams', `${this.#limits.most} event streams are open already`);
    const stream = new Stream(response, this.#limits);
    this.#open.add(stream);
    stream.closed(() => this.#open.delete(stream));
    return stream;
  }

  /** Readers come back, are asked anew who they are, and go on where they stood. */
  renew(): void {
    for (const stream of [...this.#open]) stream.end();
  }

  /** Ends all and lets nobody in any more. */
  end(): void {
    this.#over = true;
    this.renew();
  }
}

/** One reader. Writing to one that has gone is harmless. */
export class Stream {
  readonly #beat: NodeJS.Timeout;

  constructor(
    private readonly response: Response,
    private readonly limits: StreamLimits,
  ) {
    response.status(200).set({ 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    this.#write(`retry: ${retry}\n\n`);
    this.#beat = setInterval(() => this.#write(': beat\n\n'), limits.beat);
    this.closed(() => clearInterval(this.#beat));
  }

  /** @param id where in the journal it stands @param data JSON */
  send(event: string, id: number, data: unknown): void {
    this.#write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(): void {
    this.response.end();
  }

  /** Told once, when the reader has gone or the stream was ended; at once if that is so already. */
  closed(listener: () => void): void {
    if (this.response.destroyed || this.response.closed) listener();
    else this.response.once('close', listener);
  }

  #write(text: string): void {
    if (this.response.writableEnded || this.response.destroyed) return;
    this.response.write(text);
    if (this.response.writableLength > this.limits.unsent) this.response.destroy();
  }
}
