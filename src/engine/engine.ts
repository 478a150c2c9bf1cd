import pLimit from 'p-limit';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { ProcedureName } from '../domain/procedure-names.js';
import type { Withdrawal } from '../domain/withdrawal.js';
import type { Journal, Stamp, Verdict } from '../journal/journal.js';
import type { Automation, Downtime, HistoryLine, Pause, PlanView, ProcedureSummary } from './automation.js';
import { Book, keyOf, viewOf, type BookedRun } from './book.js';
import { consider } from './consider.js';
import { Episodes } from './episodes.js';
import type { EngineEvent, EngineListener } from './events.js';
import { checkedParameters, type KnownCluster } from './parameters.js';
import { planOf } from './plan.js';
import { planViewOf } from './plan-view.js';
import type { EnginePorts } from './ports.js';
import type { Procedure } from './procedure.js';
import type { EngineRecord } from './records.js';
import { redacted } from './redacted.js';
import { limitsOf, Requests } from './requests.js';
import { dropOld } from './retention.js';
import type { RunId, RunRequest, RunView } from './run.js';
import type { EngineRules, Shop } from './shop.js';
import { told } from './told.js';
import { eventOf } from './event-of.js';
import { Worker } from './worker.js';

export interface EngineOptions {
  readonly journal: Journal<EngineRecord>;
  readonly procedures: Readonly<Partial<Record<ProcedureName, Procedure>>>;
  readonly ports: EnginePorts;
  readonly log: Log;
  /** Under the configuration of now; asked at each decision. */
  readonly rules: () => EngineRules;
  readonly clusters: () => readonly KnownCluster[];
}

/** How many clusters are looked at at once to decide: a storm of alerts must not become a storm of logins. */
const concurrentLooks = 8;
/** How long runs at work may take to end at their next step boundary when the process stops, milliseconds. */
const stopWithin = 30_000;

