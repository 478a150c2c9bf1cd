import { schemasListing } from '../../dialects/definitions.js';
import { quoteIdentifier } from '../../dialects/quote.js';
import { openSession, type Target } from '../../mysql/session.js';

/**
 * Drops every schema of applications. Whoever comes after a crash drops those that are left.
 * @returns how many it dropped
 */
export async function empty(target: Target, signal: AbortSignal): Promise<number> {
  const session = await openSession(target, { signal });
  try {
    // Keys of one schema may point into another.
    await session.query('SET SESSION foreign_key_checks = 0', { signal });
    const [rows = []] = await session.query(schemasListing, { signal });
    for (const row of rows)
      await session.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(row['s'] ?? '')}`, { signal });
    return rows.length;
  } finally {
    await session.end();
  }
}
