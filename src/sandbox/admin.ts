import { Secret } from '../base/secret.js';
import type { Row } from '../dialects/question.js';
import { LoginError, openSession, type Session } from '../mysql/session.js';

/** Statements as root over a server's own Unix socket, on one session that is opened again after it has died. */
export class Admin {
  #session: Promise<Session> | undefined;

  constructor(readonly socketPath: string) {}

  /**
   * Run one statement and give its rows, as text; `[]` for a statement that has none.
   * @param within milliseconds, default 30000
   */
  async query(text: string, within = 30_000): Promise<readonly Row[]> {
    const signal = AbortSignal.timeout(within);
    let session = await this.#open(signal);
    // It may have been ended on the server, as every session is that could write to one that was closed.
    if (session.closed) {
      this.#session = undefined;
      session = await this.#open(signal);
    }
    try {
      const [rows = []] = await session.query(text, { signal });
      return rows;
    } catch (failure) {
      await this.close(); // whether the session survived is not asked: a new one costs a millisecond
      throw failure;
    }
  }

  /** Throws when there is no answer to a login within two seconds; one that is refused is an answer. */
  async answers(): Promise<true> {
    try {
      await this.query('SELECT 1', 2_000);
    } catch (cause) {
      if (!(cause instanceof LoginError) || !['access-denied', 'account-locked'].includes(cause.failure.reason)) throw cause; // prettier-ignore
    }
    return true;
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  async #open(signal: AbortSignal): Promise<Session> {
    this.#session ??= this.#login(signal);
    const opened = this.#session;
    return opened.catch((failure: unknown) => {
      if (this.#session === opened) this.#session = undefined;
      throw failure;
    });
  }

  #login(signal: AbortSignal): Promise<Session> {
    const target = {
      address: { host: 'localhost', port: 0, socketPath: this.socketPath },
      user: 'root',
      password: () => Promise.resolve(new Secret('')),
      tls: undefined,
    };
    return openSession(target, { signal });
  }
}
