import type { Failure } from '../domain/snapshot.js';
import type { Session } from '../mysql/session.js';

/**
 * Keeps statements that hang from piling up. A server thread that waits on a lock does not notice that its client has
 * gone: asked again at every scrape, a hung `SHOW REPLICA STATUS` would take one more thread each time until no
 * connection is left. So a new session first ends the threads that earlier ones left behind, and counts those that stay.
 */
export class StuckThreads {
  #threads: readonly { readonly id: number; readonly reduced: boolean }[] = [];

  /** @param reduced whether its session had left out already what probably hangs */
  remember(id: number, reduced: boolean): void {
    if (!this.#threads.some((one) => one.id === id)) this.#threads = [...this.#threads, { id, reduced }];
  }

  /** Of those that were left behind, have not ended, and do not yield to KILL: whether there are any, and any of a reduced session. */
  async left(session: Session, signal: AbortSignal): Promise<{ readonly any: boolean; readonly reduced: boolean }> {
    const left = [];
    for (const thread of this.#threads) if (await hangs(session, thread.id, signal)) left.push(thread);
    this.#threads = left;
    return { any: left.length > 0, reduced: left.some(({ reduced }) => reduced) };
  }

  /** What to fail with where nothing more is asked until they end. */
  get failure(): Failure {
    const [thread] = this.#threads;
    return {
      reason: 'stuck',
      message: `the statement of an earlier look still hangs on the server as thread ${thread?.id ?? 0} and does not yield to KILL; nothing more is asked until it ends: look at SHOW PROCESSLIST there`,
    };
  }
}

async function hangs(session: Session, thread: number, signal: AbortSignal): Promise<boolean> {
  if (!(await runs(session, thread, signal))) return false;
  // It may end between the two statements: 1094, no such thread, is what was wanted.
  await session.query(`KILL ${thread}`, { signal }).catch(() => undefined);
  return runs(session, thread, signal);
}

/** Only threads of this very account: after a restart of the server the number may be somebody else's. */
async function runs(session: Session, thread: number, signal: AbortSignal): Promise<boolean> {
  const [rows] = await session.query(
    `SELECT ID FROM information_schema.PROCESSLIST WHERE ID = ${thread} AND COMMAND <> 'Sleep' AND USER = SUBSTRING_INDEX(USER(), '@', 1)`,
    { signal },
  );
  return (rows ?? []).length > 0;
}
