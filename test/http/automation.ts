import { LockstepError } from '../../src/base/errors.js';
import type {
  Automation,
  Downtime,
  HistoryLine,
  Pause,
  PlanView,
  ProcedureSummary,
} from '../../src/engine/automation.js';
import type { EngineEvent, EngineListener, RunEvent } from '../../src/engine/events.js';
import type { GuardVerdict, RunId, RunRequest, RunView } from '../../src/engine/run.js';
import type { Stamp, Verdict } from '../../src/journal/journal.js';

/** What the engine's interface promises, kept in memory and acting on nothing: the test says how a run goes on. */
export class MemoryAutomation implements Automation {
  head: Stamp = { seq: 1, hash: 'a'.repeat(64) };
  now = 1_795_000_000_000;
  readonly #runs = new Map<RunId, RunView>();
  readonly #keys = new Map<string, RunId>();
  readonly #history: (HistoryLine & { readonly run: RunId })[] = [];
  readonly #listeners = new Set<EngineListener>();
  #pauses: Pause[] = [];
  #downtimes: Downtime[] = [];
  withdrawn: ReturnType<Automation['withdrawals']> = [];

  get listeners(): number {
    return this.#listeners.size;
  }

  procedures(): readonly ProcedureSummary[] {
    return [restart];
  }

  plan({ procedure, parameters }: Pick<RunRequest, 'procedure' | 'parameters'>): Promise<PlanView> {
    this.#check(procedure, parameters);
    return Promise.resolve({ ...aPlan, procedure, parameters });
  }

