import { setTimeout as pause } from 'node:timers/promises';
import { LockstepError } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import { loader } from '../../dialects/account-copies.js';
import { loaderLeft, loaderWord } from '../../dialects/fresh-server.js';
import type { LoadAction } from '../../domain/action.js';
import type { Progress } from '../../domain/progress.js';
import type { ServerName } from '../../domain/snapshot.js';
import { LoginError, openSession, QueryError, type Target } from '../../mysql/session.js';
import type { WorkMemory } from '../verify/memory.js';
import { fill } from './dump/fill.js';
import { recalled, type Filled, type LoadState } from './load-memory.js';

export interface LoadPorts {
  target(server: ServerName): Promise<Target>;
  readonly memory: WorkMemory;
  readonly progress: (progress: Progress) => void;
}

/** Pauses before it is tried again where a connection was lost, seconds. Where something came meanwhile they begin anew. */
const pauses = [1, 2, 4, 8, 16, 32];

/**
 * Fills a fresh server with what another holds for applications. What an earlier try left there, or the connections that were lost, is kept as
 * far as it is found to be equal; of all else it begins anew.
 * @throws LockstepError `not-fresh`, `copy-failed`, `donor-busy`; those of sessions
 */
export async function load(action: LoadAction, ports: LoadPorts, signal: AbortSignal): Promise<Filled> {
  let state = recalled(await ports.memory.read());
  // How often something came, an earlier life of Lockstep included, and how often in a row nothing did.
  let [came, failures] = [state.settings === undefined ? 0 : 1, 0];
  const remember = async (next: LoadState) => {
    await ports.memory.write(next);
    state = next;
  };
  for (;;) {
    const before = came;
    try {
      const target = await filler(action.on, ports, state, signal);
      if ('position' in target) return target;
      const donor = await ports.target(action.from);
      return await fill(action, { donor, target, progress: ports.progress, state: () => state, remember, stirred: () => (came += 1) }, signal); // prettier-ignore
    } catch (cause) {
      if (came > before) failures = 0;
      const wait = pauses[failures];
      // Before anything has come, nothing is lost with it.
      if (signal.aborted || !isLost(cause) || came === 0 || wait === undefined) throw cause;
      failures += 1;
      await pause(1000 * wait, undefined, { signal });
    }
  }
}

/** ER_SERVER_SHUTDOWN. */
const shutdown = 1053;

function isLost(cause: unknown): boolean {
  if (cause instanceof LoginError || (cause instanceof QueryError && cause.errno === shutdown)) return true;
  if (!(cause instanceof LockstepError)) return false;
  return cause.code === 'connection-lost' || isLost(cause.cause);
}

/** Who fills it stands in the fresh server alone. Where that is gone because all was done, what was done. */
async function filler(
  on: ServerName,
  ports: LoadPorts,
  { filled }: LoadState,
  signal: AbortSignal,
): Promise<Target | Filled> {
  const target = await ports.target(on);
  const session = await openSession(target, { signal });
  try {
    const [rows] = await session.query(loaderWord, { signal });
    const word = new Secret(rows?.[0]?.['word'] ?? '');
    return { ...target, user: loader.user, password: () => Promise.resolve(word) };
  } catch (cause) {
    if (!(cause instanceof QueryError)) throw cause;
    if (filled === undefined)
      throw new LockstepError('not-fresh', `${on} is not the empty server that was laid out for the copy, and is left alone`, 'See what it holds.', { cause }); // prettier-ignore
    const [left] = await session.query(loaderLeft, { signal });
    if (left?.[0]?.['n'] === '0') return filled;
    // Its server ended between two statements. Nobody may drop it here without a transaction that no other server has.
    throw new LockstepError('copy-failed', `${on} was filled, and ended before the account that filled it was dropped`, 'Run it again.', { cause }); // prettier-ignore
  } finally {
    await session.end();
  }
}
