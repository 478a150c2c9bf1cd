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
export function rebuildText(all: readonly Rebuilt[], { bytes, costs }: Pick<Stage, 'bytes' | 'costs'>): string {
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
  const waits = (backup: boolean) =>
    Math.max(0, ...costs.filter((cost) => cost.includes('waited for the backup') === backup).map((cost) => Number(/at most (\d+) ms/.exec(cost)?.[1] ?? 0))); // prettier-ignore
  return [
    `MariaDB 10.11, ${fixed(bytes / 1e6, 0)} MB of tables and indexes, ${of(titles[0] ?? '').length} rounds; copy and re-attachment, medians`,
    '',
    tableText(['', 'time', 'rate', 'to the fastest plain tool of its kind', 'slowest commit on the donor'], rows),
    '',
    ...ours.map((title) => verdict(`${title}, to the fastest plain tool of its kind`, seconds(title) / fastest(kindOf(title)), 1.1)), // prettier-ignore
    verdict('commits held up by mariadb-backup, as Lockstep tells', waits(true), 100, ' ms'),
    verdict('commits held up by a dump, as Lockstep tells', waits(false), 100, ' ms'),
  ].join('\n');
}
