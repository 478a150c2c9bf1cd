import type { Clock } from '../base/clock.js';
import { DeadlineError, deadline, raced } from '../base/deadline.js';
import { LockstepError, adviceOf } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { type Column, columnFor } from '../dialects/capabilities.js';
import { type Detected, detection, identify } from '../dialects/detect.js';
import { factsOf } from '../dialects/facts.js';
import { grantFor } from '../dialects/grants.js';
import type { Answers, Question, QuestionOptions } from '../dialects/question.js';
import { questionsFor } from '../dialects/questions.js';
import type { SeenCertificate } from '../domain/certificate.js';
import {
  type Address,
  type ClusterName,
  type CollectorName,
  type Failure,
  type ServerFacts,
  type ServerName,
  type ServerSnapshot,
  collectorNames,
  thoroughCollectorNames,
} from '../domain/snapshot.js';
import { LoginError, QueryError, type Session, SessionLost, type Target, openSession } from '../mysql/session.js';
import { Arrivals } from './arrival.js';
import { type Asked, Asker } from './asked.js';
import {
  type CertificateFiles,
  type FromFiles,
  type ReadyFiles,
  fromHandshake,
  fromStatus,
  servedEqualsFile,
} from './certificates.js';
import { Entrance } from './entrance.js';
import { FileReadings } from './file-readings.js';
import { failedOutcomes, outcomesOf } from './outcomes.js';
import { StuckThreads } from './stuck.js';

/** One server to watch, as the configuration names it. */
export interface Watched {
  /** Changes with anything that the configuration says of this server: an equal one is watched on after a reload. */
  readonly key: string;
  readonly cluster: ClusterName;
  readonly name: ServerName;
  readonly address: Address;
  /** How to log in; called at each login, so that rotated secrets and certificates are read anew. */
  readonly target: () => Promise<Target>;
  readonly questions: QuestionOptions;
  /** Reads certificate files that the server names; undefined where Lockstep cannot reach them. */
  readonly files: CertificateFiles | undefined;
  /** Files that lie ready for the day when it replicates; default none. */
  readonly ready?: ReadyFiles | undefined;
}

export interface WatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How long one look, or one login, may take, milliseconds. */
  readonly timeout: number;
  /** How often a fresh login replaces the kept one and slow questions are asked, milliseconds. */
  readonly slowInterval: number;
  readonly queue: <R>(work: () => Promise<R>) => Promise<R>;
  /** Told of every look that asked everything. */
  readonly seen?: (snapshot: ServerSnapshot) => void;
  /** Told of every look, whatever it asked. */
  readonly looked?: (snapshot: ServerSnapshot) => void;
}

interface Opened {
  readonly session: Session;
  readonly detected: Detected;
  readonly column: Column;
  readonly asker: Asker;
  /** Collectors some of whose questions are not asked in this session: one of an earlier session still hangs. */
  readonly leftOut: ReadonlySet<CollectorName>;
}

export const everyCollector: ReadonlySet<CollectorName> = new Set(collectorNames);

export type LookKind = 'thorough' | 'anew' | 'unshared';

function isThorough(how: LookKind | undefined): boolean {
  return how === 'thorough' || how === 'anew';
}

/** What a thorough look asks beside the collectors that it is for. */
const thoroughly = (collectors: ReadonlySet<CollectorName>): ReadonlySet<CollectorName> =>
  new Set([...collectors, ...thoroughCollectorNames]);

/** The eye on one server: looks, sharing what is under way. Nothing runs between looks. */
export class Watch {
  readonly #entrance: Entrance<Opened>;
  readonly #arrivals = new Arrivals();
  readonly #stuck = new StuckThreads();
  readonly #underway = new Map<string, Promise<ServerSnapshot>>();
  #newest: ServerSnapshot | undefined;
  #last: ServerSnapshot | undefined;
  #own = 0;
  readonly #files: FileReadings;
  #clockOffset = 0;
  #failing: Failure['reason'] | undefined;
  #status: readonly SeenCertificate[] = [];

  /** How many looks were answered by one that was already under way. */
  shared = 0;

