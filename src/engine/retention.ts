import type { Shop } from './shop.js';

/**
 * Drops entries older than `keep` seconds, except those of open runs, and of ended ones that are younger and whose
 * episode lasts. What of the past still counts is said again first, so that a start from what is left comes to the same
 * state.
 */
export async function dropOld(shop: Shop, keep: number): Promise<{ readonly dropped: number }> {
  const { journal, book, ports } = shop;
  const limit = ports.clock.now() - keep * 1000;
  const lasting = [...book.episodes.values()].flatMap((id) => book.runs.get(id) ?? []);
  const old = lasting.filter(({ endedAt }) => endedAt !== undefined && endedAt < limit);
  // What is always needed, or can no longer be looked at, is never seen to be over, and would hold the journal for ever.
  for (const { id } of old) await shop.write({ v: 1, run: id, type: 'episode-over' });
  const live = [...book.open(), ...lasting.filter((run) => !old.includes(run))];
  let before = Math.min(journal.head.seq, ...live.map(({ firstSeq }) => firstSeq));
  for await (const { seq, at } of journal.read()) {
    if (at < limit && seq < before) continue;
    before = Math.min(before, seq);
    break;
  }
  // Entries come in the order in which they are asked for: what is under way would stand before this one and be undone by it.
  while (shop.writing.size > 0) await Promise.allSettled(shop.writing);
  const { pauses, downtimes, ends, starts } = book;
  await shop.write({
    v: 1,
    type: 'carried',
    pauses: [...pauses.values()],
    downtimes: [...downtimes.values()].filter(({ until }) => until > ports.clock.now()),
    ends: [...ends.values()],
    starts,
    successes: [...book.successes.values()],
    changes: [...book.changes].map(([cluster, change]) => ({ cluster, ...change })),
    writePauses: [...book.writePauses.values()],
    withdrawals: [...book.withdrawals.values()],
  });
  return journal.prune(before);
}
