import type { Session } from '../mysql/session.js';
import { LoginError } from '../mysql/session.js';

/**
 * Keeps statements that hang from piling up. A server thread that waits on a lock does not notice that its client has
 * gone: asked again at every scrape, a hung `SHOW REPLICA STATUS` would take one more thread each time until no
 * connection is left. So a new session first ends the thread that the last one left behind, and asks nothing while
 * that one is still there.
 */
export class StuckThread {
  #thread: number | undefined;

  remember(threadId: number): void {
    this.#thread = threadId;
  }

  /** @throws LoginError with reason `stuck` while the thread that was left behind has not ended */
  async clear(session: Session, signal: AbortSignal): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    if (await runs(session, thread, signal)) {
      // It may end between the two statements: 1094, no such thread, is what was wanted.
      await session.query(`KILL ${thread}`, { signal }).catch(() => undefined);
      if (await runs(session, thread, signal)) throw stuck(session, thread);
    }
    this.#thread = undefined;
  }
}

/** Only threads of this very account: after a restart of the server the number may be somebody else's. */
async function runs(session: Session, thread: number, signal: AbortSignal): Promise<boolean> {
  const [rows] = await session.query(
    `SELECT ID FROM information_schema.PROCESSLIST WHERE ID = ${thread} AND COMMAND <> 'Sleep' AND USER = SUBSTRING_INDEX(USER(), '@', 1)`,
    { signal },
  );
  return (rows ?? []).length > 0;
}

function stuck(session: Session, thread: number): LoginError {
  return new LoginError(
    {
      reason: 'stuck',
      message: `the statement of an earlier look still hangs on the server as thread ${thread} and does not yield to KILL; nothing more is asked until it ends: look at SHOW PROCESSLIST there`,
    },
    session.handshake,
  );
}
