import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { within } from '../base/deadline.js';
import { LockstepError, adviceOf } from '../base/errors.js';
import type { Handshake } from '../domain/certificate.js';
import { type Failure, failureReasons, type Login } from '../domain/snapshot.js';
import { LoginError, type Session } from '../mysql/session.js';

/** Failures that trying again at once would not mend, and that cost something: a failed login is counted and logged. */
const settled = new Set<Failure['reason']>([
  'tls-not-offered',
  'tls-unverified',
  'access-denied',
  'auth-plugin-unsupported',
  'secret-unreadable',
  'host-blocked',
  'too-many-connections',
  'stuck',
]);

/** After a failure of that kind, how soon somebody who has to know how a login goes now may have one, milliseconds. */
const soonest = 1000;

/** How long a login keeps its place in the queue, milliseconds: many times what one takes that gets an answer. */
const placeFor = 1000;

export interface EntranceOptions<T> {
  /** One login and whatever makes its session useful. */
  readonly open: (signal: AbortSignal) => Promise<T>;
  readonly sessionOf: (opened: T) => Session;
  /** How long a session serves before a fresh login replaces it, milliseconds. */
  readonly renewEvery: number;
  /** How long one login may take, milliseconds. */
  readonly timeout: number;
  /** Runs at most so many logins of all servers at once, so that a thousand renewals are no storm. */
  readonly queue: <R>(work: () => Promise<R>) => Promise<R>;
  readonly clock: Clock;
}

/**
 * The one way into a server: keeps one open session, and replaces it by a fresh login now and then, so that the whole
 * path (name, port, TLS, certificate, password) is tested and the served certificate is seen anew, while looks go on
 * over the old session. One login at a time; after a failure that would only repeat itself, no login until a quarter
 * of the renewal interval has passed. Nothing runs unless somebody looks.
 */
export class Entrance<T> {
  #kept: { readonly opened: T; readonly renewAt: number } | undefined;
  /** How many looks go on over each session. */
  readonly #users = new Map<T, number>();
  #underway: Promise<T> | undefined;
  #notBefore = -Infinity;
  #login: Login | undefined;
  #failure: unknown;
  #failedAt = -Infinity;
  readonly #ending = new AbortController();

  constructor(readonly options: EntranceOptions<T>) {}

  /** The newest login that ended, good or bad. */
  get login(): Login | undefined {
    return this.#login;
  }

  /**
   * The kept session, or a new one.
   * @throws LoginError why there is none
   */
  async enter(): Promise<T> {
    const now = this.options.clock.monotonic();
    if (this.#kept !== undefined && this.options.sessionOf(this.#kept.opened).closed) this.#kept = undefined;
    if (this.#kept !== undefined) {
      // A failed renewal is in `login`; the old session still serves.
      if (now >= this.#kept.renewAt && now >= this.#notBefore) this.#open().catch(() => undefined);
      return this.#kept.opened;
    }
    if (this.#underway === undefined && now < this.#notBefore) throw this.#failure;
    return this.#open();
  }

  /**
   * A login that begins after this call takes the place of the kept session, or of the failure that is waited after.
   * Never throws: where it fails, {@link login} says so, and the old session still serves.
   */
  async renew(): Promise<void> {
    await this.#underway?.catch(() => undefined);
    const rested = this.options.clock.monotonic() >= this.#failedAt + soonest;
    if (this.#kept !== undefined || rested) await this.#open().catch(() => undefined);
  }

  /**
   * Keeps a session from being ended under a look when a fresh one takes its place. Call it in the very turn in which
   * the session is first used. False when its place is taken already: enter again.
   */
  hold(opened: T): boolean {
    if (this.#kept?.opened !== opened) return false;
    this.#users.set(opened, (this.#users.get(opened) ?? 0) + 1);
    return true;
  }

  /** Ends a {@link hold}; the last one out of a session that was replaced says goodbye. */
  release(opened: T): void {
    const left = (this.#users.get(opened) ?? 1) - 1;
    if (left > 0) {
      this.#users.set(opened, left);
      return;
    }
    this.#users.delete(opened);
    if (this.#kept?.opened !== opened) void this.options.sessionOf(opened).end();
  }

  /** Drop this session, if it is still the kept one. */
  drop(opened: T): void {
    if (this.#kept?.opened === opened) this.#kept = undefined;
    this.options.sessionOf(opened).close();
  }

  async close(): Promise<void> {
    this.#ending.abort(new Error('Lockstep no longer watches this server'));
    await this.#underway?.catch(() => undefined);
    if (this.#kept !== undefined) await this.options.sessionOf(this.#kept.opened).end();
    this.#kept = undefined;
  }

  #open(): Promise<T> {
    this.#underway ??= this.#inTurn().finally(() => (this.#underway = undefined));
    return this.#underway;
  }

  /** Servers that hang may not keep the others waiting: a login gives up its place in the queue before it gives up. */
  async #inTurn(): Promise<T> {
    const begun = await this.options.queue(async () => {
      const attempt = this.#attempt();
      await Promise.race([attempt.catch(() => undefined), pause(placeFor, undefined, { ref: false })]);
      return { attempt };
    });
    return begun.attempt;
  }

  async #attempt(): Promise<T> {
    const { open, sessionOf, renewEvery, timeout, clock } = this.options;
    try {
      const opened = await within(timeout, this.#ending.signal, open);
      const session = sessionOf(opened);
      this.#login = { at: clock.now(), failure: undefined, handshake: session.handshake };
      const before = this.#kept;
      // Between three quarters and the whole of the interval: servers that were met together drift apart.
      this.#kept = { opened, renewAt: clock.monotonic() + renewEvery * (0.75 + Math.random() / 4) };
      this.#notBefore = -Infinity;
      if (before !== undefined && !this.#users.has(before.opened)) void sessionOf(before.opened).end();
      return opened;
    } catch (error) {
      const failed = loginErrorOf(error);
      const { failure } = failed;
      const handshake = newest(failed.handshake, this.#login?.handshake);
      this.#login = { at: clock.now(), failure, handshake };
      this.#failure = failed;
      this.#failedAt = clock.monotonic();
      const rest = settled.has(failure.reason) || this.#kept !== undefined ? renewEvery / 4 : 0;
      this.#notBefore = clock.monotonic() + rest;
      throw failed;
    }
  }
}

/**
 * A login that met no certificate says nothing new about it: one that met no server, or one that TLS failed for
 * (frozen in between, or our own certificate refused). The last one seen stays, whose end may be near.
 */
function newest(met: Handshake | undefined, before: Handshake | undefined): Handshake | undefined {
  if (met === undefined || before === undefined) return met ?? before;
  return met.tlsOffered && met.chain.length === 0 && before.chain.length > 0 ? before : met;
}

/** What fails before the server is asked (a certificate file that cannot be read) may carry a reason as its code. */
function loginErrorOf(error: unknown): LoginError {
  if (error instanceof LoginError) return error;
  const code = error instanceof LockstepError ? error.code : undefined;
  const reason = failureReasons.find((known) => known === code) ?? 'other';
  return new LoginError({ reason, message: adviceOf(error) }, undefined, { cause: error });
}
