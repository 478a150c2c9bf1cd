import { afterEach } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { openEngine, type Engine } from '../../src/engine/engine.js';
import type { EngineEvent } from '../../src/engine/events.js';
import type { Silences } from '../../src/engine/ports.js';
import type { Procedure } from '../../src/engine/procedure.js';
import type { EngineRecord } from '../../src/engine/records.js';
import type { RunRequest, RunView } from '../../src/engine/run.js';
import type { EngineRules } from '../../src/engine/shop.js';
import { MemoryJournal } from './memory-journal.js';
import { toyPorts, toySwitchover, ToyWorld } from './toy.js';

export const toyRules: EngineRules = {
  runsPerHour: { cluster: 100, overall: 100 },
  twoPerson: false,
  windows: [],
  pauseFile: undefined,
  waitAtMost: 3600,
  cooldown: 0,
  approval: 3600,
  pauseFileExists: () => false,
};

/** An engine over the toy, whose rules, procedure and silences a test may change as it goes. */
export class ToyEngine {
  readonly world = new ToyWorld();
  readonly journal = new MemoryJournal<EngineRecord>(() => this.world.now);
  readonly events: EngineEvent[] = [];
  rules: EngineRules = toyRules;
  procedure: Procedure = toySwitchover;
  silence: Awaited<ReturnType<Silences['covers']>> = 'no';
  redact = (text: string): string => text;
  /** Held up here until it is let go. */
  gate: { readonly point: string; readonly open: Promise<void> } | undefined;
  engine!: Engine;

  static async open(change: Partial<Pick<ToyEngine, 'rules' | 'procedure' | 'silence'>> = {}): Promise<ToyEngine> {
    const toy = Object.assign(new ToyEngine(), change);
    await toy.restart();
    return toy;
  }

  /** As if the process had ended cleanly, and begun again over the same journal. */
  async restart(): Promise<void> {
    await (this.engine as Engine | undefined)?.stop();
    const procedures = { 'restart-replication': this.procedure };
    const at = async (point: string) => {
      if (this.gate?.point === point) await this.gate.open;
    };
    this.engine = await openEngine({
      journal: this.journal,
      procedures,
      ports: {
        ...toyPorts(this.world, () => Promise.resolve()),
        fault: at,
        redact: (text) => this.redact(text),
        silences: { covers: () => Promise.resolve(this.silence) },
      },
      log: silentLog,
      rules: () => this.rules,
      clusters: () => [{ name: 'production', servers: ['db1', 'db2'] }],
    });
    this.engine.subscribe((event) => this.events.push(event));
    this.engine.start();
  }

  async ask(change: Partial<RunRequest> = {}): Promise<RunView> {
    return (await this.engine.request(fromAlert(change))).run;
  }

  /** Settles when the run is in one of these states. */
  async until(id: string, wanted: (run: RunView) => boolean): Promise<RunView> {
    for (let turn = 0; turn < 5000; turn += 1) {
      const run = this.engine.run(id);
      if (run !== undefined && wanted(run)) return run;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`in vain: ${JSON.stringify(this.engine.run(id))}`);
  }

  ended(id: string): Promise<RunView> {
    return this.until(id, ({ state }) => state === 'ended');
  }

  /** Settles when the run waits for this guard. */
  waits(id: string, guard: string): Promise<RunView> {
    return this.until(id, (run) => run.state === 'waiting' && run.guard?.guard === guard);
  }

  /** Puts the world back, as if the same thing happened once more. */
  again(): void {
    Object.assign(this.world.servers.db1, { writable: true, follows: undefined });
    Object.assign(this.world.servers.db2, { writable: false, follows: 'db1' });
  }

  types(id: string): readonly string[] {
    return this.journal.entries.flatMap(({ record }) => ('run' in record && record.run === id ? [record.type] : []));
  }
}

/** Opens engines for the tests of a file; each is stopped at the end of its test. */
export function toyEngines(): typeof ToyEngine.open {
  const open: ToyEngine[] = [];
  afterEach(async () => {
    for (const toy of open.splice(0)) await toy.engine.stop();
  });
  return async (change) => {
    const toy = await ToyEngine.open(change);
    open.push(toy);
    return toy;
  };
}

export function fromAlert(change: Partial<RunRequest> = {}): RunRequest {
  return {
    procedure: 'restart-replication',
    parameters: { cluster: 'production' },
    mode: 'auto',
    trigger: {
      kind: 'alert',
      alertname: 'Toy',
      fingerprint: 'f',
      labels: { alertname: 'Toy' },
      startsAt: '',
      by: 'am',
    },
    ...change,
  };
}

export const byPerson = { trigger: { kind: 'person', by: 'alice' } } as const;
