import { request, type RequestOptions } from 'node:http';

export interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A reader of server-sent events that takes them as they come over the wire. */
export class EventReader {
  status = 0;
  type = '';
  /** Comments, for the signs of life. */
  beats = 0;
  ended = false;
  readonly told: Told[] = [];
  #waiting: (() => void)[] = [];

  /** Resolves once the answer has begun. */
  static open(url: string, options: RequestOptions = {}): Promise<EventReader & { readonly close: () => void }> {
    return new Promise((resolve, reject) => {
      const reader = new EventReader();
      const asked = request(url, { agent: false, ...options }, (response) => {
        reader.status = response.statusCode ?? 0;
        reader.type = response.headers['content-type'] ?? '';
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          const whole = text.split('\n\n');
          text = whole.pop() ?? '';
          for (const block of whole) reader.#take(block);
        });
        response.on('error', () => undefined);
        response.once('close', () => {
          reader.ended = true;
          reader.#changed();
        });
        resolve(Object.assign(reader, { close: () => asked.destroy() }));
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  /** The events so far, once there are so many, or the stream has ended. */
  async until(count: number): Promise<readonly Told[]> {
    while (this.told.length < count && !this.ended) await this.#change();
    return this.told;
  }

  async end(): Promise<readonly Told[]> {
    while (!this.ended) await this.#change();
    return this.told;
  }

  async beat(): Promise<void> {
    const before = this.beats;
    while (this.beats === before && !this.ended) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(block: string): void {
    if (block.startsWith(':')) this.beats += 1;
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    const data = field('data');
    if (data !== '') this.told.push({ event: field('event'), id: field('id'), data: JSON.parse(data) as Told['data'] });
    this.#changed();
  }
}