/**
 * Reads the journal and is ready for requests; {@link Engine.start} lets open runs go on.
 * @throws LockstepError of the journal
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new Engine(options);
  await engine.recall();
  return engine;
}

export class Engine implements Automation {
  readonly #book = new Book();
  readonly #shop: Shop;
  readonly #episodes: Episodes;
  readonly #requests: Requests;
  readonly #workers = new Map<RunId, { readonly worker: Worker; readonly done: Promise<void> }>();
  readonly #listeners = new Set<EngineListener>();
  readonly #writing = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #giveUp = new AbortController();
  #kept: Promise<void> | undefined;

  constructor(readonly options: EngineOptions) {
    const { journal, ports, log, rules } = options;
    const limit = pLimit(concurrentLooks);
    this.#shop = {
      journal,
      book: this.#book,
      ports,
      log,
      rules,
      procedure: (name) => this.#procedure(name),
      write: (record, held) => this.#write(record, held),
      writing: this.#writing,
      emit: (event) => this.#emit({ ...event, at: ports.clock.now(), head: journal.head }),
      stopping: this.#stopping.signal,
      giveUp: this.#giveUp.signal,
      considering: (work) => limit(work),
      claims: new Map(),
    };
    this.#episodes = new Episodes(this.#shop);
    this.#requests = new Requests(this.#shop, options.clusters, (id) => this.#work(id));
  }

  async recall(): Promise<void> {
    for await (const entry of this.options.journal.read()) this.#book.apply(entry);
  }

  /** Open runs go on: those that were at work are resumed first. */
  start(): void {
    const open = this.#book.open().filter(({ state }) => state !== 'needs-human');
    for (const { id } of open.sort((a, b) => Number(a.state === 'waiting') - Number(b.state === 'waiting')))
      this.#work(id);
    this.#kept ??= this.#episodes.keep();
  }

  /**
   * Waiting runs stop where they are. Runs at work end at their next step boundary, taken back before their commit
   * point, finished beyond it; what takes longer than its time is resumed at the next start. The journal stays open.
   */
  async stop(milliseconds = stopWithin): Promise<void> {
    this.#stopping.abort(new LockstepError('stopping', 'Lockstep is stopping'));
    const timer = setTimeout(
      () => this.#giveUp.abort(new LockstepError('stopping', 'Lockstep is stopping')),
      milliseconds,
    );
    await Promise.all([...this.#workers.values()].map(({ done }) => done));
    clearTimeout(timer);
    await this.#kept;
  }

  procedures(): readonly ProcedureSummary[] {
    return Object.values(this.options.procedures).map(({ name, purpose, locks, parameters }) => ({ name, purpose, locks, parameters })); // prettier-ignore
  }

  async plan(
    request: Pick<RunRequest, 'procedure' | 'parameters' | 'trigger'>,
    signal: AbortSignal,
  ): Promise<PlanView> {
    const procedure = this.#procedure(request.procedure);
    const parameters = checkedParameters(procedure, request.parameters, this.options.clusters());
    const asked = {
      id: undefined,
      key: keyOf(procedure.name, parameters),
      parameters,
      mode: 'auto' as const,
      trigger: request.trigger,
      limits: limitsOf(this.options.rules()),
      approval: undefined,
    };
    const { need, plan, verdicts, remarks } = await consider(this.#shop, procedure, asked, signal);
    return planViewOf({ procedure: procedure.name, parameters, plan, guards: verdicts, observed: need.why, remarks });
  }

  request(request: RunRequest): Promise<{ readonly run: RunView; readonly repeated: boolean }> {
    return this.#requests.ask(request);
  }

  resolved({ procedure, parameters }: Pick<RunRequest, 'procedure' | 'parameters'>): void {
    const known = this.options.procedures[procedure];
    if (known === undefined) return;
    const key = keyOf(procedure, checkedParameters(known, parameters, this.options.clusters()));
    const id = this.#book.episodes.get(key);
    if (id === undefined) return;
    this.#workers.get(id)?.worker.alarm.ring();
    if (this.#book.run(id).state === 'ended') void this.#episodes.check();
  }

  runs({
    cluster,
    open,
    limit = 1000,
  }: { readonly cluster?: string; readonly open?: boolean; readonly limit?: number } = {}): readonly RunView[] {
    // prettier-ignore
    return [...this.#book.runs.values()]
      .filter((run) => cluster === undefined || run.parameters.cluster === cluster)
      .filter(({ state }) => open === undefined || open === (state !== 'ended'))
      .sort((a, b) => b.requestedAt - a.requestedAt || b.firstSeq - a.firstSeq)
      .slice(0, limit)
      .map(viewOf);
  }

  run(id: RunId): RunView | undefined {
    const run = this.#book.runs.get(id);
    return run && viewOf(run);
  }

  async planOf(id: RunId): Promise<PlanView | undefined> {
    const { procedure, parameters, guard, digest, scene, observed } = this.#needed(id);
    if (digest === undefined) return undefined;
    const planned = scene === undefined ? await this.#planned(id, digest) : { scene, observed };
    if (planned === undefined) return undefined;
    const made = this.#procedure(procedure);
    const plan = planOf(made, planned.scene, parameters);
    const remarks = made.remarks?.(planned.scene, parameters) ?? [];
    const guards = guard === undefined ? [] : [guard];
    return planViewOf({ procedure, parameters, plan, guards, observed: planned.observed, remarks });
  }

  async history(id: RunId): Promise<readonly HistoryLine[]> {
    const lines: HistoryLine[] = [];
    for await (const { seq, hash, at, record } of this.#recordsOf(id))
      lines.push({ seq, hash, at, type: record.type, sentence: told(record) });
    return lines;
  }

  async approve(id: RunId, by: string, digest?: string): Promise<RunView> {
    const run = this.#needed(id);
    if (run.state !== 'waiting' || run.digest === undefined)
      throw new LockstepError('not-waiting-for-approval', `run ${id} is ${run.state === 'waiting' ? 'not planned yet' : run.state}: there is nothing to approve`, 'lockstep runs show tells where it is.'); // prettier-ignore
    if (digest !== undefined && !(digest.length >= 12 && run.digest.startsWith(digest)))
      throw new LockstepError('plan-changed', `the plan of run ${id} is now ${run.digest.slice(0, 12)}, not ${digest.slice(0, 64)}`, 'Read the new plan and approve that.'); // prettier-ignore
    const rules = this.options.rules();
    const requester = run.trigger.by;
    if (rules.twoPerson && requester === by)
      throw new LockstepError('second-person-needed', `${by} asked for run ${id}: somebody else must approve it`, 'The configuration says two_person.'); // prettier-ignore
    const at = this.options.ports.clock.now();
    const approval = { by, at, until: at + rules.approval * 1000, digest: run.digest };
    await this.#write({ v: 1, run: id, type: 'approved', approval });
    this.#workers.get(id)?.worker.alarm.ring();
    return viewOf(this.#needed(id));
  }

  async abort(id: RunId, by: string): Promise<RunView> {
    const run = this.#needed(id);
    if (run.state === 'ended') throw new LockstepError('run-ended', `run ${id} has ended as ${run.outcome ?? ''}`);
    if (run.state === 'needs-human')
      throw new LockstepError('run-ended', `run ${id} needs a human and is not at work`, 'Resume or abandon it.');
    if (run.committed)
      throw new LockstepError('past-commit-point', `run ${id} is past its commit point and only goes forward`);
    await this.#write({ v: 1, run: id, type: 'aborting', by });
    this.#workers.get(id)?.worker.abort();
    return viewOf(this.#needed(id));
  }

  async resume(id: RunId, by: string): Promise<RunView> {
    const run = this.#waitsForHuman(id);
    await this.#write({ v: 1, run: id, type: 'resumed', by });
    this.#work(id, { resumed: true });
    return viewOf(run);
  }

  async abandon(id: RunId, by: string, reason: string): Promise<RunView> {
    this.#waitsForHuman(id);
    await this.#write({ v: 1, run: id, type: 'ended', outcome: 'abandoned', why: `${by} has seen to it: ${reason}` });
    return viewOf(this.#needed(id));
  }

  pauses(): readonly Pause[] {
    return [...this.#book.pauses.values()];
  }

  async pause(cluster: string | undefined, by: string, reason: string): Promise<void> {
    this.#clusterKnown(cluster);
    const pause: Pause = { cluster, by, reason, since: this.options.ports.clock.now() };
    await this.#write({ v: 1, type: 'paused', pause });
  }

  async unpause(cluster: string | undefined, by: string): Promise<void> {
    if (!this.#book.pauses.has(cluster ?? '')) return;
    await this.#write({ v: 1, type: 'unpaused', ...(cluster === undefined ? {} : { cluster }), by });
  }

  downtimes(): readonly Downtime[] {
    const now = this.options.ports.clock.now();
    return [...this.#book.downtimes.values()].filter(({ until }) => until > now);
  }

  withdrawals(): readonly (Withdrawal & { readonly cluster: string })[] {
    return [...this.#book.withdrawals.values()];
  }

  async downtime(
    cluster: string,
    server: string,
    until: number | undefined,
    by: string,
    reason: string,
  ): Promise<void> {
    const known = this.#clusterKnown(cluster);
    if (known?.servers.includes(server) !== true)
      throw new LockstepError('server-unknown', `cluster "${cluster}" has no server "${server}"`, `It has ${known?.servers.join(', ') ?? 'none'}.`); // prettier-ignore
    const since = this.options.ports.clock.now();
    if (until === undefined) await this.#write({ v: 1, type: 'downtime-ended', cluster, server, by });
    else await this.#write({ v: 1, type: 'downtime', downtime: { cluster, server, until, by, reason, since } });
  }

  async acknowledge(cluster: string, by: string): Promise<void> {
    this.#clusterKnown(cluster);
    await this.#write({ v: 1, type: 'acknowledged', cluster, by });
  }

  get head(): Stamp {
    return this.options.journal.head;
  }

  verify(expect?: Stamp): Promise<Verdict> {
    return this.options.journal.verify(expect);
  }

  subscribe(listener: EngineListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Drops what ended longer ago than this. @param keep seconds */
  prune(keep: number): Promise<{ readonly dropped: number }> {
    return dropOld(this.#shop, keep);
  }

  /** Newest successes, ends and open runs, for metrics. */
  get book(): Book {
    return this.#book;
  }

  #procedure(name: ProcedureName): Procedure {
    const { procedures } = this.options;
    const found = Object.hasOwn(procedures, name) ? procedures[name] : undefined;
    if (found !== undefined) return found;
    throw new LockstepError('procedure-unknown', `there is no procedure "${name}"`, `Known: ${Object.keys(procedures).join(', ')}.`); // prettier-ignore
  }

  #clusterKnown(name: string | undefined): KnownCluster | undefined {
    const clusters = this.options.clusters();
    const found = clusters.find((cluster) => cluster.name === name);
    if (name !== undefined && found === undefined)
      throw new LockstepError('cluster-unknown', `there is no cluster "${name}"`, `Known: ${clusters.map((each) => each.name).join(', ')}.`); // prettier-ignore
    return found;
  }

  #needed(id: RunId): BookedRun {
    const run = this.#book.runs.get(id);
    if (run !== undefined) return run;
    throw new LockstepError('run-unknown', `there is no run "${id.slice(0, 100)}"`, 'lockstep runs list shows all.');
  }

  #waitsForHuman(id: RunId): BookedRun {
    const run = this.#needed(id);
    if (run.state === 'needs-human' && !this.#workers.has(id)) return run;
    throw new LockstepError('not-needing-human', `run ${id} does not need a human: it is ${run.state}`);
  }

  #work(id: RunId, { resumed = false } = {}): void {
    if (this.#workers.has(id)) return;
    const worker = new Worker(this.#shop, id, resumed);
    const done = worker.live().finally(() => {
      this.#workers.delete(id);
      for (const other of this.#workers.values()) other.worker.alarm.ring();
    });
    this.#workers.set(id, { worker, done });
  }

  async #write(record: EngineRecord, held?: Parameters<Shop['write']>[1]): Promise<void> {
    const writing = this.#written(record, held);
    this.#writing.add(writing);
    try {
      await writing;
    } finally {
      this.#writing.delete(writing);
    }
  }

  async #written(given: EngineRecord, held: Parameters<Shop['write']>[1]): Promise<void> {
    const { journal, ports } = this.options;
    const record = redacted(given, ports.redact);
    const at = ports.clock.now();
    const { seq } = await journal.append(record, held);
    this.#book.apply({ seq, at, record });
    const event = eventOf(record, this.#book);
    if (event !== undefined) this.#emit({ ...event, at, head: journal.head });
    // Whatever waited for a switch, or for another run, asks again at once.
    if (!('run' in record)) for (const { worker } of this.#workers.values()) worker.alarm.ring();
  }

  #emit(event: EngineEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (cause) {
        this.options.log.error({ error: messageOf(cause) }, 'a subscriber of the engine failed');
      }
    }
  }

  /** The newest record of that plan: an ended run's scene is in the journal alone. */
  async #planned(id: RunId, digest: string) {
    for await (const { record } of this.#recordsOf(id))
      if (record.type === 'planned' && record.digest === digest) return record;
    return undefined;
  }

  async *#recordsOf(id: RunId) {
    for await (const entry of this.options.journal.read())
      if ('run' in entry.record && entry.record.run === id) yield entry;
  }
}
