// Writes the boards in dashboards/ from the built code: `npm run docs`.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { boardFiles } from '../dist/dashboards/boards.js';

const directory = new URL('../dashboards/', import.meta.url);
const files = boardFiles();
for (const [name, text] of files) writeFileSync(new URL(name, directory), text);
for (const name of readdirSync(directory)) {
  if (name.endsWith('.json') && !files.has(name)) rmSync(new URL(name, directory));
}
