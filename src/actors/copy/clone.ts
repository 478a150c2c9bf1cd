import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../../base/deadline.js';
import { LockstepError } from '../../base/errors.js';
import { quoteAccount, quoteText } from '../../dialects/quote.js';
import { openSession, QueryError, type Session } from '../../mysql/session.js';
import type { CopyAction } from '../../domain/action.js';
import type { CopyMethod, CopyPorts } from './copy.js';
import { cloneSessions, endSessions } from './donor-sessions.js';
import { copyFailed } from './run.js';

const tellEvery = 1000;
/** How long a stream may stand still before its donor is asked whether it still serves it, and before it is given up, milliseconds. */
const [doubtAfter, giveUpAfter] = [5000, 60_000];
/** How long a clone that was killed may take to end, and how often it is looked for, milliseconds. */
const [endsWithin, lookEvery] = [10_000, 100];
/** ER_CLONE_TOO_MANY_CONCURRENT_CLONES, and for how long it is waited for to pass, milliseconds. */
const [tooManyClones, freeWithin] = [3634, 60_000];

/**
 * MySQL's CLONE: the target asks its donor over TLS, and writes into a directory beside its own data. Nothing of the donor
 * is locked but its own clone slot; its GTID position comes with the data.
 */
export const clone: CopyMethod = async (action, ports, { fresh }, bytes, _donorData, signal) => {
  const { address, user, tls } = action;
  await mustBeInnoDb(ports, action.from, signal);
  /** Whether the donor may be serving this clone: whom it serves while it refuses is somebody else's. */
  const donor = { serves: false };
  const session = await openSession(await ports.target(action.on), { signal });
  const over = new AbortController();
  const stalled = new AbortController();
  const either = AbortSignal.any([signal, stalled.signal]);
  const watched = watch(action, ports, bytes, AbortSignal.any([over.signal, either])).catch((cause: unknown) => stalled.abort(cause)); // prettier-ignore
  // Aborted, the server would go on by itself.
  let ending: Promise<void> | undefined;
  const stop = () => void (ending = end(ports, action.on, session.threadId));
  either.addEventListener('abort', stop, { once: true });
  try {
    const password = (await ports.password()).reveal();
    const words = [
      `SET GLOBAL clone_valid_donor_list = ${quoteText(`${address.host}:${address.port}`)}`,
      // It would wait minutes for a donor that is gone to come back.
      'SET GLOBAL clone_donor_timeout_after_network_failure = 0',
      `SET GLOBAL clone_ssl_ca = ${quoteText(tls.caFile)}, GLOBAL clone_ssl_cert = ${quoteText(tls.certFile ?? '')}, GLOBAL clone_ssl_key = ${quoteText(tls.keyFile ?? '')}`,
      `CLONE INSTANCE FROM ${quoteAccount({ user, host: address.host })}:${address.port} IDENTIFIED BY ${quoteText(password)} DATA DIRECTORY = ${quoteText(fresh)} REQUIRE SSL`,
    ];
    await onceFree(
      () => session.query(words.join('; '), { signal: either }),
      either,
      (now) => (donor.serves = now),
    );
    donor.serves = false;
    return { position: '', cost: `CLONE copied ${action.from} without a lock: its commits never waited for it.` };
  } finally {
    either.removeEventListener('abort', stop);
    over.abort(new Error('the clone has ended'));
    await watched;
    await session.end();
    await ending;
    // The donor would wait for its target to come back.
    if (donor.serves) await endServing(ports, action.from);
  }
};

/**
 * A server that gave up a clone a moment ago lets nobody else clone for some seconds.
 * @param serves told whether it may be serving us
 */
async function onceFree(
  work: () => Promise<unknown>,
  signal: AbortSignal,
  serves: (now: boolean) => void,
): Promise<void> {
  const until = performance.now() + freeWithin;
  for (;;) {
    try {
      serves(true);
      await work();
      return;
    } catch (cause) {
      if (!(cause instanceof QueryError) || cause.errno !== tooManyClones) throw cause;
      serves(false);
      if (performance.now() > until) throw cause;
      await pause(tellEvery, undefined, { signal });
    }
  }
}

