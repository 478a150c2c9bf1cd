// Writes the generated parts of the README and the description of the API from the built code: `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { grantBlocks, operateGrantBlocks } from '../dist/dialects/readme-grants.js';
import { allApiRoutes } from '../dist/http/api-routes.js';
import { openApiDocument } from '../dist/http/openapi.js';
import { metricTable } from '../dist/metrics/readme-table.js';

const readme = new URL('../README.md', import.meta.url);
const parts = { grants: grantBlocks(), 'operate-grants': operateGrantBlocks(), metrics: metricTable() };

let text = readFileSync(readme, 'utf8');
for (const [name, content] of Object.entries(parts)) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from === -1 || to < from) {
    console.error(`README.md has no ${begin} followed by ${end}: put both where the generated part belongs.`);
    process.exit(1);
  }
  text = `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
writeFileSync(readme, text);

const description = openApiDocument(allApiRoutes);
writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(description, null, 2)}\n`);
