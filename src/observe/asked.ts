import type { Clock } from '../base/clock.js';
import { LockstepError } from '../base/errors.js';
import type { Answers, Question, QuestionId, Row } from '../dialects/question.js';
import type { CollectorName } from '../domain/snapshot.js';
import { QueryError, type Session } from '../mysql/session.js';

/** Answers of one look, with when it was sent and answered (ours, milliseconds), and the questions that failed. */
export interface Asked {
  readonly answers: Answers;
  readonly failures: ReadonlyMap<Question, QueryError>;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/**
 * Asks one session. What is due goes out together in one round trip. When that is refused, each question is asked
 * alone once, and those that fail are left out until the session is renewed: a privilege that is missing costs one
 * collector, not the look. Slow questions are asked once per session, for sessions are renewed at that pace.
 */
export class Asker {
  readonly #failures = new Map<QuestionId, readonly [Question, QueryError]>();
  readonly #slow = new Map<QuestionId, readonly Row[]>();
  #slowAt = 0;
  /** What the slow answers so far call for; undefined after one more of them. */
  #standing: readonly Question[] | undefined;

  constructor(
    readonly session: Session,
    /** The questions of this session's column, given the slow answers so far: some follow from others. */
    readonly questions: (answers: Answers) => readonly Question[],
    readonly clock: Clock,
    /** After so many milliseconds slow answers are stale: the session that should have brought new ones did not come. */
    readonly slowLasts: number,
  ) {}

  /** Asks all that is slow: a fresh session is made ready before it serves, so that no look waits for that. */
  async prepare(signal: AbortSignal): Promise<void> {
    this.#slowAt = this.clock.monotonic();
    await this.#gather((question) => question.pace === 'slow', signal);
  }

  /**
   * @param thorough ask again what is slow, and what was refused; and what only thorough looks ask
   * @throws the session's failure, or the signal's reason; refused statements are reported in `failures` instead
   */
  async ask(collectors: ReadonlySet<CollectorName>, signal: AbortSignal, thorough = false): Promise<Asked> {
    if (this.clock.monotonic() - this.#slowAt > this.slowLasts) this.#forget();
    const sentAt = this.clock.now();
    const wanted = (question: Question) => collectors.has(question.collector);
    const { fresh, receivedAt } = await this.#gather(wanted, signal, thorough);
    return {
      answers: Object.fromEntries([...this.#slow, ...fresh]),
      failures: new Map(this.#failures.values()),
      sentAt,
      receivedAt,
    };
  }

  /** Every question that is wanted and due. A second round only when a slow answer brought a new one (the heartbeat table was found). */
  async #gather(wanted: (question: Question) => boolean, signal: AbortSignal, thorough = false) {
    const fresh = new Map<QuestionId, readonly Row[]>();
    const asked = new Set<QuestionId>();
    // What is known stays until the new answer replaces it, for other looks go on meanwhile.
    const known = (id: QuestionId) => asked.has(id) || (!thorough && (this.#failures.has(id) || this.#slow.has(id)));
    let receivedAt: number | undefined;
    for (;;) {
      this.#standing ??= this.questions(Object.fromEntries(this.#slow));
      const due = this.#standing.filter(
        (question) => wanted(question) && !known(question.id) && (thorough || question.pace !== 'thorough'),
      );
      if (due.length === 0) break;
      due.forEach(({ id }) => asked.add(id));
      for (const [question, rows] of await this.#send(due, signal)) {
        fresh.set(question.id, rows);
        this.#failures.delete(question.id);
        if (question.pace !== 'slow') continue;
        this.#slow.set(question.id, rows);
        this.#standing = undefined;
      }
      receivedAt ??= this.clock.now();
    }
    return { fresh, receivedAt: receivedAt ?? this.clock.now() };
  }

  #forget(): void {
    this.#slow.clear();
    this.#failures.clear();
    this.#standing = undefined;
    this.#slowAt = this.clock.monotonic();
  }

  async #send(due: readonly Question[], signal: AbortSignal): Promise<Map<Question, readonly Row[]>> {
    try {
      const results = await this.session.query(due.map((question) => question.sql).join('; '), { signal });
      if (results.length !== due.length)
        throw new LockstepError(
          'protocol',
          `${due.length} statements were sent and ${results.length} answers came back`,
        );
      return new Map(due.map((question, index) => [question, results[index] ?? []]));
    } catch (error) {
      if (!(error instanceof QueryError) || this.session.closed) throw error;
      return this.#sendAlone(due, signal);
    }
  }

  async #sendAlone(due: readonly Question[], signal: AbortSignal): Promise<Map<Question, readonly Row[]>> {
    const answered = new Map<Question, readonly Row[]>();
    for (const question of due) {
      try {
        answered.set(question, (await this.session.query(question.sql, { signal }))[0] ?? []);
      } catch (error) {
        if (!(error instanceof QueryError) || this.session.closed) throw error;
        this.#failures.set(question.id, [question, error]);
        this.#slow.delete(question.id);
      }
    }
    return answered;
  }
}
