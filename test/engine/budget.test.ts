import { expect, it } from 'vitest';
import type { Procedure } from '../../src/engine/procedure.js';
import { toyEngines, toyRules } from './bench.js';
import { failing } from './toy.js';

const toyEngine = toyEngines();

it.each([
  { cluster: 1, overall: 100 },
  { cluster: 100, overall: 1 },
])('holds the budget of $cluster and $overall when alerts come together', async (runsPerHour) => {
  const perServer: Procedure = {
    ...failing,
    locks: 'server',
    parameters: [{ name: 'server', kind: 'server', required: true, help: '' }],
  };
  const toy = await toyEngine({ procedure: perServer, rules: { ...toyRules, runsPerHour, waitAtMost: 100_000 } });
  let go = (): void => undefined;
  toy.gate = { point: 'run:locked', open: new Promise((resolve) => (go = resolve)) };
  const asked = await Promise.all(
    ['db1', 'db2'].map((server) => toy.ask({ parameters: { cluster: 'production', server } })),
  );
  // Neither may start before both are planned.
  await Promise.all(asked.map(({ id }) => toy.until(id, ({ digest }) => digest !== undefined)));
  go();
  const [first, other] = await Promise.race(
    asked.map(async ({ id }, index) => [await toy.ended(id), asked[1 - index]] as const),
  );
  expect(first.outcome).toBe('failed');
  await toy.waits(other?.id ?? '', 'budget');
  expect(toy.types(other?.id ?? '')).not.toContain('started');
});
