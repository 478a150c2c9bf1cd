import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import type { PlanView } from '../../src/engine/automation.js';
import type { EngineListener } from '../../src/engine/events.js';
import type { GuardVerdict, RunRequest, RunView } from '../../src/engine/run.js';
import { renewDue } from '../../src/schedule/renewals.js';

const signal = AbortSignal.timeout(5000);

/** An engine as far as the job sees it: servers that are due, those that must wait for others, and how runs end. */
class Desk {
  readonly asked: string[] = [];
  readonly #listeners = new Set<EngineListener>();
  readonly #ended = new Set<string>();

  constructor(
    readonly due: Set<string>,
    readonly after: Readonly<Record<string, readonly string[]>>,
    readonly refused: readonly string[] = [],
  ) {}

  plan({ parameters }: Pick<RunRequest, 'parameters'>): Promise<PlanView> {
    const server = parameters['server'] ?? 'lockstep';
    const guard = (name: GuardVerdict['guard'], why: string): GuardVerdict => ({ guard: name, why, remedy: undefined });
    const waits = this.after[server]?.some((one) => this.due.has(one)) ?? false;
    const guards = !this.due.has(server)
      ? [guard('not-observed', 'nothing is due')]
      : waits
        ? [{ ...guard('precheck', 'replicas are due'), reason: 'replicas-first' }]
        : [];
    return Promise.resolve({ guards } as unknown as PlanView);
  }

  request({ parameters, trigger, mode }: RunRequest) {
    const server = parameters['server'] ?? 'lockstep';
    expect([trigger.kind, mode]).toEqual(['schedule', 'auto']);
    this.asked.push(server);
    setImmediate(() => {
      if (!this.refused.includes(server)) this.due.delete(server);
      this.#ended.add(server);
      for (const listener of this.#listeners) listener({} as Parameters<EngineListener>[0]);
    });
    return Promise.resolve({ run: { id: server } as RunView, repeated: false });
  }

  run(id: string): RunView {
    const over = this.#ended.has(id);
    const outcome = this.refused.includes(id) ? 'refused' : 'succeeded';
    return { id, state: over ? 'ended' : 'running', outcome: over ? outcome : undefined, why: '' } as RunView;
  }

  subscribe(listener: EngineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listening(): number {
    return this.#listeners.size;
  }
}

describe('renewals by schedule', () => {
  const clusters = [{ name: 'production', servers: ['db1', 'db2', 'db3'] }];

  it('ask for what is due, one at a time, replicas before their source', async () => {
    const desk = new Desk(new Set(['db1', 'db3']), { db1: ['db2', 'db3'] });
    await renewDue({ clusters, automation: desk, log: silentLog }, signal);
    expect(desk.asked).toEqual(['db3', 'db1']);
    expect(desk.listening).toBe(0);
  });

  it("ask for Lockstep's own first", async () => {
    const desk = new Desk(new Set(['db1', 'lockstep']), {}, ['lockstep']);
    await renewDue({ clusters, automation: desk, log: silentLog }, signal);
    expect(desk.asked).toEqual(['lockstep', 'db1']);
  });

  it('ask for nothing when nothing is due', async () => {
    const desk = new Desk(new Set(), {});
    await renewDue({ clusters, automation: desk, log: silentLog }, signal);
    expect(desk.asked).toEqual([]);
  });

  it('let a refusal be told, and go on', async () => {
    const desk = new Desk(new Set(['db1', 'db2', 'db3']), { db1: ['db2', 'db3'] }, ['db2', 'db1']);
    await renewDue({ clusters, automation: desk, log: silentLog }, signal);
    expect(desk.asked).toEqual(['db2', 'db3', 'db1']);
  });

  it('do not wait for a run once they are to stop, and leave no listener behind', async () => {
    const stopping = new AbortController();
    const desk = new Desk(new Set(['db1']), {});
    const asking = renewDue({ clusters, automation: endless(desk, stopping), log: silentLog }, stopping.signal);
    await expect(asking).rejects.toThrow('stopping');
    expect(desk.listening).toBe(0);
  });
});

/** Its runs never end, and it is told to stop while one is asked for. */
function endless(desk: Desk, stopping: AbortController) {
  return {
    plan: desk.plan.bind(desk),
    subscribe: desk.subscribe.bind(desk),
    run: () => ({ id: 'db1', state: 'waiting' }) as RunView,
    request: () => {
      stopping.abort(new Error('stopping'));
      return Promise.resolve({ run: { id: 'db1' } as RunView, repeated: false });
    },
  };
}
