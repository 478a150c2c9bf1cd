import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

const source = path.join(import.meta.dirname, '../../src');

it('builds boards for the repository alone: what a user runs never imports the builders', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const others = files.filter((file) => !file.startsWith(`dashboards${path.sep}`));
  expect(others.length).toBeGreaterThan(100);
  const importing = others.filter((file) =>
    /from '[./]*\/dashboards\/|import\('[./]*\/dashboards\/|@grafana\//.test(
      readFileSync(path.join(source, file), 'utf8'),
    ),
  );
  expect(importing).toEqual([]);
});
