import type { ServerName } from '../../domain/snapshot.js';
import { openSession, type Session } from '../../mysql/session.js';
import type { CopyPorts } from './copy.js';

const within = 10_000;
const others = "ID <> CONNECTION_ID() AND USER = SUBSTRING_INDEX(USER(), '@', 1)";

/** The newest session of our account on a server: those of a program that is started now have higher numbers. */
export async function newestSession(ports: CopyPorts, server: ServerName, signal: AbortSignal): Promise<number> {
  return asked(ports, server, signal, (session) => Promise.resolve(session.threadId));
}

/** Ends the sessions of our account that are newer, and with them their locks. Where nobody can be asked, nothing can be done. */
export async function endSessions(ports: CopyPorts, server: ServerName, newest: number): Promise<void> {
  const signal = AbortSignal.timeout(within);
  await asked(ports, server, signal, async (session) => {
    const [rows = []] = await session.query(`SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID > ${newest} AND ${others}`, { signal }); // prettier-ignore
    // One that has ended by itself is no fault.
    for (const row of rows) await session.query(`KILL ${Number(row['id'])}`, { signal }).catch(() => undefined);
  }).catch(() => undefined);
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