  request(request: RunRequest): Promise<{ readonly run: RunView; readonly repeated: boolean }> {
    const { procedure, parameters, mode, trigger, idempotencyKey } = request;
    this.#check(procedure, parameters);
    const before = idempotencyKey === undefined ? undefined : this.#keys.get(idempotencyKey);
    if (before !== undefined) return Promise.resolve({ run: this.#known(before), repeated: true });
    const id = `20261128T15223${this.#runs.size}Z-00000${this.#runs.size}`;
    if (idempotencyKey !== undefined) this.#keys.set(idempotencyKey, id);
    this.#runs.set(id, {
      id,
      procedure,
      parameters,
      mode,
      trigger,
      state: 'waiting',
      guard: undefined,
      outcome: undefined,
      why: 'asked for',
      requestedAt: this.now,
      startedAt: undefined,
      endedAt: undefined,
      expiresAt: this.now + 3_600_000,
      digest: undefined,
      steps: [],
      approval: undefined,
      committed: false,
    });
    this.move(id, {}, 'requested', `${trigger.by} asked for ${procedure}`);
    return Promise.resolve({ run: this.#known(id), repeated: false });
  }

  resolved(): void {
    // No alert is ever delivered here.
  }

  runs({ cluster, open, limit = 100 }: Parameters<Automation['runs']>[0] = {}): readonly RunView[] {
    return [...this.#runs.values()]
      .filter((run) => cluster === undefined || run.parameters.cluster === cluster)
      .filter((run) => open !== true || run.state !== 'ended')
      .reverse()
      .slice(0, limit);
  }

  run(id: RunId): RunView | undefined {
    return this.#runs.get(id);
  }

  planOf(id: RunId): Promise<PlanView | undefined> {
    return Promise.resolve(this.#known(id).digest === undefined ? undefined : aPlan);
  }

  history(id: RunId): Promise<readonly HistoryLine[]> {
    return Promise.resolve(
      this.#history
        .filter(({ run }) => run === id)
        .map(({ seq, hash, at, type, sentence }) => ({ seq, hash, at, type, sentence })),
    );
  }

  approve(id: RunId, by: string, digest?: string): Promise<RunView> {
    const run = this.#known(id);
    if (run.guard?.guard !== 'approval') return refuse('not-waiting-for-approval', `${id} waits for nobody`);
    if (digest !== undefined && run.digest?.startsWith(digest) !== true)
      return refuse('plan-changed', `the plan of ${id} is another`);
    const approval = { by, at: this.now, until: this.now + 60_000, digest: run.digest ?? '' };
    return Promise.resolve(this.move(id, { approval, guard: undefined }, 'approved', `${by} approved it`));
  }

  abort(id: RunId, by: string): Promise<RunView> {
    if (this.#known(id).state === 'ended') return refuse('run-ended', `${id} has ended`);
    return Promise.resolve(this.end(id, 'cancelled', `${by} aborted it`));
  }

  resume(id: RunId, by: string): Promise<RunView> {
    this.#needsHuman(id);
    return Promise.resolve(this.move(id, { state: 'running' }, 'resumed', `${by} resumed it`));
  }

  abandon(id: RunId, by: string, reason: string): Promise<RunView> {
    this.#needsHuman(id);
    return Promise.resolve(this.end(id, 'abandoned', `${by}: ${reason}`));
  }

  pauses(): readonly Pause[] {
    return this.#pauses;
  }

  pause(cluster: string | undefined, by: string, reason: string): Promise<void> {
    this.#pauses = [
      ...this.#pauses.filter((each) => each.cluster !== cluster),
      { cluster, by, reason, since: this.now },
    ];
    this.#tell({ ...this.#stamp(`${by} paused`), type: 'paused', by, cluster });
    return Promise.resolve();
  }

  unpause(cluster: string | undefined, by: string): Promise<void> {
    this.#pauses = this.#pauses.filter((each) => each.cluster !== cluster);
    this.#tell({ ...this.#stamp(`${by} unpaused`), type: 'unpaused', by, cluster });
    return Promise.resolve();
  }

  withdrawals() {
    return this.withdrawn;
  }

  downtimes(): readonly Downtime[] {
    return this.#downtimes;
  }

  downtime(cluster: string, server: string, until: number | undefined, by: string, reason: string): Promise<void> {
    this.#downtimes = this.#downtimes.filter((each) => each.cluster !== cluster || each.server !== server);
    if (until !== undefined) this.#downtimes.push({ cluster, server, until, by, reason, since: this.now });
    return Promise.resolve();
  }

  readonly acknowledged: string[] = [];
  acknowledge(cluster: string, by: string): Promise<void> {
    this.acknowledged.push(`${cluster} ${by}`);
    return Promise.resolve();
  }

  verify(): Promise<Verdict> {
    return Promise.reject(new Error('there is no journal here'));
  }

  subscribe(listener: EngineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The run becomes this, and everybody hears of it. */
  move(id: RunId, changes: Partial<RunView>, type: Plain, sentence: string): RunView {
    const run = { ...this.#known(id), ...changes };
    this.#runs.set(id, run);
    const stamp = this.#stamp(sentence);
    this.#history.push({ ...stamp.head, at: stamp.at, type, sentence, run: id });
    this.#tell({ ...stamp, run, type });
    return run;
  }

  /** It stands at a guard. */
  wait(id: RunId, guard: GuardVerdict): RunView {
    const run = { ...this.#known(id), guard, why: guard.why, digest: aPlan.digest, steps: steps('pending') };
    this.#runs.set(id, run);
    this.#tell({ ...this.#stamp(guard.why), run, type: 'waiting', guard });
    return run;
  }

  start(id: RunId): RunView {
    const changes = { state: 'running', guard: undefined, startedAt: this.now, steps: steps('pending') } as const;
    return this.move(id, { ...changes, digest: aPlan.digest ?? '' }, 'started', 'it started');
  }

  /** Inside a section nothing is appended to the journal. */
  step(id: RunId, status: 'running' | 'done'): void {
    const run = { ...this.#known(id), steps: steps(status) };
    this.#runs.set(id, run);
    const base = { at: this.now, head: this.head, sentence: `the step is ${status}`, run, step: 'start-applier' };
    this.#tell({ ...base, type: status === 'running' ? 'step-began' : 'step-ended' });
  }

  end(id: RunId, outcome: NonNullable<RunView['outcome']>, why: string): RunView {
    return this.move(id, { state: 'ended', outcome, why, guard: undefined, endedAt: this.now }, 'ended', why);
  }

  #check(procedure: string, parameters: Readonly<Record<string, string>>): void {
    if (procedure !== restart.name) throw new LockstepError('procedure-unknown', `there is no ${procedure}`);
    if (parameters['server'] === undefined)
      throw new LockstepError('parameters-invalid', 'restart-replication needs a server', 'Name one.');
  }

  #known(id: RunId): RunView {
    const run = this.#runs.get(id);
    if (run === undefined) throw new LockstepError('run-unknown', `there is no run ${JSON.stringify(id)}`);
    return run;
  }

  #needsHuman(id: RunId): void {
    if (this.#known(id).state !== 'needs-human')
      throw new LockstepError('not-needing-human', `${id} goes on by itself`);
  }

  #stamp(sentence: string) {
    this.head = { seq: this.head.seq + 1, hash: String(this.head.seq + 1).padStart(64, '0') };
    return { at: this.now, head: this.head, sentence };
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

type Plain = Exclude<
  RunEvent['type'],
  'waiting' | 'step-began' | 'step-ended' | 'section-began' | 'section-ended' | 'progress'
>;

const restart: ProcedureSummary = {
  name: 'restart-replication',
  purpose: 'Starts a channel again that stopped on a passing error',
  locks: 'server',
  parameters: [
    { name: 'server', kind: 'server', required: true, help: 'the replica' },
    { name: 'channel', kind: 'channel', required: false, default: '', help: 'the channel' },
  ],
};

function steps(status: RunView['steps'][number]['status']): RunView['steps'] {
  return [{ id: 'start-applier', title: 'Start the SQL thread of db2', section: 'start-applier', status }];
}

export const aPlan: PlanView = {
  procedure: 'restart-replication',
  parameters: { cluster: 'shop', server: 'db2', channel: '' },
  digest: 'd'.repeat(64),
  guards: [],
  observed: 'the SQL thread of db2 stopped with error 1205',
  remarks: ['transactions that were rolled back are applied again'],
  steps: [
    {
      id: 'start-applier',
      title: 'Start the SQL thread of db2',
      section: 'start-applier',
      commits: false,
      actions: ['db2: START SLAVE SQL_THREAD;'],
      undo: [],
      within: 30,
    },
  ],
  text: [
    'restart-replication on shop, server db2, channel ""',
    'digest dddddddddddd',
    '',
    '1. Start the SQL thread of db2',
    '     db2: START SLAVE SQL_THREAD;',
  ],
};

function refuse(code: string, message: string): Promise<never> {
  return Promise.reject(new LockstepError(code, message));
}
