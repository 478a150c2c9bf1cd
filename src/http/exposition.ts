import type { Request, Response } from 'express';
import { promisify } from 'node:util';
import { constants, gzip, gzipSync } from 'node:zlib';
import { deadline, raced } from '../base/deadline.js';
import { openMetricsType, takesGzip, textType, wantsOpenMetrics } from './negotiate.js';
import type { ScrapeRequest } from './ports.js';
import { Problem, quoted } from './problem.js';

/** Shorter bodies are sent as they are: compressing them saves no packet. Bytes. */
const worthCompressing = 1024;
/** Longer bodies are compressed on another thread. The way there and back costs more than a shorter one is worth. Bytes. */
const worthAnotherThread = 256 * 1024;
/** The fastest level: repeated names shrink tenfold even so, and the processor is the scarcer thing. */
const level = constants.Z_BEST_SPEED;
/** The scraper's time less this is ours, so that the answer still travels. Seconds. */
const travelSeconds = 0.25;
/** After its signal aborted, `collect` has this long to hand in what it knows: a server that hangs is a fact to tell. Seconds. */
const lastWordSeconds = 0.15;
/** No scrape is waited for longer, whatever its header says. Seconds. */
const longestSeconds = 120;

const compress = promisify(gzip);

/**
 * Answers a scrape: agrees on the format, lets `collect` work until shortly before the scraper gives up or hangs up,
 * and sends what it gives, compressed where that is wanted.
 * @param defaultSeconds the time for a scraper that does not say how long it waits
 * @param writingSeconds how much of its time `collect` needs once it waits for no server any more, default 0
 */
export async function expose(
  request: Request,
  response: Response,
  defaultSeconds: number,
  collect: (scrape: ScrapeRequest) => Promise<string>,
  writingSeconds = 0,
): Promise<void> {
  const openMetrics = wantsOpenMetrics(request.headers.accept);
  const gone = new AbortController();
  const leave = () => gone.abort(new Error('the scraper hung up'));
  const budget = scrapeSeconds(request.get('X-Prometheus-Scrape-Timeout-Seconds'), defaultSeconds);
  const last = deadline((budget + Math.min(lastWordSeconds, budget / 2)) * 1000, gone.signal);
  const soft = deadline((budget - Math.min(writingSeconds, budget / 4)) * 1000, gone.signal);
  response.once('close', leave);
  let text: string;
  try {
    text = await raced(collect({ signal: soft.signal, openMetrics }), last.signal);
  } catch (error) {
    if (gone.signal.aborted) return;
    throw soft.signal.aborted ? soft.signal.reason : error;
  } finally {
    soft.clear();
    last.clear();
    response.off('close', leave);
  }
  response.set('Content-Type', openMetrics ? openMetricsType : textType).vary('Accept, Accept-Encoding');
  await send(response, Buffer.from(text), takesGzip(request.get('Accept-Encoding')));
}

/** Seconds that a scrape may take here. @throws Problem `scrape-timeout-malformed` */
export function scrapeSeconds(header: string | undefined, defaultSeconds: number): number {
  if (header === undefined) return defaultSeconds;
  const given = Number(header);
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(header.trim()) || given <= 0)
    throw new Problem('scrape-timeout-malformed', `X-Prometheus-Scrape-Timeout-Seconds was ${quoted(header)}`);
  // A scraper with less patience than twice the margin still leaves us half of it.
  return Math.min(longestSeconds, Math.max(given - travelSeconds, given / 2));
}

async function send(response: Response, body: Buffer, zipped: boolean): Promise<void> {
  let bytes = body;
  if (zipped && body.length > worthCompressing) {
    bytes = body.length > worthAnotherThread ? await compress(body, { level }) : gzipSync(body, { level });
    response.set('Content-Encoding', 'gzip');
  }
  response.set('Content-Length', String(bytes.length)).end(bytes);
}
