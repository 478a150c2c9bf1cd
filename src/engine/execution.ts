import { deadline } from '../base/deadline.js';
import { LockstepError, messageOf } from '../base/errors.js';
import { isLong, onlyReads } from '../domain/action.js';
import type { Progress } from '../domain/progress.js';
import { commitmentOf, committingServers, notesOfCommit, type Commitment } from './commit.js';
import { commitRecorded, sectionBegins, sectionEnds, stepBegins, stepEnds } from './faults.js';
import { defaultWithin, stepsOf, type Plan, type Section } from './plan.js';
import type { Actor, EngineClock } from './ports.js';
import type { Notes, Seen, Step } from './procedure.js';
import { takeBack } from './take-back.js';

/** What one run needs while it is at work. */
export interface Bench {
  readonly plan: Plan;
  readonly actor: Actor;
  readonly clock: EngineClock;
  /** Looks anew, with the notes of now. */
  look(notes: Notes, signal: AbortSignal): Promise<Seen>;
  readonly write: Writer;
  fault(point: string): Promise<void> | void;
  /** Collection of the cluster's metrics waits until the returned function is called; looks of the engine do not. */
  pauseCollection(): () => void;
  /** Why it should end at its next step boundary, before its commit point; undefined: it should not. */
  interrupted(): string | undefined;
  /** Ends everything at once: the process gives up, and whoever comes next resumes. */
  readonly signal: AbortSignal;
  /** Ends long work at once, which goes on when whoever comes next resumes: the process stops. */
  readonly suspended: AbortSignal;
  /** Ends long work at once: the run was told to end. */
  readonly told: AbortSignal;
}

/** Durable words. Each resolves once it is on the disk. */
export interface Writer {
  section(section: Section, todo: readonly Step[], notes: Notes): Promise<void>;
  committing(step: Step, notes: Notes): Promise<void>;
  sectionDone(section: Section, result: SectionResult, notes: Notes): Promise<void>;
  undoing(why: string, what: Undoing, notes: Notes): Promise<void>;
  undone(steps: readonly Step[]): Promise<void>;
  /** Not durable: for whoever watches. */
  step(step: Step, phase: 'began' | 'ended'): void;
  /** Not durable. */
  progress(step: Step, progress: Progress): void;
}

export interface Undoing {
  /** Of what was begun, what was not seen to be as before. */
  readonly shown: readonly Step[];
  /** Whether it ends because it was told to. */
  readonly told: boolean;
}

export interface SectionResult {
  readonly done: readonly Step[];
  readonly skipped: readonly Step[];
  readonly committed: boolean;
  /** From its first step to the look that saw all of it; 0 when there was nothing to do. */
  readonly seconds: number;
}

/** How a run at work ends. */
export interface Ending {
  readonly outcome: 'succeeded' | 'rolled-back' | 'failed' | 'cancelled' | 'needs-human';
  readonly why: string;
}

/** What was done before, on resume. */
export interface Past {
  readonly begun: readonly string[];
  readonly notes: Notes;
  /** Whether the commit record was written. */
  readonly committing: boolean;
  /** Whether the servers have shown that the commit point was passed. */
  readonly committed: boolean;
  readonly takingBack: TakingBack | undefined;
}

/** A run that was being taken back. */
export interface TakingBack {
  /** What went wrong. */
  readonly why: string;
  /** Whether anything was to be taken back: if so, it is rolled back once nothing is left of it. */
  readonly shown: boolean;
  /** Whether nothing went wrong: it was told to end. */
  readonly told: boolean;
}

/** Beyond its commit point a run is tried again so often, with 1, 2, 4, … seconds in between, before a human is asked. */
const forwardTries = 4;
/** Between two tries of a step, seconds. */
const longestPause = 16;
/** Between two looks at what a step should have brought about, milliseconds. */
const settlePause = 200;
/** How long servers that cannot be asked are waited for when everything depends on them, seconds. */
const hiddenWithin = 30;

