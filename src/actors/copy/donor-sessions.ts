import type { ServerName } from '../../domain/snapshot.js';
import { ownSessions } from '../../mysql/own-sessions.js';
import { openSession, type Session } from '../../mysql/session.js';
import type { CopyPorts } from './copy.js';

/** For everything that is asked or ended once, milliseconds. */
const within = 10_000;

/** One session at a server: its number is given anew after a restart, the port that it comes from is not at once. */
export interface DonorSession {
  readonly id: number;
  /** `address:port` of its client. */
  readonly host: string;
}

/** The newest session at a server: whoever logs in later has a higher number. */
export async function newestSession(ports: CopyPorts, server: ServerName, signal: AbortSignal): Promise<number> {
  return asked(ports, server, signal, (session) => Promise.resolve(session.threadId));
}

/** The sessions of our account that are newer, but for those of this process; and the newest of all by now. */
export async function sessionsSince(
  ports: CopyPorts,
  server: ServerName,
  newest: number,
  signal: AbortSignal,
): Promise<{ readonly sessions: readonly DonorSession[]; readonly newest: number }> {
  return asked(ports, server, signal, async (session) => {
    const found = await listed(session, `ID > ${newest} AND ID < CONNECTION_ID()`, signal);
    const own = ownSessions(await ports.target(server));
    return { sessions: found.filter(({ id }) => !own.has(id)), newest: session.threadId };
  });
}

/** Those that serve a clone. A server serves one at a time, over several sessions. */
export async function cloneSessions(
  ports: CopyPorts,
  server: ServerName,
  signal: AbortSignal,
): Promise<readonly DonorSession[]> {
  // `Clone` before MySQL 9, `clone` since.
  return asked(ports, server, signal, (session) => listed(session, "LOWER(COMMAND) = 'clone'", signal));
}

/** Ends these sessions, and with them their locks. One that has ended is no fault; where nobody can be asked, nothing can be done. */
export async function endSessions(
  ports: CopyPorts,
  server: ServerName,
  sessions: readonly DonorSession[],
): Promise<void> {
  if (sessions.length === 0) return;
  const signal = AbortSignal.timeout(within);
  await asked(ports, server, signal, async (session) => {
    const there = await listed(session, `ID IN (${sessions.map(({ id }) => id).join()})`, signal);
    const same = there.filter(({ id, host }) => sessions.some((one) => one.id === id && one.host === host));
    for (const { id } of same) await session.query(`KILL ${id}`, { signal }).catch(() => undefined);
  }).catch(() => undefined);
}

async function listed(session: Session, which: string, signal: AbortSignal): Promise<readonly DonorSession[]> {
  const ours = "ID <> CONNECTION_ID() AND USER = SUBSTRING_INDEX(USER(), '@', 1)";
  const statement = `SELECT ID AS id, HOST AS host FROM information_schema.PROCESSLIST WHERE ${ours} AND ${which}`;
  const [rows = []] = await session.query(statement, { signal });
  return rows.map((row) => ({ id: Number(row['id']), host: row['host'] ?? '' }));
}

async function asked<T>(
  ports: CopyPorts,
  server: ServerName,
  signal: AbortSignal,
  ask: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(await ports.target(server), { signal });
  try {
    return await ask(session);
  } finally {
    await session.end();
  }
}
