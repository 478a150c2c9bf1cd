import fc from 'fast-check';
import { expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { openEngine, type Engine } from '../../src/engine/engine.js';
import { faultPointsOf, undoPointsOf } from '../../src/engine/faults.js';
import { planOf } from '../../src/engine/plan.js';
import type { EngineRecord } from '../../src/engine/records.js';
import { toyRules } from './bench.js';
import { MemoryJournal } from './memory-journal.js';
import { death, sceneOf, toyPorts, recordedSwitchover, ToyWorld } from './toy.js';

const world = new ToyWorld();
const plan = planOf(recordedSwitchover, sceneOf(world.snapshot()), { cluster: 'production' });
const points = [...faultPointsOf(plan), ...undoPointsOf('close'), 'send', 'sent'];

interface Death {
  readonly point: string;
  /** How many times the point is passed unharmed in that life. */
  readonly skip: number;
  /** A server that is down in the next life, until the life after it. */
  readonly down: 'db1' | 'db2' | undefined;
}

it('has fault points on both sides of everything', () => {
  expect(points).toContain('section:switch:begins');
  expect(points).toContain('step:promote:ends');
  expect(points).toContain('undo:close:begins');
});

/** Lives until each death in turn, then one life without. */
async function story(deaths: readonly Death[]) {
  const world = new ToyWorld();
  const journal = new MemoryJournal<EngineRecord>(() => world.now);
  for (const planned of [...deaths, undefined]) {
    let die = (): void => undefined;
    const died = new Promise<void>((resolve) => (die = resolve));
    const engine = await lifeOf(world, journal, planned, () => die());
    if (journal.entries.length === 0) {
      void engine
        .request({
          procedure: 'restart-replication',
          parameters: { cluster: 'production' },
          mode: 'auto',
          trigger: { kind: 'person', by: 'test' },
        })
        .catch(() => undefined);
      await turns();
    }
    engine.start();
    await Promise.race([died, rests(engine)]);
    const rested = engine.runs()[0];
    if (planned !== undefined) {
      world.crash();
      journal.crash();
      world.servers.db1.up = world.servers.db2.up = true;
      if (planned.down !== undefined && rested?.state !== 'ended') world.servers[planned.down].up = false;
    } else {
      world.servers.db1.up = world.servers.db2.up = true;
      if (rested?.state === 'needs-human') {
        await engine.resume(rested.id, 'test');
        await rests(engine);
      }
      return { world, run: engine.runs()[0], journal, change: engine.book.changes.get('production') };
    }
  }
  throw new Error('a story ends with a life without death');
}

async function lifeOf(
  world: ToyWorld,
  journal: MemoryJournal<EngineRecord>,
  planned: Death | undefined,
  died: () => void,
) {
  let passed = 0;
  const at = (point: string): Promise<void> => {
    if (planned?.point !== point) return Promise.resolve();
    passed += 1;
    if (passed <= planned.skip) return Promise.resolve();
    died();
    return death();
  };
  const ports = { ...toyPorts(world, at), fault: at };
  return openEngine({
    journal,
    procedures: { 'restart-replication': recordedSwitchover },
    ports,
    log: silentLog,
    rules: () => toyRules,
    clusters: () => [{ name: 'production', servers: ['db1', 'db2'] }],
  });
}

/** Settles when no run is waiting or at work. */
async function rests(engine: Engine): Promise<void> {
  for (let turn = 0; turn < 3000; turn += 1) {
    const open = engine.runs({ open: true });
    if (engine.runs().length > 0 && open.every(({ state }) => state === 'needs-human')) return;
    await turns();
  }
  throw new Error(`the run does not rest: ${JSON.stringify(engine.runs()[0])}`);
}

function turns(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

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
