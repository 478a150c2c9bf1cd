import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { catalogue, type MetricName } from '../../src/metrics/catalogue.js';

const live = path.join(import.meta.dirname, '../live');

/**
 * Metrics of automation that no live test asserts yet, for what they tell of is not there to be provoked; test/metrics
 * asserts them on a real page of /metrics. A name goes from this list as soon as a live test asserts it.
 */
const notYetLive: readonly MetricName[] = [];

/**
 * Every metric must be asserted with a value that a real server was made to show. Whether the assertion is a good one
 * only a reader can tell; that there is one, this can: its name, quoted, in the statement of an `expect` or of a
 * condition that is waited for and else fails, or in a function that reads it for one.
 */
it('is every metric of the catalogue asserted on real servers', () => {
  const texts = readdirSync(live)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(path.join(live, file), 'utf8'));
  const missing = catalogue.map(({ name }) => name).filter((name) => !texts.some((text) => asserts(text, name)));
  expect(missing, 'no test in test/live asserts these, or notYetLive names some that one does').toEqual(notYetLive);
});

it('are the metrics of automation asserted in a room at least', () => {
  const text = readFileSync(path.join(import.meta.dirname, 'automation.test.ts'), 'utf8');
  expect(notYetLive.filter((name) => !asserts(text, name))).toEqual([]);
});

it('takes a name for asserted only where something is expected of it', () => {
  expect(asserts("expect(page.value('mysql_up')).toBe(1);", 'mysql_up')).toBe(true);
  expect(asserts("expect(grown(a, b, 'mysql_x_total')).toBe(2);", 'mysql_x_total')).toBe(true);
  const reader = "function up(page) {\n  return page.value('mysql_up');\n}\n";
  expect(asserts(`expect(up(page)).toBe(1);\n${reader}`, 'mysql_up')).toBe(true);
  expect(asserts(`up(page);\n${reader}`, 'mysql_up')).toBe(false);
  expect(asserts("const x = page.value('mysql_up');", 'mysql_up')).toBe(false);
  expect(asserts("expect(page.value('mysql_up_since')).toBe(1);", 'mysql_up')).toBe(false);
  expect(asserts('// mysql_up', 'mysql_up')).toBe(false);
});

/** Its name stands in a statement that expects or awaits something, or in a function of the file that one calls. */
function asserts(text: string, name: string): boolean {
  // A histogram is asserted by one of its series.
  const quoted = new RegExp(`'${name}(?:_bucket|_count|_sum)?'`);
  const readers = [...text.matchAll(/^(?:async )?function (\w+)\([\s\S]*?^\}/gm)]
    .filter(([body]) => quoted.test(body))
    .map(([, reader]) => reader);
  const wanted = new RegExp([quoted.source, ...readers.map((reader) => `\\b${reader}\\(`)].join('|'));
  return statements(text).some((statement) => wanted.test(statement) && /\bexpect\w*\(|\b\w+Until\(/.test(statement));
}

/** Cut at the ends of statements, roughly: a semicolon at the end of a line. */
function statements(text: string): readonly string[] {
  return text.split(/;\s*$/m);
}
