import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { metricTable } from '../../src/metrics/readme-table.js';

it('stands in the README as the catalogue has it', () => {
  const readme = readFileSync(path.join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, table] = /<!-- metrics:begin -->\n\n([\s\S]*?)\n\n<!-- metrics:end -->/.exec(readme) ?? [];
  expect(table, 'the table of metrics in README.md is stale: run `npm run docs` and commit the README').toBe(
    metricTable(),
  );
});
