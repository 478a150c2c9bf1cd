import { Agent, get } from 'node:http';

/** What one scrape brought and how long it took. */
export interface Scraped {
  readonly status: number;
  /** From sending the request to the last byte of the answer, milliseconds. */
  readonly milliseconds: number;
  /** As it came over the network: compressed. */
  readonly body: Buffer;
}

/** What Prometheus 3 sends with every scrape. */
const headers = {
  Accept:
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
  'Accept-Encoding': 'gzip',
  'User-Agent': 'Prometheus/3.5.0',
  'X-Prometheus-Scrape-Timeout-Seconds': '10',
} as const;

/** Scrapes as Prometheus does: gzip wanted, and each target over a connection of its own that is kept between scrapes. */
export class Scraper {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 10_000, scheduling: 'fifo' });

  /** @throws when no whole answer came within `timeout` milliseconds */
  scrape(url: string, timeout = 15_000): Promise<Scraped> {
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const request = get(url, { agent: this.#agent, headers, timeout }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            milliseconds: performance.now() - began,
            body: Buffer.concat(chunks),
          }),
        );
      });
      request.once('error', reject);
      request.once('timeout', () => request.destroy(new Error(`${url} did not answer within ${timeout} ms`)));
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
