import { openSession, type Target } from '../../mysql/session.js';

/** Bytes of a server's tables and indexes, by its own estimate. */
export async function sizeOf(target: Target, signal: AbortSignal): Promise<number> {
  const session = await openSession(target, { signal });
  try {
    const [rows] = await session.query('SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS bytes FROM information_schema.TABLES', { signal }); // prettier-ignore
    return Number(rows?.[0]?.['bytes'] ?? 0);
  } finally {
    await session.end();
  }
}
