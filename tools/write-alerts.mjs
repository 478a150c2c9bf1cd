// Writes alerts/*.rules.yml from the built code: `npm run alerts`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { ruleFiles } from '../dist/alerts/files.js';
import { valuesWith } from '../dist/alerts/settings.js';

const folder = new URL('../alerts/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const { name, text } of ruleFiles(valuesWith())) writeFileSync(new URL(name, folder), text);