  constructor(
    readonly watched: Watched,
    readonly options: WatchOptions,
  ) {
    this.#files = new FileReadings(watched.files, watched.ready, options.timeout);
    this.#entrance = new Entrance<Opened>({
      open: (signal) => this.#open(signal),
      sessionOf: (opened) => opened.session,
      renewEvery: options.slowInterval,
      // Less than a look's, so that a login that hangs can still say where it hung. Whole, as AbortSignal wants it.
      timeout: Math.max(1, Math.floor(options.timeout * 0.9)),
      queue: options.queue,
      clock: options.clock,
    });
  }

  /** The newest look at everything. */
  get newest(): ServerSnapshot | undefined {
    return this.#newest;
  }

  /** The newest look at anything. */
  get last(): ServerSnapshot | undefined {
    return this.#last;
  }

  /**
   * Look now, or share a look at the same collectors that is under way. Never throws for what the server does: a
   * server that cannot be asked is a snapshot without facts, also when `signal` ends before the answer.
   * @param how `thorough` asks what seldom changes too, and begins after this call: for whoever has just changed
   * something; `anew` logs in for it as well, so that what is served, and the files, are those of now. `unshared` is for
   * looks that nobody asked for: whoever asks gets one that begins then
   */
  async look(collectors: ReadonlySet<CollectorName>, signal: AbortSignal, how?: LookKind): Promise<ServerSnapshot> {
    const wanted = isThorough(how) ? thoroughly(collectors) : collectors;
    const key = [...wanted].sort().join() + (how === undefined ? '' : ` ${(this.#own += 1)}`);
    let look = this.#underway.get(key);
    if (look === undefined) {
      look = this.#look(wanted, how).finally(() => this.#underway.delete(key));
      this.#underway.set(key, look);
    } else {
      this.shared += 1;
    }
    const began = this.options.clock.now();
    try {
      return await raced(look, signal);
    } catch (error) {
      return this.#without(wanted, began, this.#failureOf(error));
    }
  }

  /** Lets looks under way end, then ends the session. */
  async close(): Promise<void> {
    await Promise.all(this.#underway.values());
    await this.#entrance.close();
    await this.watched.files?.close();
  }

  async #look(collectors: ReadonlySet<CollectorName>, how: LookKind | undefined): Promise<ServerSnapshot> {
    const { clock, timeout } = this.options;
    const at = clock.now();
    const limit = deadline(timeout);
    try {
      if (how === 'anew') await raced(this.#entrance.renew(), limit.signal);
      const opened = await this.#enter(limit.signal);
      try {
        const asked = await this.#ask(opened, collectors, limit.signal, isThorough(how));
        return this.#ended(collectors, await this.#snapshot(opened, asked, collectors, at, how));
      } finally {
        this.#entrance.release(opened);
      }
    } catch (error) {
      return this.#ended(collectors, this.#without(collectors, at, this.#failureOf(error)));
    } finally {
      limit.clear();
    }
  }

  /** A session that stays until it is released, even when a fresh one takes its place in the meantime. */
  async #enter(signal: AbortSignal): Promise<Opened> {
    for (;;) {
      const opened = await raced(this.#entrance.enter(), signal);
      if (this.#entrance.hold(opened)) return opened;
    }
  }

  #ended(collectors: ReadonlySet<CollectorName>, snapshot: ServerSnapshot): ServerSnapshot {
    this.#last = snapshot;
    this.options.looked?.(snapshot);
    if (collectors.size >= everyCollector.size) {
      this.#newest = snapshot;
      this.options.seen?.(snapshot);
    }
    // Said once when it begins and once when it is over; in between the metrics tell.
    const reason = snapshot.failure?.reason;
    if (reason !== this.#failing) {
      const { cluster, name: server } = this.watched;
      if (snapshot.failure === undefined) this.options.log.info({ cluster, server }, 'the server answers again');
      else this.options.log.warn({ cluster, server, ...snapshot.failure }, 'the server cannot be asked');
      this.#failing = reason;
    }
    return snapshot;
  }

  /** A login is whole once the server was recognised and all that is slow was asked. */
  async #open(signal: AbortSignal): Promise<Opened> {
    const session = await openSession(await this.watched.target(), { signal });
    let opened: Opened | undefined;
    try {
      opened = await this.#recognised(session, signal);
      await opened.asker.prepare(signal);
      return opened;
    } catch (error) {
      session.close();
      if (signal.aborted) this.#stuck.remember(session.threadId, isReduced(opened));
      throw error instanceof LoginError ? error : new LoginError(this.#failureOf(error), session.handshake);
    }
  }

  async #recognised(session: Session, signal: AbortSignal): Promise<Opened> {
    const [row] = (await session.query(detection, { signal }))[0] ?? [];
    const detected = identify(row ?? {});
    const column = columnFor(detected);
    const all = (answers: Answers) => questionsFor(column, detected, this.watched.questions, answers);
    const waiting = all({}).filter(waits);
    const left = await this.#stuck.left(session, signal);
    // Without what probably hangs the others may be answered, unless that was tried and hung, too.
    if (left.reduced || (left.any && waiting.length === 0))
      throw new LoginError(this.#stuck.failure, session.handshake);
    const questions = left.any ? (answers: Answers) => all(answers).filter((question) => !waits(question)) : all;
    const asker = new Asker(session, questions, this.options.clock, 2 * this.options.slowInterval);
    const leftOut = new Set(left.any ? waiting.map(({ collector }) => collector) : []);
    return { session, detected, column, asker, leftOut };
  }

  async #ask(
    opened: Opened,
    collectors: ReadonlySet<CollectorName>,
    signal: AbortSignal,
    thorough: boolean,
  ): Promise<Asked> {
    try {
      return await opened.asker.ask(withFiles(collectors), signal, thorough);
    } catch (error) {
      this.#entrance.drop(opened);
      if (error instanceof DeadlineError) this.#stuck.remember(opened.session.threadId, isReduced(opened));
      throw error;
    }
  }

  async #snapshot(
    opened: Opened,
    asked: Asked,
    collectors: ReadonlySet<CollectorName>,
    at: number,
    how: LookKind | undefined,
  ): Promise<ServerSnapshot> {
    const facts = this.#heard(factsOf(opened.column, opened.detected, asked.answers, asked), asked.receivedAt);
    const files = collectors.has('certificates') ? await this.#filesFor(opened, facts, how) : this.#files.newest;
    const certificates = this.#certificates(facts, files);
    return {
      ...this.#frame(at),
      facts: collectors.has('replication') ? facts : { ...facts, channels: undefined },
      failure: undefined,
      collectors: outcomesOf(
        collectors,
        asked,
        (question) => grantFor(question, opened.detected.account),
        this.#entrance.login,
        files,
        opened.leftOut,
      ),
      certificates,
      servedEqualsFile: servedEqualsFile(certificates),
      durationSeconds: (this.options.clock.now() - at) / 1000,
    };
  }

  #filesFor(opened: Opened, facts: ServerFacts, how: LookKind | undefined): Promise<FromFiles | undefined> {
    const occasion = { opened, login: this.#entrance.login };
    return how === 'anew' ? this.#files.readAnew(occasion, facts) : this.#files.read(occasion, facts);
  }

  #heard(facts: ServerFacts, at: number): ServerFacts {
    // Not every look asks for the clock, and it hardly changes.
    this.#clockOffset = facts.state?.clockOffsetSeconds ?? this.#clockOffset;
    if (facts.channels === undefined) return facts;
    return { ...facts, channels: this.#arrivals.fill(facts.channels, at, this.#clockOffset) };
  }

  /** A snapshot of a server that could not be asked: what is known of its certificates stays. */
  #without(collectors: ReadonlySet<CollectorName>, at: number, failure: Failure): ServerSnapshot {
    const durationSeconds = (this.options.clock.now() - at) / 1000;
    const certificates = this.#certificates(undefined, this.#files.newest);
    return {
      ...this.#frame(at),
      facts: undefined,
      failure,
      collectors: failedOutcomes(collectors, failure, durationSeconds),
      certificates,
      servedEqualsFile: servedEqualsFile(certificates),
      durationSeconds,
    };
  }

  #frame(at: number) {
    const { cluster, name, address } = this.watched;
    return { cluster, name, address, at, login: this.#entrance.login };
  }

  #certificates(facts: ServerFacts | undefined, files: FromFiles | undefined) {
    if (facts?.tls !== undefined) this.#status = fromStatus(facts);
    return [...fromHandshake(this.#entrance.login?.handshake), ...this.#status, ...(files?.certificates ?? [])];
  }

  #failureOf(error: unknown): Failure {
    if (error instanceof LoginError) return error.failure;
    const { cluster, name, address } = this.watched;
    const where = `${cluster}/${name} (${address.host}:${address.port})`;
    if (error instanceof SessionLost)
      return { reason: 'connection-lost', message: `${where} hung up: ${error.message}` };
    if (error instanceof LockstepError || error instanceof QueryError)
      return { reason: 'other', message: `${where}: ${adviceOf(error)}` };
    const message = `${where} did not answer in time; look at its process list, load and network`;
    return { reason: 'timeout', message };
  }
}

function isReduced(opened: Opened | undefined): boolean {
  return (opened?.leftOut.size ?? 0) > 0;
}

function waits({ waitsForCommits }: Question): boolean {
  return waitsForCommits === true;
}

/** Channels name certificate files as well. */
function withFiles(collectors: ReadonlySet<CollectorName>): ReadonlySet<CollectorName> {
  return collectors.has('certificates') ? new Set([...collectors, 'replication']) : collectors;
}
