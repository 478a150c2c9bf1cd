import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Keeps the resident memory of a process that runs for months near what it holds; call it before much is loaded.
 *
 * V8 lets the space for new objects grow to 32 MB and garbage among the old ones to several times what lives there,
 * which makes 145 MB of some 100 (measured on Node 20 with `npm run bench:scrape`, at the same processor time). The
 * command line's --max-semi-space-size would do for the first, but nobody types that; and it cannot be set any more once
 * the process runs, so the space is let grow as far as it should and told to stay. Both flags are hints: on a version of
 * Node without them nothing changes.
 */
export function keepMemorySmall(): void {
  setFlagsFromString(`--heap-growing-percent=${oldGrowthPercent}`);
  let survivors: unknown[] = [];
  for (let round = 0; round < mostRounds && newSpaceBytes() < wantedNewSpaceBytes; round += 1) {
    for (let count = 0; count < 2000; count += 1) survivors.push([count]);
    if (survivors.length > 50_000) survivors = [];
  }
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Twice 4 MB, of which one half is in use: smaller ones let what a scrape needs for a moment grow old in them. */
const wantedNewSpaceBytes = 8 * 1024 * 1024;
/** Far more than it takes, some 20. */
const mostRounds = 200;
/** How much the old objects may grow over what lived at the last full collection. */
const oldGrowthPercent = 50;

function newSpaceBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? Infinity;
}
