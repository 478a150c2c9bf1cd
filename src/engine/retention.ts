import type { Shop } from './shop.js';

/**
 * Drops entries older than `keep` seconds, except those of open runs and episodes. What of the past still counts is
 * said again first, so that a start from what is left comes to the same state.
 */
export async function dropOld(shop: Shop, keep: number): Promise<{ readonly dropped: number }> {
  const { journal, book, ports } = shop;
  const limit = ports.clock.now() - keep * 1000;
  const live = [...book.open(), ...[...book.episodes.values()].flatMap((id) => book.runs.get(id) ?? [])];
  let before = Math.min(journal.head.seq, ...live.map(({ firstSeq }) => firstSeq));
  for await (const { seq, at } of journal.read()) {
    if (at < limit && seq < before) continue;
    before = Math.min(before, seq);
    break;
  }
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
