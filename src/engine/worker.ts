import { deadline } from '../base/deadline.js';
import { LockstepError, messageOf } from '../base/errors.js';
import { progressWords } from '../domain/progress.js';
import type { ServerName } from '../domain/snapshot.js';
import type { Scene } from '../domain/scene.js';
import type { Lease, Reservation } from '../journal/journal.js';
import { expiryOf, recalled, viewOf, type BookedRun } from './book.js';
import { askedBy, consider } from './consider.js';
import { Execution, type Bench, type Ending, type Writer } from './execution.js';
import { runEnds, runLocked, runStarted } from './faults.js';
import { planOf, type Plan } from './plan.js';
import type { Actor } from './ports.js';
import type { RunRecord } from './records.js';
import type { DistributiveOmit, Shop } from './shop.js';
import { Alarm, expiredWords, spaceFor, untilItMayStart } from './waiting.js';

/** How long the locks of a session that has just died are waited for, milliseconds: more than any wait_timeout of ours. */
const locksWithin = { start: 5000, resume: 45_000 };
/** Before a run that found its servers locked tries again, milliseconds. */
const lockedPause = 3000;
/** Before a run that could not go on is tried again, milliseconds. */
const troublePause = 5000;

/** One run, from its request to its end. */
export class Worker {
  readonly alarm = new Alarm();
  /** Ends long work at once. */
  readonly #told = new AbortController();
  readonly #leases: Lease[] = [];
  #reservation: Reservation | undefined;

  constructor(
    readonly shop: Shop,
    readonly id: string,
    /** Whether the journal says already that somebody resumes it. */
    readonly resumed: boolean,
  ) {}

  /** Settles when it has ended, needs a human, or the process stops. Never rejects. */
  async live(): Promise<void> {
    const { shop } = this;
    while (!shop.stopping.aborted) {
      try {
        await this.#live();
        return;
      } catch (cause) {
        // A journal that cannot be written, above all. The run stands where the journal says, and goes on from there.
        shop.log.error({ run: this.id, error: messageOf(cause) }, 'the run could not go on, and is tried again');
        await shop.ports.clock.sleep(troublePause, shop.stopping).catch(() => undefined);
      }
    }
  }

  async #live(): Promise<void> {
    if (!this.#waits()) await this.#atWork(undefined);
    while (this.#waits()) {
      const plan = await untilItMayStart(this.shop, this.id, this.alarm);
      if (plan === undefined) return;
      await this.#atWork(plan);
      if (this.#waits()) await this.alarm.wait(lockedPause, this.shop);
    }
  }

  /** It was told to end: what waits asks again, and long work ends now. */
  abort(): void {
    this.#told.abort(new LockstepError('interrupted', 'it was told to end'));
    this.alarm.ring();
  }

  #waits(): boolean {
    return this.#run.state === 'waiting';
  }

