import { systemColumns, systemTables, knowing } from '../../../dialects/system-rows.js';
import type { Flavour } from '../../../domain/snapshot.js';
import { copyRows } from '../../../mysql/data-session.js';
import type { Session } from '../../../mysql/session.js';
import { perLoad, type Stream } from './tables.js';

/**
 * Copies what schema `mysql` holds for applications: before events, which are made in their time zone. Few rows, which
 * nobody writes to by the way: they are copied anew by every try, and not counted.
 * @param read on the donor @param flavour of the target
 */
export async function fillSystemRows(
  { from, to }: Stream,
  read: Session,
  flavour: Flavour,
  signal: AbortSignal,
): Promise<void> {
  const [columns = []] = await read.query(systemColumns, { signal });
  for (const { rows, clear } of systemTables(columns, flavour)) {
    await to.query(clear, { signal });
    await copyRows({ from, select: rows.select, to, load: rows.load, perLoad, signal, came: () => undefined });
  }
  await to.query(knowing, { signal });
}
