import type { Copier } from './rebuild-copies.js';
import type { Stage } from './rebuild-stage.js';
import { median } from './statistics.js';
import { fixed, tableText, verdict } from './table.js';

export interface Rebuilt {
  readonly copier: Copier;
  /** From the beginning of the copy to the replica that has caught up. */
  readonly milliseconds: number;
  /** On the donor meanwhile. */
  readonly slowestCommit: number;
}

/** Medians of all rounds; Lockstep beside the fastest plain tool of the same kind. */
export function rebuildText(
  all: readonly Rebuilt[],
  { cluster, bytes, costs }: Pick<Stage, 'cluster' | 'bytes' | 'costs'>,
): string {
  const titles = [...new Set(all.map(({ copier }) => copier.title))];
  const of = (title: string) => all.filter(({ copier }) => copier.title === title);
  const seconds = (title: string) => median(of(title).map(({ milliseconds }) => milliseconds)) / 1000;
  const kindOf = (title: string) => of(title)[0]?.copier.kind;
  const fastest = (kind: Copier['kind'] | undefined) =>
    Math.min(...titles.filter((title) => kindOf(title) === kind && of(title)[0]?.copier.ours === false).map(seconds));
  const rows = titles.map((title) => [
    title,
    `${fixed(seconds(title))} s`,
    `${fixed(bytes / 1e6 / seconds(title), 0)} MB/s`,
    fixed(seconds(title) / fastest(kindOf(title)), 2),
    `${fixed(median(of(title).map(({ slowestCommit }) => slowestCommit)), 0)} ms`,
  ]);
  const ours = titles.filter((title) => of(title)[0]?.copier.ours === true);
  // CLONE locks nothing, and tells of no milliseconds.
  const waits = costs.flatMap((cost) => {
    const told = /waited( for the backup)? for at most (\d+) ms/.exec(cost);
    return told === null ? [] : [{ by: told[1] === undefined ? 'a dump' : 'mariadb-backup', milliseconds: Number(told[2]) }]; // prettier-ignore
  });
  const holders = [...new Set(waits.map(({ by }) => by))];
  const longest = (holder: string) => Math.max(...waits.filter(({ by }) => by === holder).map(({ milliseconds }) => milliseconds)); // prettier-ignore
  return [
    `${cluster.version.title}, ${fixed(bytes / 1e6, 0)} MB of tables and indexes, ${of(titles[0] ?? '').length} rounds; copy and re-attachment, medians`,
    '',
    tableText(['', 'time', 'rate', 'to the fastest plain tool of its kind', 'slowest commit on the donor'], rows),
    '',
    ...ours.map((title) => verdict(`${title}, to the fastest plain tool of its kind`, seconds(title) / fastest(kindOf(title)), 1.1)), // prettier-ignore
    ...holders.map((holder) => verdict(`commits held up by ${holder}, as Lockstep tells`, longest(holder), 100, ' ms')),
  ].join('\n');
}
