import fc from 'fast-check';
import { expect, it } from 'vitest';
import { faultPointsOf, undoPointsOf } from '../../src/engine/faults.js';
import { planOf } from '../../src/engine/plan.js';
import { story } from './story.js';
import { sceneOf, recordedSwitchover, ToyWorld } from './toy.js';

const world = new ToyWorld();
const plan = planOf(recordedSwitchover, sceneOf(world.snapshot()), { cluster: 'production' });
const points = [...faultPointsOf(plan), ...undoPointsOf('close'), 'send', 'sent'];

it('has fault points on both sides of everything', () => {
  expect(points).toContain('section:switch:begins');
  expect(points).toContain('step:promote:ends');
  expect(points).toContain('undo:close:begins');
});

function expectWhole({ world, run, change }: Awaited<ReturnType<typeof story>>): void {
  const { db1, db2 } = world.servers;
  expect(world.doubles, 'two servers accepted writes').toBe(0);
  expect([db1, db2].filter(({ writable }) => writable).length, 'writable servers at the end').toBe(1);
  expect(
    [...world.sessions.values()].filter(({ frozen }) => frozen),
    'locks left',
  ).toEqual([]);
  expect(run?.state, run?.why).toBe('ended');
  const switched = db2.writable;
  expect(run?.outcome, run?.why).toBeOneOf(switched ? ['succeeded'] : ['rolled-back', 'failed', 'cancelled']);
  if (world.closed && !switched) expect(run?.outcome, 'it was closed, and opened again').toBe('rolled-back');
  // Whoever died, and whenever: the journal tells who is the primary since.
  expect(change).toEqual(
    switched ? (expect.objectContaining({ primary: 'db2', former: 'db1' }) as unknown) : undefined,
  );
  const primary = switched ? db2 : db1;
  expect(
    [...world.acknowledged].filter((row) => !primary.rows.includes(row)),
    'acknowledged and lost',
  ).toEqual([]);
}

it('switches over when nobody dies', async () => {
  const end = await story([]);
  expectWhole(end);
  expect(end.run?.outcome).toBe('succeeded');
});

it.each(points)('comes to the state before or after when it dies at %s', async (point) => {
  expectWhole(await story([{ point, skip: 0, down: undefined }]));
});

it('comes to the state before or after, whoever dies where and how often', async () => {
  const seed = Number(process.env['LOCKSTEP_SEED'] ?? Date.now() % 2 ** 31);
  const deathOf = fc.record({
    point: fc.constantFrom(...points),
    skip: fc.nat(3),
    down: fc.option(fc.constantFrom('db1' as const, 'db2' as const), { nil: undefined, freq: 4 }),
  });
  process.stderr.write(`model of the engine: seed ${seed}\n`);
  await fc.assert(
    fc.asyncProperty(fc.array(deathOf, { minLength: 1, maxLength: 5 }), async (deaths) =>
      expectWhole(await story(deaths)),
    ),
    { seed, numRuns: 200 },
  );
});
