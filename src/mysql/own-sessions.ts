import { whereabouts, type Target } from './target.js';

/** The sessions that this process has, by server: whoever ends sessions of its account must know them. */
const own = new Map<string, Set<number>>();

/** @param where as {@link whereabouts} gives it @returns to be called when the session has ended */
export function noteSession(where: string, threadId: number): () => void {
  const threads = own.get(where) ?? new Set();
  own.set(where, threads.add(threadId));
  return () => {
    threads.delete(threadId);
    if (threads.size === 0 && own.get(where) === threads) own.delete(where);
  };
}

/** The server's numbers for them. */
export function ownSessions({ address }: Target): ReadonlySet<number> {
  return own.get(whereabouts(address)) ?? new Set();
}
