import { type Clock, systemClock } from '../base/clock.js';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Row } from '../dialects/question.js';
import type { Handshake } from '../domain/certificate.js';
import type { DriverQuery } from './driver.js';
import { plainText } from './greeting.js';
import { type LoggedIn, logIn } from './login.js';
import { noteSession } from './own-sessions.js';
import { queryErrorOf } from './query-error.js';
import { type Target, whereabouts } from './target.js';

export { LoginError } from './login-error.js';
export { QueryError } from './query-error.js';
export type { Target, TlsTarget } from './target.js';

/** One authenticated connection. It is never renewed by itself: when it is gone it stays gone. */
export interface Session {
  /** What the server showed of itself before the password was sent. */
  readonly handshake: Handshake;
  /** The server's number for this connection, as in its process list. */
  readonly threadId: number;
  /** Milliseconds since the Unix epoch. */
  readonly openedAt: number;
  readonly closed: boolean;
  /**
   * Sends one or more statements, separated by `;`, in one round trip. One entry per statement, in order, with its rows;
   * a statement without rows gives an empty entry. Later statements are not run once one fails. Queries of one session
   * run one after the other. When the signal aborts, the connection is destroyed.
   * @throws QueryError the server refused a statement; the session goes on
   * @throws SessionLost the connection ended
   * @throws the signal's reason
   */
  query(text: string, options: { readonly signal: AbortSignal }): Promise<readonly (readonly Row[])[]>;
  /** Ends at once; queries under way fail. */
  close(): void;
  /** Says goodbye after the queries under way, and waits for the server to hang up: one second, then {@link close}. */
  end(): Promise<void>;
  /** Called once when the session has ended, however it ended; at once when it has already. */
  onClose(listener: () => void): void;
}

/** The connection ended while it was needed. */
export class SessionLost extends LockstepError {}

/**
 * Logs in, and keeps the connection.
 * @throws LoginError; or the signal's reason when that is anything but a deadline that passed
 */
export async function openSession(
  target: Target,
  { signal, clock = systemClock }: { readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<Session> {
  return sessionOf(await logIn(target, signal, clock), target, clock);
}

export function sessionOf(login: LoggedIn, target: Target, clock: Clock = systemClock): Session {
  return new OpenSession(login, whereabouts(target.address), clock.now());
}

class OpenSession implements Session {
  readonly handshake: Handshake;
  readonly threadId: number;
  readonly #login: LoggedIn;
  readonly #listeners = new Set<() => void>();
  #lost: SessionLost | undefined;
  readonly #pending = new Set<(error: Error) => void>();

  constructor(
    login: LoggedIn,
    readonly where: string,
    readonly openedAt: number,
  ) {
    this.handshake = login.handshake;
    this.threadId = login.threadId;
    this.#login = login;
    this.onClose(noteSession(where, login.threadId));
    login.driver.on('error', (error) =>
      this.#lose(`the connection to ${where} was lost: ${plainText(messageOf(error))}`),
    );
    // mysql2 is silent about an end that it asked for itself.
    const ended = () => this.#lose(`${where} closed the connection`);
    login.driver.stream.on('end', ended).on('close', ended);
  }

  get closed(): boolean {
    return this.#lost !== undefined;
  }

  async query(text: string, { signal }: { readonly signal: AbortSignal }): Promise<readonly (readonly Row[])[]> {
    signal.throwIfAborted();
    if (this.#lost !== undefined) throw this.#lost;
    const abort = () => this.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.#send(text);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  close(): void {
    this.#lose(`the session with ${this.where} was closed`);
  }

  async end(): Promise<void> {
    if (this.closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.close(), goodbye);
      this.onClose(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#login.driver.end();
    });
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#listeners.add(listener);
  }

  #send(text: string): Promise<readonly (readonly Row[])[]> {
    const { promise, resolve, reject } = settled<readonly (readonly Row[])[]>();
    this.#pending.add(reject);
    const query = this.#login.driver.query({ sql: text });
    const answers: Row[][] = [];
    let rows = false;
    query.on('fields', (fields: unknown) => {
      answers.push([]);
      rows = fields !== undefined;
    });
    query.on('result', (row: Row) => {
      if (rows) answers.at(-1)?.push(row);
    });
    query.on('error', (error: unknown) => reject(this.#refused(error, answers.length, query)));
    query.on('end', () => resolve(answers));
    return promise.finally(() => this.#pending.delete(reject));
  }

  /** The server may refuse a statement before its answer, or stop (killed, out of time) in the middle of the rows. */
  #refused(error: unknown, answered: number, query: DriverQuery): Error {
    const statement = query.next === query.row ? answered - 1 : answered;
    return queryErrorOf(error, statement) ?? new SessionLost('connection-lost', plainText(messageOf(error)));
  }

  #lose(message: string): void {
    if (this.#lost !== undefined) return;
    const lost = (this.#lost = new SessionLost('connection-lost', message));
    this.#login.release();
    for (const reject of [...this.#pending]) reject(lost);
    for (const listener of [...this.#listeners]) listener();
  }
}

/** How long {@link Session.end} waits for the server to hang up, milliseconds. */
const goodbye = 1000;

function settled<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((give, fail) => {
    resolve = give;
    reject = fail;
  });
  return { promise, resolve, reject };
}