  get #run(): BookedRun {
    return this.shop.book.run(this.id);
  }

  /** @param fresh the plan to start with; undefined: it was at work before, and is resumed */
  async #atWork(fresh: Plan | undefined): Promise<void> {
    const { shop } = this;
    const run = this.#run;
    // Tried again after trouble, it may have come to its end before it.
    if (run.state === 'ended' || run.state === 'needs-human') return;
    shop.claims.set(run.id, run);
    const actor = shop.ports.actors.open(run.id, run.parameters.cluster);
    try {
      const plan = fresh ?? this.#planAgain();
      if (plan === undefined) { await this.#needsHuman('its plan is not what it was: this version of Lockstep would do something else'); return; } // prettier-ignore
      if (!(await this.#prepared(plan, actor, fresh === undefined))) return;
      const execution = new Execution(this.#bench(plan, actor), run);
      await this.#end(await (fresh === undefined ? execution.resume() : execution.forward()));
    } finally {
      await actor.close();
      await this.#reservation?.release();
      await Promise.all(this.#leases.splice(0).map((lease) => lease.release()));
      shop.claims.delete(run.id);
    }
  }

  /** Made from the journalled scene; undefined unless it is the very plan that was begun. */
  #planAgain(): Plan | undefined {
    const { procedure, parameters, scene, digest } = this.#run;
    if (scene === undefined) return undefined;
    const plan = planOf(this.shop.procedure(procedure), scene, parameters);
    return plan.digest === digest ? plan : undefined;
  }

  /** Lease, space, locks, and one more look: then it is started. @returns false when it is not */
  async #prepared(plan: Plan, actor: Actor, resuming: boolean): Promise<boolean> {
    const { shop } = this;
    const run = this.#run;
    const lease = await shop.journal.lease(leaseName(run, shop));
    if (lease === undefined) return this.#locked('another instance is at work there', resuming);
    this.#leases.push(lease);
    try {
      this.#reservation = await shop.journal.reserve(spaceFor(run, plan));
    } catch (cause) {
      if (resuming) throw cause;
      const guard = {
        guard: 'journal-full',
        why: messageOf(cause),
        remedy: 'Make room where the journal lies.',
      } as const;
      await this.#write({ type: 'ended', outcome: 'refused', why: guard.why, guard });
      return false;
    }
    const unreachable = await this.#lock(actor, resuming);
    if (typeof unreachable === 'string') return this.#locked(unreachable, resuming);
    const missing = run.parameters['server'];
    if (!resuming && missing !== undefined && unreachable.includes(missing) && !this.#dead().includes(missing))
      return this.#locked(`${missing} cannot be reached`, resuming);
    await shop.ports.fault(runLocked);
    if (resuming) {
      if (!this.resumed) await this.#write({ type: 'resumed', by: 'the next start' });
      return true;
    }
    if (!(await this.#stillSo(plan))) return false;
    const reads = shop.procedure(run.procedure).locks === 'nothing';
    await this.#write({ type: 'started', digest: plan.digest, ...(reads ? { reads } : {}) });
    await shop.ports.fault(runStarted);
    return true;
  }

  /** Under the locks, once more: is it needed, and does the plan rest on the same facts? */
  async #stillSo(plan: Plan): Promise<boolean> {
    const { shop } = this;
    const run = this.#run;
    const asked = askedBy(run);
    const { plan: now, verdicts } = await consider(shop, shop.procedure(run.procedure), asked, shop.giveUp);
    const guard = verdicts[0];
    if (guard === undefined && now?.digest === plan.digest) return true;
    if (guard === undefined || guard.guard === 'premises-changed') {
      const why = 'what the plan rests on changed while the servers were being locked';
      if (run.approval === undefined) return this.#locked(why, false);
      const verdict = {
        guard: 'premises-changed',
        why,
        remedy: 'Ask for it again, and approve the new plan.',
      } as const;
      await this.#write({ type: 'ended', outcome: 'refused', why, guard: verdict });
      return false;
    }
    return this.#locked(guard.why, false);
  }

  /** @returns the servers that cannot be reached, or why they are not ours */
  async #lock(actor: Actor, resuming: boolean): Promise<readonly string[] | string> {
    const run = this.#run;
    const procedure = this.shop.procedure(run.procedure);
    if (procedure.locks === 'nothing') return [];
    const named = run.parameters['server'];
    const all = run.scene?.site.servers.map(({ name }) => name) ?? [];
    const servers = procedure.locks === 'server' && named !== undefined ? [named] : all;
    const limit = deadline(resuming ? locksWithin.resume : locksWithin.start, this.shop.giveUp);
    try {
      return (await actor.lock(servers, limit.signal, this.#dead())).unreachable;
    } catch (cause) {
      if (this.shop.giveUp.aborted) throw cause;
      return messageOf(cause);
    } finally {
      limit.clear();
    }
  }

  /** Servers that are not waited for. */
  #dead(): readonly ServerName[] {
    const { procedure, scene, parameters } = this.#run;
    return (scene && this.shop.procedure(procedure).dead?.(scene, parameters)) ?? [];
  }

  async #locked(why: string, resuming: boolean): Promise<false> {
    if (resuming) {
      await this.#needsHuman(`it cannot go on: ${why}`);
      return false;
    }
    const guard = { guard: 'locked', why, remedy: 'It is tried again.' } as const;
    // No guard holds it up, so that nothing else asks how long it has waited.
    if (this.shop.ports.clock.now() >= expiryOf(this.#run))
      await this.#write({ type: 'ended', outcome: 'expired', why: expiredWords(why), guard });
    else if (this.#run.guard?.guard !== 'locked') await this.#write({ type: 'waiting', guard });
    return false;
  }

  async #end({ outcome, why }: Ending): Promise<void> {
    await this.shop.ports.fault(runEnds);
    const { procedure, parameters, scene } = this.#run;
    const left = scene === undefined ? undefined : this.shop.procedure(procedure).leaves?.(scene, parameters);
    if (outcome === 'needs-human') await this.#needsHuman(why);
    else if (outcome === 'succeeded' && left !== undefined) await this.#needsHuman(left);
    else await this.#write({ type: 'ended', outcome, why });
  }

  async #needsHuman(why: string): Promise<void> {
    await this.#write({ type: 'needs-human', why });
  }

  #write(record: DistributiveOmit<RunRecord, 'v' | 'run'>): Promise<void> {
    const [lease] = this.#leases;
    const reservation = this.#reservation;
    return this.shop.write(
      { v: 1, run: this.id, ...record },
      {
        ...(lease === undefined ? {} : { lease }),
        ...(reservation === undefined ? {} : { reservation }),
      },
    );
  }

  #bench(plan: Plan, actor: Actor): Bench {
    const { shop } = this;
    const { cluster } = this.#run.parameters;
    const lost = this.#leases.map(({ lost }) => lost);
    return {
      plan,
      actor,
      clock: shop.ports.clock,
      look: async (notes, signal) => {
        const { looks, opens } = shop.procedure(plan.procedure);
        const how = opens === true ? 'promptly' : looks;
        const scene: Scene = await shop.ports.observer.look(cluster, signal, how);
        return { ...recalled(scene, shop.book), notes, held: actor.held };
      },
      write: this.#writer(),
      fault: (point) => shop.ports.fault(point),
      pauseCollection: () => shop.ports.observer.pauseCollection(cluster),
      interrupted: () => {
        const { aborting } = this.#run;
        if (aborting !== undefined) return `${aborting} told it to end`;
        return shop.stopping.aborted ? 'Lockstep was told to stop' : undefined;
      },
      signal: AbortSignal.any([shop.giveUp, ...lost]),
      suspended: shop.stopping,
      told: this.#told.signal,
    };
  }

  #writer(): Writer {
    const ids = (steps: readonly { readonly id: string }[]) => steps.map(({ id }) => id);
    // Taking back matters more than saying so: who starts next looks at the servers.
    const attempt = async (record: DistributiveOmit<RunRecord, 'v' | 'run'>) => {
      try {
        await this.#write(record);
      } catch (cause) {
        this.shop.log.error(
          { run: this.id, error: messageOf(cause) },
          'the journal cannot be written; the run is taken back',
        );
      }
    };
    return {
      section: ({ name: section }, todo, notes) => this.#write({ type: 'section', section, steps: ids(todo), notes }),
      committing: ({ id: step }, notes) => this.#write({ type: 'committing', step, notes }),
      sectionDone: ({ name: section }, { done, skipped, committed, seconds }, notes) =>
        this.#write({
          type: 'section-done',
          section,
          done: ids(done),
          skipped: ids(skipped),
          committed,
          seconds,
          notes,
        }),
      undoing: (why, { shown, told }, notes) => attempt({ type: 'undoing', why, shown: ids(shown), told, notes }),
      undone: (steps) => attempt({ type: 'undone', steps: ids(steps) }),
      step: ({ id, title }, phase) =>
        this.shop.emit(
          phase === 'began'
            ? { type: 'step-began', step: id, sentence: title, ...this.#view }
            : { type: 'step-ended', step: id, sentence: `done: ${title}`, ...this.#view },
        ),
      progress: ({ id }, progress) => {
        this.#run.progress = progress;
        this.shop.emit({ type: 'progress', step: id, progress, sentence: progressWords(progress), ...this.#view });
      },
    };
  }

  get #view() {
    return { run: viewOf(this.#run) };
  }
}

function leaseName(run: BookedRun, shop: Shop): string {
  const { cluster } = run.parameters;
  const server = run.parameters['server'];
  const { locks } = shop.procedure(run.procedure);
  if (locks === 'nothing') return run.key;
  return locks === 'server' && server !== undefined ? `${cluster}/${server}` : cluster;
}