/** CLONE leaves tables of other engines empty, and says nothing. */
async function mustBeInnoDb(ports: CopyPorts, donor: string, signal: AbortSignal): Promise<void> {
  const session = await openSession(await ports.target(donor), { signal });
  try {
    const [rows = []] = await session.query("SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') LIMIT 20", { signal }); // prettier-ignore
    if (rows.length > 0)
      throw new LockstepError('copy-failed', `CLONE would leave tables empty that are not InnoDB: ${rows.map((row) => row['name'] ?? '').join(', ')}`, 'Convert them to InnoDB, or build the replica by hand.'); // prettier-ignore
  } finally {
    await session.end();
  }
}

/**
 * Tells how far it has come, until it has ended. What cannot be seen is not told. A target whose donor died in the middle
 * may wait for ever (seen on MySQL 9.7): where nothing moves, the donor is asked.
 * @throws LockstepError `copy-failed` where the stream is lost
 */
async function watch(action: CopyAction, ports: CopyPorts, total: number, signal: AbortSignal): Promise<void> {
  let session: Session | undefined;
  const began = performance.now();
  let [moved, last] = [began, ''];
  try {
    session = await openSession(await ports.target(action.on), { signal });
    for (;;) {
      await pause(tellEvery, undefined, { signal });
      const [rows = []] = await session.query("SELECT COALESCE(SUM(DATA), 0) AS done, COALESCE(SUM(ESTIMATE), 0) AS total, COALESCE(SUM(NETWORK), 0) AS network, COALESCE(MAX(IF(STATE = 'In Progress', STAGE, '')), '') AS stage FROM performance_schema.clone_progress", { signal }); // prettier-ignore
      const { done, total: estimate, network, stage } = rows[0] ?? {};
      const all = Math.max(total, Number(estimate ?? 0), Number(done ?? 0));
      const rate = (Number(done ?? 0) * 1000) / (performance.now() - began);
      ports.progress({ at: action.from, unit: 'bytes', done: Number(done ?? 0), total: all, rate });
      const now = `${stage ?? ''} ${done ?? ''} ${network ?? ''}`;
      if (now !== last) [moved, last] = [performance.now(), now];
      // What was received is written to the disk for as long as that takes.
      const still = stage === 'FILE SYNC' ? 0 : performance.now() - moved;
      if (still > doubtAfter && ((still > giveUpAfter && stage !== '') || !(await serves(ports, action.from, signal))))
        throw copyFailed(`${action.from} no longer serves the copy: nothing has come for ${Math.round(still / 1000)} s`); // prettier-ignore
    }
  } catch (cause) {
    if (cause instanceof LockstepError && cause.code === 'copy-failed') throw cause;
  } finally {
    session?.close();
  }
}

/** Whether a donor has a session of ours that is read by a clone. */
async function serves(ports: CopyPorts, donor: string, signal: AbortSignal): Promise<boolean> {
  try {
    return await within(doubtAfter, signal, async (limit) => (await cloneSessions(ports, donor, limit)).length > 0);
  } catch {
    return false;
  }
}

/** Ends the sessions that serve the clone of this run: a donor serves one at a time. */
async function endServing(ports: CopyPorts, donor: string): Promise<void> {
  const serving = await cloneSessions(ports, donor, AbortSignal.timeout(endsWithin)).catch(() => []);
  await endSessions(ports, donor, serving);
}

/** Ends a clone, and waits until it writes nothing more: what it wrote is removed then. */
async function end(ports: CopyPorts, on: string, thread: number): Promise<void> {
  const signal = AbortSignal.timeout(endsWithin);
  try {
    const session = await openSession(await ports.target(on), { signal });
    try {
      await session.query(`KILL ${thread}`, { signal });
      const listed = `SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = ${thread}`;
      while ((await session.query(listed, { signal }))[0]?.length === 1) await pause(lookEvery, undefined, { signal });
    } finally {
      session.close();
    }
  } catch {
    // It ended by itself, or the server cannot be reached.
  }
}
