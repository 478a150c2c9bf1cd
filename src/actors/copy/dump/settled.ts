import { LockstepError } from '../../../base/errors.js';
import { isTransactional, locking } from '../../../dialects/definitions.js';
import { quoteIdentifier } from '../../../dialects/quote.js';
import { openDataSession, type DataSession } from '../../../mysql/data-session.js';
import type { Session, Target } from '../../../mysql/session.js';
import { definitionsOf, sameDefinitions, type Definitions } from './definitions.js';
import { fix, type Fixed } from './fixed.js';
import { identityOf } from './identity.js';
import type { Stream } from './tables.js';

/** How often a moment is looked for in which no definition is being changed. */
const tries = 5;

/** @param statements with which it begins */
export async function prepared(target: Target, statements: string, signal: AbortSignal): Promise<DataSession> {
  const session = await openDataSession(target, signal);
  try {
    await session.query(statements, { signal });
    return session;
  } catch (cause) {
    session.close();
    throw cause;
  }
}

/** A moment of the donor, and its definitions at that moment: those before it and those after it are the same. */
export async function settled(
  donor: Target,
  read: Session,
  streams: readonly Stream[],
  open: (session: Promise<DataSession>) => Promise<DataSession>,
  reading: string,
  signal: AbortSignal,
): Promise<{ readonly definitions: Definitions; readonly fixed: Fixed; readonly locked: DataSession | undefined }> {
  const { flavour } = await identityOf(read, signal);
  let locked: DataSession | undefined;
  for (let attempt = 1, before = await definitionsOf(read, signal); ; attempt += 1) {
    const names = before.tables.filter(isLocked).map(({ schema, name }) => `${quoteIdentifier(schema)}.${quoteIdentifier(name)} READ`); // prettier-ignore
    if (names.length > 0) locked ??= await open(prepared(donor, `${reading}; ${locking}`, signal));
    // Where none is left of those of the try before, their locks go, too.
    const statement = names.length === 0 ? 'UNLOCK TABLES' : `LOCK TABLES ${names.join(', ')}`;
    const locks = locked && { session: locked, statement };
    const fixed = await fix(donor, flavour, streams.map(({ from }) => from), locks, signal); // prettier-ignore
    const definitions = await definitionsOf(read, signal);
    if (sameDefinitions(before, definitions)) return { definitions, fixed, locked: locks?.session };
    if (attempt >= tries)
      throw new LockstepError('donor-busy', 'tables or other definitions on the donor are changed all the time', 'Try again when that has ended.'); // prettier-ignore
    before = definitions;
  }
}

/** Its rows have no moment: whoever writes to it waits while it is copied. */
export function isLocked({ engine }: { readonly engine: string }): boolean {
  return !isTransactional(engine);
}
