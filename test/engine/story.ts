import { silentLog } from '../../src/base/log.js';
import { openEngine, type Engine } from '../../src/engine/engine.js';
import type { Procedure } from '../../src/engine/procedure.js';
import type { EngineRecord } from '../../src/engine/records.js';
import { toyRules } from './bench.js';
import { MemoryJournal } from './memory-journal.js';
import { death, toyPorts, recordedSwitchover, ToyWorld } from './toy.js';

/** Where one life of the process ends. */
export interface Death {
  readonly point: string;
  /** How many times the point is passed unharmed in that life. */
  readonly skip: number;
  /** A server that is down in the next life, until the life after it. */
  readonly down: 'db1' | 'db2' | undefined;
  /** A server that is started anew before the next life, which closes it to writes. */
  readonly restarted?: 'db1' | 'db2';
}

interface StoryOptions {
  readonly procedure?: Procedure;
  readonly prepare?: (world: ToyWorld) => void;
  /** Alice tells it to end when it comes to this fault point. */
  readonly toldAt?: string;
}

/** Lives until each death in turn, then one life without. @param prepare the world before the first */
export async function story(
  deaths: readonly Death[],
  { procedure = recordedSwitchover, prepare, toldAt }: StoryOptions = {},
) {
  const world = new ToyWorld();
  prepare?.(world);
  const journal = new MemoryJournal<EngineRecord>(() => world.now);
  for (const planned of [...deaths, undefined]) {
    let die = (): void => undefined;
    const died = new Promise<void>((resolve) => (die = resolve));
    const engine = await lifeOf(world, procedure, journal, planned, {
      passing: async (point) => {
        if (point === toldAt) await engine.abort(engine.runs()[0]?.id ?? '', 'alice');
      },
      died: () => die(),
    });
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
      if (planned.restarted !== undefined) world.servers[planned.restarted].writable = false;
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
  procedure: Procedure,
  journal: MemoryJournal<EngineRecord>,
  planned: Death | undefined,
  { passing, died }: { readonly passing: (point: string) => Promise<void>; readonly died: () => void },
) {
  let passed = 0;
  const at = async (point: string): Promise<void> => {
    await passing(point);
    if (planned?.point !== point) return;
    passed += 1;
    if (passed <= planned.skip) return;
    died();
    return death();
  };
  const ports = { ...toyPorts(world, at), fault: at };
  return openEngine({
    journal,
    procedures: { 'restart-replication': procedure },
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
