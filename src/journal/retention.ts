import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { syncDirectory } from '../base/atomic.js';
import { anchorFile, layoutOf } from './layout.js';
import type { Tail } from './tail.js';

/**
 * Drops whole segments that hold nothing from `before` on; never the last one. First the anchor is durable, then they
 * go, oldest first: cut off anywhere in between, the journal verifies, and the next opening removes what is left over.
 * @returns how many entries were dropped
 */
export async function dropBefore(directory: string, tail: Tail, before: number): Promise<number> {
  const { segments } = tail;
  const [oldest] = segments;
  // What its first entry follows is the last of the segment in front of it.
  const kept = segments.findLast((segment) => segment.before.seq < before);
  if (oldest === undefined || kept === undefined || kept === oldest) return 0;
  const anchor = kept.before;
  await (await open(anchorFile(directory, anchor), constants.O_WRONLY | constants.O_CREAT, 0o600)).close();
  await syncDirectory(directory);
  const dropped = segments.slice(0, segments.indexOf(kept));
  tail.forget(dropped);
  for (const { file } of dropped) await rm(file, { force: true });
  // What an earlier retention left over goes too.
  for (const file of (await layoutOf(directory)).dropped) await rm(file, { force: true });
  await syncDirectory(directory);
  return anchor.seq - oldest.before.seq;
}
