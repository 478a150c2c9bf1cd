import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf } from '../../src/engine/plan.js';
import { switchover } from '../../src/procedures/switchover.js';
import { reasons } from '../../src/procedures/switchover/checks/check.js';
import { clusterOf, sceneOf } from './scenes.js';
import { changeTo, fit } from './switchover-scenes.js';

const page = path.join(import.meta.dirname, '../../docs/changing-the-primary.md');

it('is documented with the plan that is printed now', async () => {
  const column = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
  const scene = sceneOf(fit(clusterOf(column)));
  const plan = planLines(planOf(switchover, scene, changeTo('db2'))).join('\n');
  const [, shown] = /```plan\n(.*?)\n```/s.exec(await readFile(page, 'utf8')) ?? [];
  expect(shown, 'put the first plan of test/golden/plans/switchover/mariadb-10.11.txt into docs/changing-the-primary.md').toBe(plan); // prettier-ignore
});

it('is documented with every reason to refuse', async () => {
  const [, text = ''] = (await readFile(page, 'utf8')).split('## Why it refuses');
  const rows = [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, reason]) => reason);
  expect(rows.sort()).toEqual([...reasons].sort());
});
