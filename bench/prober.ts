import { gunzipSync } from 'node:zlib';
import { Scraper } from './scraper.js';

/** What came of one scrape. */
export interface Probed {
  readonly target: number;
  readonly milliseconds: number;
  /** The page came, and says that the server is up. */
  readonly up: boolean;
}

/**
 * Scrapes every target once per interval, evenly spread, each over a connection of its own, as Prometheus does; and one
 * more page, Lockstep's own, once per interval when it is wanted. A target whose scrape has not ended is not scraped again.
 */
export class Prober {
  readonly #scrapers: readonly Scraper[];
  readonly #own = new Scraper();
  readonly #busy = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #began = 0;
  #sent = 0;
  #ownSent = 0;
  #probed: Probed[] = [];
  #pages: number[] = [];
  /** Whether Lockstep's own page is scraped too. */
  withMetrics = false;

  constructor(
    readonly urls: readonly string[],
    readonly metricsUrl: string,
    /** Milliseconds. */
    readonly interval: number,
  ) {
    this.#scrapers = urls.map(() => new Scraper());
  }

  start(): void {
    this.#began = performance.now();
    this.#timer = setInterval(() => this.#tick(), 2);
  }

  /** What ended since the last call. */
  take(): { readonly probed: readonly Probed[]; readonly pages: readonly number[] } {
    const taken = { probed: this.#probed, pages: this.#pages };
    this.#probed = [];
    this.#pages = [];
    return taken;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const scraper of [...this.#scrapers, this.#own]) scraper.close();
  }

  #tick(): void {
    const elapsed = performance.now() - this.#began;
    const due = Math.floor((elapsed / this.interval) * this.urls.length);
    for (; this.#sent < due; this.#sent += 1) void this.#probe(this.#sent % this.urls.length);
    const pages = Math.floor(elapsed / this.interval);
    if (pages > this.#ownSent && this.withMetrics) void this.#page();
    this.#ownSent = pages;
  }

  async #probe(target: number): Promise<void> {
    const url = this.urls[target];
    if (url === undefined || this.#busy.has(target)) return;
    this.#busy.add(target);
    const began = performance.now();
    try {
      const scraped = await this.#scrapers[target]?.scrape(url);
      if (scraped === undefined) return;
      const up = scraped.status === 200 && /^mysql_up\{[^}]*\} 1$/m.test(gunzipSync(scraped.body).toString('latin1'));
      this.#probed.push({ target, milliseconds: scraped.milliseconds, up });
    } catch {
      this.#probed.push({ target, milliseconds: performance.now() - began, up: false });
    } finally {
      this.#busy.delete(target);
    }
  }

  async #page(): Promise<void> {
    try {
      const { status, milliseconds } = await this.#own.scrape(this.metricsUrl);
      this.#pages.push(status === 200 ? milliseconds : NaN);
    } catch {
      this.#pages.push(NaN);
    }
  }
}
