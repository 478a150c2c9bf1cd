import { expect, it } from 'vitest';
import { boardFiles } from '../../src/dashboards/boards.js';
import { readBoards } from './boards.js';

it('holds in dashboards/ what the code builds, and nothing else', () => {
  const files = boardFiles();
  const committed = readBoards();
  const refresh = 'run `npm run docs` and commit dashboards/';
  expect(
    committed.map(({ file }) => file),
    `dashboards/ holds other files than the code builds: ${refresh}`,
  ).toEqual([...files.keys()].sort());
  for (const { file, text } of committed) {
    expect(text === files.get(file), `dashboards/${file} is stale: ${refresh}`).toBe(true);
  }
});
