import { setTimeout as pause } from 'node:timers/promises';
import { DeadlineError, within } from '../../../base/deadline.js';
import { LockstepError } from '../../../base/errors.js';
import { newestOf, snapshotStatements } from '../../../dialects/snapshot-statements.js';
import type { Flavour } from '../../../domain/snapshot.js';
import type { DataSession } from '../../../mysql/data-session.js';
import { openSession, QueryError, type Session, type Target } from '../../../mysql/session.js';

/** How long commits may be stopped at the very most, milliseconds; then they go on and it is tried again. */
const stopAtMost = 1500;
const tries = 5;
const pauseBetween = 1000;
/** How long it waits for long statements to end, milliseconds. */
const waitsForOthers = 120_000;

/** One moment of a server, which several sessions see and go on seeing. */
export interface Fixed {
  /** GTID. */
  readonly position: string;
  /** When commits were stopped, milliseconds of `performance.now()`: locks are not older. */
  readonly began: number;
  /** How long commits were stopped, milliseconds. */
  readonly stoppedFor: number;
}

/**
 * Lets each of these sessions begin a transaction that sees the same moment, and says where in the binary log that is.
 * Commits are stopped for that alone, by a session of its own, which its server ends when it says nothing.
 * @param locked takes this session's read locks at the same moment: for tables that have no snapshots
 * @throws LockstepError `donor-busy`
 */
export async function fix(
  target: Target,
  flavour: Flavour,
  sessions: readonly DataSession[],
  locked: { readonly session: Session; readonly statement: string } | undefined,
  signal: AbortSignal,
): Promise<Fixed> {
  for (let attempt = 1; ; attempt += 1) {
    const session = await openSession(target, { signal });
    try {
      return await once(session, flavour, sessions, locked, signal);
    } catch (cause) {
      // Whatever it holds is gone with it.
      session.close();
      signal.throwIfAborted();
      if (attempt >= tries || !passes(cause)) throw cause;
      await pause(pauseBetween, undefined, { signal });
    } finally {
      await session.end();
    }
  }
}

async function once(
  session: Session,
  flavour: Flavour,
  sessions: readonly DataSession[],
  locked: { readonly session: Session; readonly statement: string } | undefined,
  signal: AbortSignal,
): Promise<Fixed> {
  const words = snapshotStatements(flavour);
  // Of a try before.
  await Promise.all(sessions.map((one) => one.query('ROLLBACK', { signal })));
  await locked?.session.query('UNLOCK TABLES', { signal });
  await session.query(words.before, { signal });
  await quiet(session, words.holdsUp, signal);
  const began = performance.now();
  const row = await within(stopAtMost, signal, async (limit) => {
    await session.query(words.stop, { signal: limit });
    const begun = sessions.map((one) => one.query('START TRANSACTION WITH CONSISTENT SNAPSHOT', { signal }));
    const locks = locked?.session.query(locked.statement, { signal });
    const all = Promise.all([session.query(words.position, { signal: limit }), locks, ...begun]);
    const [[[standing] = []]] = await inTime(all, limit);
    // That it answers shows that it held the lock until now.
    await session.query(words.release, { signal: limit });
    return standing;
  });
  const stoppedFor = performance.now() - began;
  await mustAgree(sessions, words.seen, signal);
  return { position: newestOrWhole(flavour, row?.['position'] ?? '', row?.['applied'] ?? ''), began, stoppedFor };
}

function newestOrWhole(flavour: Flavour, position: string, applied: string): string {
  return flavour === 'mariadb' ? newestOf(position, applied) : position;
}

async function quiet(session: Session, holdsUp: string | undefined, signal: AbortSignal): Promise<void> {
  if (holdsUp === undefined) return;
  for (const until = performance.now() + waitsForOthers; ;) {
    const [rows] = await session.query(holdsUp, { signal });
    if (rows?.[0]?.['n'] === '0') return;
    if (performance.now() > until)
      throw new LockstepError('donor-busy', 'statements on the donor run for so long that stopping its commits for a moment would stop everybody', 'Try again when they have ended.'); // prettier-ignore
    await pause(pauseBetween / 2, undefined, { signal });
  }
}

/** The server itself says of each snapshot where in its log it stands: that they are one is seen, and not believed. */
async function mustAgree(
  sessions: readonly DataSession[],
  seen: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (seen === undefined) return;
  const answers = await Promise.all(sessions.map(async (one) => (await one.query(seen, { signal }))[0]?.[0]?.['seen']));
  if (new Set(answers).size > 1)
    throw new LockstepError('donor-busy', `the sessions see different moments of the donor: ${answers.join(', ')}`);
}

async function inTime<T>(work: Promise<T>, limit: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const over = () => reject(new LockstepError('donor-busy', `the donor did not begin ${stopAtMost} ms long what is to be copied, and was let go on`)); // prettier-ignore
      if (limit.aborted) over();
      else limit.addEventListener('abort', over, { once: true });
    }),
  ]);
}

/** ER_LOCK_WAIT_TIMEOUT; what took too long; a lock session that was lost. */
function passes(cause: unknown): boolean {
  if (cause instanceof QueryError) return cause.errno === 1205;
  return cause instanceof LockstepError
    ? ['donor-busy', 'connection-lost'].includes(cause.code)
    : cause instanceof DeadlineError;
}
