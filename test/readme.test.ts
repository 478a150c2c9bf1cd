import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { grantBlocks, operateGrantBlocks } from '../src/dialects/readme-grants.js';
import { metricTable } from '../src/metrics/readme-table.js';

const root = path.join(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

it.each([
  ['metrics', metricTable()],
  ['grants', grantBlocks()],
  ['operate-grants', operateGrantBlocks()],
])('holds the generated part "%s" as the code has it', (name, generated) => {
  const [begin, end] = [`<!-- ${name}:begin -->\n\n`, `\n\n<!-- ${name}:end -->`];
  const from = readme.indexOf(begin);
  expect(from, `README.md lacks the marker ${begin.trim()}`).toBeGreaterThan(-1);
  const part = readme.slice(from + begin.length, readme.indexOf(end));
  expect(part, `${name} in README.md is stale: run \`npm run docs\` and commit the README`).toBe(generated);
});

it('points only to files that are there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !existsSync(path.join(root, link)))).toEqual([]);
});