/** Carries out a plan from wherever it stands: each section is looked at before, done, and looked at after. */
export class Execution {
  #notes: Notes;
  readonly #takingBack: TakingBack | undefined;
  /** Whether the commit record is on the disk. */
  #recorded: boolean;
  /** Whether the step that commits may have been sent. */
  #committing: boolean;
  /** Whether the servers have ever shown that the commit point was passed: that stays true, whatever becomes of them. */
  #committed: boolean;
  readonly #begun: Set<string>;
  /** On the wall's clock, so that moments are as far apart as they were although that is set in between. */
  readonly #began: number;

  constructor(
    readonly bench: Bench,
    past: Past = { begun: [], notes: {}, committing: false, committed: false, takingBack: undefined },
  ) {
    this.#notes = past.notes;
    this.#began = bench.clock.now() - bench.clock.monotonic();
    this.#begun = new Set(past.begun);
    this.#recorded = past.committing;
    this.#committing = past.committing;
    this.#committed = past.committed;
    this.#takingBack = past.takingBack;
  }

  /** From the start, or again beyond the commit point. */
  async forward(): Promise<Ending> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        for (const section of this.bench.plan.sections) await this.#section(section);
        return { outcome: 'succeeded', why: 'every step was seen on the servers' };
      } catch (cause) {
        if (this.bench.signal.aborted || cause instanceof Suspended) throw cause;
        const end = await this.#failed(cause, attempt);
        if (end !== undefined) return end;
        await this.bench.clock.sleep(1000 * 2 ** (attempt - 1), this.bench.signal);
      }
    }
  }

  /** After the death of whoever began: what the servers show decides. */
  async resume(): Promise<Ending> {
    const commitment = await this.#commitment();
    if (commitment === 'hidden')
      return {
        outcome: 'needs-human',
        why: 'the server that shows whether the commit point was passed cannot be asked',
      };
    if (commitment === 'absent' && this.#committed) return this.#lapsed('it was found unfinished');
    if (commitment === 'absent' || (this.#takingBack !== undefined && commitment === 'none'))
      return this.#back(
        this.#takingBack?.why ?? 'it was found unfinished, before its commit point',
        this.#takingBack?.told,
      );
    return this.forward();
  }

  async #section(section: Section): Promise<void> {
    const { bench } = this;
    const before = await this.#look();
    this.#mayGoOn(before);
    const todo = section.steps.filter((step) => !step.done(before) && !this.#isBehind(section, step, before));
    const skipped = section.steps.filter((step) => !todo.includes(step));
    if (todo.length === 0) {
      const committed = this.#isCommitted(before);
      await bench.write.sectionDone(section, { done: [], skipped, committed, seconds: 0 }, this.#notes);
      return;
    }
    await bench.fault(sectionBegins(section.name));
    for (const step of todo) this.#notes = { ...this.#notes, ...step.remembers?.(before) };
    await bench.write.section(section, todo, this.#notes);
    todo.forEach(({ id }) => this.#begun.add(id));
    const began = bench.clock.monotonic();
    // Between the first step of a freeze and its last, no look of ours takes the servers' time.
    const endPause = section.steps.length > 1 ? bench.pauseCollection() : undefined;
    try {
      await this.#steps(section, todo, commitmentOf(bench.plan, before) === 'seen');
    } finally {
      endPause?.();
    }
    const after = await this.#settled(todo);
    const committed = this.#isCommitted(after);
    const seconds = (bench.clock.monotonic() - began) / 1000;
    await bench.write.sectionDone(section, { done: todo, skipped, committed, seconds }, this.#notes);
    await bench.fault(sectionEnds(section.name));
  }

  /** Whether the commit point was passed; then the run knows what its plan says of it. */
  #isCommitted(seen: Seen): boolean {
    const committed = commitmentOf(this.bench.plan, seen) === 'seen';
    if (committed) this.#notes = notesOfCommit(this.bench.plan, this.#notes);
    this.#committed ||= committed;
    return committed;
  }

  /** Beyond the commit point, what fails for one server holds up no other. @throws the first of the failures */
  async #steps(section: Section, todo: readonly Step[], committed: boolean): Promise<void> {
    const failures = new Map<string, unknown>();
    for (const step of todo) {
      if (step.apart !== undefined && failures.has(step.apart)) continue;
      try {
        await this.#step(section, step);
      } catch (cause) {
        if (!committed || step.apart === undefined || this.bench.signal.aborted) throw cause;
        failures.set(step.apart, cause);
      }
    }
    for (const cause of failures.values()) throw cause;
  }

  /** Once committed, what the section did on the way there is not done again. */
  #isBehind(section: Section, step: Step, seen: Seen): boolean {
    const at = section.steps.findIndex(({ commits }) => commits === true);
    return at > section.steps.indexOf(step) && section.steps[at]?.done(seen) === true;
  }

  #mayGoOn(seen: Seen): void {
    const why = this.bench.interrupted();
    if (why !== undefined && commitmentOf(this.bench.plan, seen) !== 'seen') throw new Interrupted('interrupted', why);
  }

  async #step(section: Section, step: Step): Promise<void> {
    const { bench } = this;
    await bench.fault(stepBegins(step.id));
    await this.#record(section, step);
    bench.write.step(step, 'began');
    const attempts = section.steps[0] === step ? (step.attempts ?? 1) : 1;
    const alone = section.steps.length === 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#apply(step);
        // Alone in its section it is looked at here, so that it can be tried again.
        if (attempts > 1 && alone) await this.#settled([step]);
        break;
      } catch (cause) {
        if (attempt >= attempts || bench.signal.aborted || cause instanceof Suspended) throw cause;
        await bench.clock.sleep(1000 * Math.min(2 ** (attempt - 1), longestPause), bench.signal);
        const why = bench.interrupted();
        if (why !== undefined) throw new Interrupted('interrupted', `${why}; until then: ${messageOf(cause)}`, undefined, { cause }); // prettier-ignore
        if (alone && step.done(await this.#look())) break;
      }
    }
    bench.write.step(step, 'ended');
    await bench.fault(stepEnds(step.id));
  }

  /** The commit record, once, before the first step that must not be sent without it. */
  async #record(section: Section, step: Step): Promise<void> {
    const committing = section.steps.find(({ commits }) => commits === true);
    if (step === committing) this.#committing = true;
    if (this.#recorded || committing === undefined || (step !== committing && step.afterRecord !== true)) return;
    this.#recorded = true;
    await this.bench.write.committing(committing, this.#notes);
    await this.bench.fault(commitRecorded);
  }

  async #apply(step: Step): Promise<void> {
    const { actor, signal, suspended, told, write } = this.bench;
    const long = step.plan.some(isLong);
    const limit = deadline((step.within ?? defaultWithin) * 1000, long ? AbortSignal.any([signal, suspended, told]) : signal); // prettier-ignore
    const tell = (progress: Progress) => write.progress(step, progress);
    try {
      for (const [at, action] of step.plan.entries()) {
        if (step.moments?.before?.action === at) this.#noteMoment(step.moments.before.note);
        this.#notes = { ...this.#notes, ...(await actor.send(action, this.#notes, limit.signal, tell)) };
      }
      this.#noteMoment(step.moments?.ended);
    } catch (cause) {
      if (long && told.aborted) throw new Interrupted('interrupted', this.bench.interrupted() ?? messageOf(cause));
      if (long && suspended.aborted) throw new Suspended('stopping', `${step.title}: it goes on at the next start`);
      throw new LockstepError('step-failed', `${step.title}: ${messageOf(cause)}`, undefined, { cause });
    } finally {
      limit.clear();
    }
  }

  #noteMoment(note: string | undefined): void {
    if (note === undefined) return;
    const moment = Math.round(this.#began + this.bench.clock.monotonic());
    this.#notes = { ...this.#notes, [note]: String(moment) };
  }

  /** Looks until all of these are seen, within the time of the longest. */
  async #settled(steps: readonly Step[]): Promise<Seen> {
    const { bench } = this;
    const until = bench.clock.monotonic() + 1000 * Math.max(...steps.map(({ within }) => within ?? defaultWithin));
    for (;;) {
      const seen = await this.#look();
      const unmet = steps.find((step) => !step.done(seen));
      if (unmet === undefined) return seen;
      if (bench.clock.monotonic() >= until)
        throw new LockstepError('not-seen', `${unmet.title}: not seen on the servers afterwards`);
      await bench.clock.sleep(settlePause, bench.signal);
    }
  }

  #look(): Promise<Seen> {
    return this.bench.look(this.#notes, this.bench.signal);
  }

  /** @returns how it ends, or undefined: go forward again */
  async #failed(cause: unknown, attempt: number): Promise<Ending | undefined> {
    const why = messageOf(cause);
    const commitment = await this.#commitment();
    if (commitment === 'hidden')
      return { outcome: 'needs-human', why: `${why}; and the server that shows whether the commit point was passed cannot be asked` }; // prettier-ignore
    if (commitment === 'absent' && this.#committed) return this.#lapsed(why);
    if (commitment !== 'seen') return this.#back(why, cause instanceof Interrupted);
    if (attempt < forwardTries) return undefined;
    return { outcome: 'needs-human', why: `past its commit point: ${why}` };
  }

  /** Somebody may have built on what the commit did, and nobody knows what: nothing is taken back, and it is not done again. */
  #lapsed(why: string): Ending {
    const what = stepsOf(this.bench.plan).find(({ commits }) => commits === true)?.title ?? '';
    return { outcome: 'needs-human', why: `${why}, past its commit point, and what that did stands no more: ${what}` };
  }

  async #commitment(): Promise<Commitment> {
    const { bench } = this;
    const until = bench.clock.monotonic() + 1000 * hiddenWithin;
    for (;;) {
      const commitment = commitmentOf(bench.plan, await this.#look());
      // Where it was never sent, nothing has to be seen.
      if (commitment === 'hidden' && !this.#committing) return 'absent';
      const seen = commitment === 'absent' && this.#committing ? await this.#surelyAbsent() : commitment;
      if (seen !== 'hidden' || bench.clock.monotonic() >= until) return seen;
      await bench.clock.sleep(settlePause, bench.signal);
    }
  }

  /** What was sent and not answered may still come about: nothing of ours must be at work there when it is looked for. */
  async #surelyAbsent(): Promise<Commitment> {
    const { plan, actor, signal } = this.bench;
    const limit = deadline(5000, signal);
    try {
      const { unreachable } = await actor.lock(committingServers(plan), limit.signal);
      return unreachable.length > 0 ? 'hidden' : commitmentOf(plan, await this.#look());
    } catch (cause) {
      if (signal.aborted) throw cause;
      return 'hidden';
    } finally {
      limit.clear();
    }
  }

  async #back(why: string, told = false): Promise<Ending> {
    const begun = stepsOf(this.bench.plan).filter(({ id }) => this.#begun.has(id));
    const seen = await this.#look();
    const shown = begun.filter(({ undo }) => undo?.done(seen) === false);
    await this.bench.write.undoing(why, { shown, told }, this.#notes);
    const back = await takeBack(
      this.bench,
      begun,
      seen,
      () => this.#look(),
      () => this.#notes,
      (learned) => (this.#notes = { ...this.#notes, ...learned }),
    );
    if (back.left !== undefined)
      return { outcome: 'needs-human', why: `${why}; and it could not be taken back: ${back.left}` };
    if (back.undone.length > 0 || this.#takingBack?.shown === true) return { outcome: 'rolled-back', why };
    const untouched = begun.every(({ plan }) => plan.every(onlyReads));
    return { outcome: told && untouched ? 'cancelled' : 'failed', why };
  }
}

/** It was told to end at its next step boundary. */
class Interrupted extends LockstepError {}

/** Long work that was left as it stands, for the process stops. */
class Suspended extends LockstepError {}
