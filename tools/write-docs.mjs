// Writes the generated parts of the README from the built code: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { metricTable } from '../dist/metrics/readme-table.js';

const readme = new URL('../README.md', import.meta.url);
const [begin, end] = ['<!-- metrics:begin -->', '<!-- metrics:end -->'];
const text = readFileSync(readme, 'utf8');
const from = text.indexOf(begin);
const to = text.indexOf(end);
if (from === -1 || to < from) {
  console.error(`README.md has no ${begin} followed by ${end}: put both where the table of metrics belongs.`);
  process.exit(1);
}
writeFileSync(readme, `${text.slice(0, from + begin.length)}\n\n${metricTable()}\n\n${text.slice(to)}`);
