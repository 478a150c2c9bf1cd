import { within } from '../base/deadline.js';
import { LockstepError } from '../base/errors.js';
import type { SessionName } from '../domain/action.js';
import type { Row } from '../dialects/question.js';
import { openSession, type Session, type Target } from '../mysql/session.js';

/**
 * How long a server keeps a session of ours that says nothing, seconds. Less than a step's budget: a Lockstep that was
 * frozen longer finds its sessions, and with them its locks, gone.
 */
export const silentSeconds = 15;
/** How long a statement may wait for a lock that others hold, seconds, unless it says otherwise. */
const lockWaitSeconds = 5;
/** Between two tries for an advisory lock, milliseconds. */
const lockPause = 250;
const killWithin = 2000;
/** How long a statement that nobody waits for may take before its session is given up, milliseconds. */
const detachedWithin = 60_000;

/**
 * A session that changes a server. It holds the advisory lock of its name for as long as it lives, and speaks now and
 * then, so that it lives as long as this process does and not much longer.
 */
export class HeldSession {
  readonly #pulse: NodeJS.Timeout;
  #busy = false;

  private constructor(
    readonly session: Session,
    readonly target: Target,
  ) {
    this.#pulse = setInterval(() => void this.#speak(), (silentSeconds * 1000) / 3);
    this.#pulse.unref();
    session.onClose(() => clearInterval(this.#pulse));
  }

  /**
   * Logs in and takes the lock.
   * @param loginWithin milliseconds, of what the signal gives; default all of it
   * @throws LoginError; LockstepError `locked` when another session holds it until the signal is over
   */
  static async open(
    target: Target,
    server: string,
    name: SessionName,
    signal: AbortSignal,
    loginWithin?: number,
  ): Promise<HeldSession> {
    const logIn = (limit: AbortSignal) => openSession(target, { signal: limit });
    const session = await (loginWithin === undefined ? logIn(signal) : within(loginWithin, signal, logIn));
    const held = new HeldSession(session, target);
    try {
      await held.query(
        `SET SESSION wait_timeout = ${silentSeconds}; SET SESSION lock_wait_timeout = ${lockWaitSeconds}`,
        signal,
      );
      await held.take(lockName(name), server, signal);
      return held;
    } catch (cause) {
      session.close();
      throw cause;
    }
  }

  get closed(): boolean {
    return this.session.closed;
  }

  /** One round trip. When the signal aborts first, the server is told to end the statement, and the session is gone. */
  async query(text: string, signal: AbortSignal): Promise<readonly (readonly Row[])[]> {
    this.#busy = true;
    try {
      return await this.session.query(text, { signal });
    } catch (cause) {
      if (signal.aborted) await this.#kill();
      throw cause;
    } finally {
      this.#busy = false;
    }
  }

  /** Sends, and does not wait: its pulse rests until the server has answered. A refusal shows in what it did not do. */
  detach(text: string): void {
    this.#busy = true;
    void this.session
      .query(text, { signal: AbortSignal.timeout(detachedWithin) })
      .catch(() => undefined)
      .finally(() => (this.#busy = false));
  }

  /** Takes one more advisory lock into this session. @throws LockstepError `locked` */
  async take(lock: string, server: string, signal: AbortSignal): Promise<void> {
    const ask = `SELECT GET_LOCK('${lock}', 0) AS got, IS_USED_LOCK('${lock}') AS holder`;
    for (let holder: string | undefined; ;) {
      const [rows] = await this.query(ask, signal).catch((cause: unknown) => {
        // The signal may end a later try as well as the pause before it: what kept us from the lock is its holder.
        throw signal.aborted && holder !== undefined ? locked(server, holder, cause) : cause;
      });
      if (rows?.[0]?.['got'] === '1') return;
      holder = rows?.[0]?.['holder'] ?? '?';
      if (!(await passed(lockPause, signal))) throw locked(server, holder);
    }
  }

  async release(lock: string, signal: AbortSignal): Promise<void> {
    await this.query(`DO RELEASE_LOCK('${lock}')`, signal);
  }

  end(): Promise<void> {
    clearInterval(this.#pulse);
    return this.session.end();
  }

  async #speak(): Promise<void> {
    if (this.#busy || this.closed) return;
    await this.query('DO 0', AbortSignal.timeout(silentSeconds * 1000)).catch(() => undefined);
  }

  /** What was sent may still be executing: nobody waits for its answer any more. */
  async #kill(): Promise<void> {
    const signal = AbortSignal.timeout(killWithin);
    try {
      const other = await openSession(this.target, { signal });
      await other.query(`KILL ${this.session.threadId}`, { signal }).finally(() => other.close());
    } catch {
      // It ended by itself, or the server cannot be reached; its lock tells whoever comes next.
    }
  }
}

/** One name per session, the same on every server: a lock is known to its server alone. */
export function lockName(session: SessionName): string {
  return `lockstep.${session}`;
}

function locked(server: string, holder: string, cause?: unknown): LockstepError {
  return new LockstepError(
    'locked',
    `${server} is locked by session ${holder} of another Lockstep, or of one that has just died`,
    'SHOW PROCESSLIST there names it.',
    { cause },
  );
}

/** Waits; false when the signal ended it, or is about to. */
function passed(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (value: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve(value);
    };
    const over = () => done(false);
    const timer = setTimeout(() => done(true), milliseconds);
    if (signal.aborted) done(false);
    else signal.addEventListener('abort', over, { once: true });
  });
}
