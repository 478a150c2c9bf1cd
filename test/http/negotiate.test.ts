import { expect, it } from 'vitest';
import { takesGzip, wantsOpenMetrics } from '../../src/http/negotiate.js';
import { scrapeSeconds } from '../../src/http/exposition.js';
import { FailureLimit } from '../../src/http/limiter.js';

it.each([
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['text/plain', false],
  ['application/json', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0', true],
  ['application/openmetrics-text; version="1.0.0"; charset=utf-8', true],
  ['application/openmetrics-text; version=0.0.1', false],
  ['application/openmetrics-text; version=2.0.0', false],
  ['application/openmetrics-text;version=1.0.0;q=0', false],
  ['application/openmetrics-text;q=0.5,text/plain;q=0.9', false],
  ['text/html,application/xhtml+xml,*/*;q=0.8', false],
  // What Prometheus 2.x and 3.x send.
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    true,
  ],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
  [';;;===,,,q', false],
])('Accept %j asks for OpenMetrics: %s', (accept, open) => {
  expect(wantsOpenMetrics(accept)).toBe(open);
});

it.each([
  [undefined, false],
  ['gzip', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['*', true],
  ['gzip;q=0', false],
  ['*;q=0', false],
  ['identity', false],
  ['gzip;q=0, *', false],
])('Accept-Encoding %j takes gzip: %s', (encoding, zipped) => {
  expect(takesGzip(encoding)).toBe(zipped);
});

it.each([
  [undefined, 7],
  ['10', 9.75],
  ['0.3', 0.15],
  ['100000', 120],
])('a scraper that waits %j s leaves %d s', (header, seconds) => {
  expect(scrapeSeconds(header, 7)).toBeCloseTo(seconds, 6);
});

it('counts all of an IPv6 network as one address', () => {
  const limit = new FailureLimit({ monotonic: () => 0 });
  for (let n = 0; n < 10; n += 1) limit.failed(`2001:db8::${n + 1}`);
  expect(limit.waitSeconds('2001:db8:0:0:ffff::1')).toBe(60);
  expect(limit.waitSeconds('2001:db8:0:1::1')).toBe(0);
  expect(limit.waitSeconds('::1')).toBe(0);
  expect(limit.waitSeconds('::ffff:192.0.2.1')).toBe(0);
});
