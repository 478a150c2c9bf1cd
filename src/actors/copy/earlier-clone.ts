import { setTimeout as pause } from 'node:timers/promises';
import type { CopyAction } from '../../domain/action.js';
import { quoteText } from '../../dialects/quote.js';
import { openSession } from '../../mysql/session.js';
import type { CopyPorts } from './copy.js';
import { cloneSessions, endSessions } from './donor-sessions.js';
import { copyFailed } from './run.js';

/** How long a clone that was killed may take to end, and how often it is looked for, milliseconds. */
const [endsWithin, lookEvery] = [30_000, 100];

/**
 * Ends the clone of a Lockstep that died: the target goes on with it by itself, into the very place that the next one is
 * to be made in, and the donor serves nobody else so long.
 * @throws LockstepError `copy-failed` when it does not end
 */
export async function endEarlierClone(
  action: CopyAction,
  ports: CopyPorts,
  fresh: string,
  signal: AbortSignal,
): Promise<void> {
  const session = await openSession(await ports.target(action.on), { signal });
  try {
    // The server writes the statement anew, without its password.
    const found = `SELECT ID AS id, INFO AS info FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE 'CLONE INSTANCE %' AND INSTR(INFO, ${quoteText(quoteText(fresh))}) > 0`; // prettier-ignore
    const [rows = []] = await session.query(found, { signal });
    if (rows.length === 0) return;
    const donor = `@${quoteText(action.address.host)}:${action.address.port} `;
    // A donor serves one clone at a time, which is this one; another donor's clones are somebody else's.
    const same = rows.some((row) => row['info']?.includes(donor) === true);
    const serving = same ? await cloneSessions(ports, action.from, signal).catch(() => []) : [];
    for (const row of rows) await session.query(`KILL ${Number(row['id'])}`, { signal }).catch(() => undefined);
    const until = performance.now() + endsWithin;
    while ((await session.query(found, { signal }))[0]?.length !== 0) {
      if (performance.now() > until) throw copyFailed(`${action.on} is still making an earlier copy`);
      await pause(lookEvery, undefined, { signal });
    }
    await endSessions(ports, action.from, serving);
  } finally {
    await session.end();
  }
}
