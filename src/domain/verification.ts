import type { ClusterName, ServerName } from './snapshot.js';

/** What comparing a replica with its source, row by row, has shown. Plain data; times are milliseconds since the Unix epoch. */
export interface Verification {
  readonly cluster: ClusterName;
  readonly server: ServerName;
  readonly source: ServerName;
  readonly beganAt: number;
  readonly endedAt: number;
  /** Tables and rows that were compared; a table that was skipped is not among them. */
  readonly tables: number;
  readonly rows: number;
  /** Rows that differ, are missing or are too many, at least. */
  readonly differingRows: number;
  /** Tables that differ in a row or in their definition, or stand on one side alone. */
  readonly differingTables: number;
  /** Rows that were changed so often that nothing can be said of them. */
  readonly unsettledRows: number;
  /** Tables that a server did not let be read, however often it was asked; left out: none. */
  readonly unreadTables?: number;
  /** In the order of their tables; at most a hundred. */
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly table: string;
  /**
   * `rows`: see {@link rows}. `missing`, `extra`: the whole table, on the replica. `definition`: other columns.
   * `unsettled`: rows that were changed all the time. `skipped`: the table is none that can be compared. `unread`: a
   * server did not let it be read.
   */
  readonly kind: 'rows' | 'missing' | 'extra' | 'definition' | 'unsettled' | 'skipped' | 'unread';
  /** The range of keys in which the rows stand, as SQL writes them: `5`, `('a', 7)`; undefined for a whole table. */
  readonly from?: string;
  readonly to?: string;
  /** On the replica: rows that it lacks, has beyond its source, or has with other values. */
  readonly missing?: number;
  readonly extra?: number;
  readonly changed?: number;
  readonly why?: string;
}

/** The findings that say: the replica is not what its source is. */
export function isDifference({ kind }: Finding): boolean {
  return kind === 'rows' || kind === 'missing' || kind === 'extra' || kind === 'definition';
}

/** The findings that say: nobody knows whether it is. */
export function isUncompared({ kind }: Finding): boolean {
  return kind === 'skipped' || kind === 'unread';
}

/** For people, a line each: the verdict first. */
export function verificationLines(verification: Verification): readonly string[] {
  const { server, source, tables, rows, differingRows, differingTables, unsettledRows, findings } = verification;
  const compared = `${count(rows, 'row')} of ${count(tables, 'table')} were compared`;
  const partly = findings.some(isUncompared) ? ' in what could be compared' : '';
  const verdict =
    differingTables === 0
      ? `${server} equals ${source}${partly}: ${compared}`
      : `${server} differs from ${source} in ${count(differingTables, 'table')}, in at least ${count(differingRows, 'row')}: ${compared}`;
  const unsettled = unsettledRows === 0 ? [] : [`nothing can be said of ${count(unsettledRows, 'row')}: they were changed all the time`]; // prettier-ignore
  return [verdict, ...unsettled, ...findings.map(findingWords)];
}

export function findingWords(finding: Finding): string {
  const { table, kind, from, to, missing = 0, extra = 0, changed = 0, why } = finding;
  const range = from === undefined ? '' : from === to ? `, key ${from}` : `, keys ${from} to ${to ?? 'the end'}`;
  const because = why === undefined ? '' : `: ${why}`;
  switch (kind) {
    case 'rows': {
      const parts = [
        ...(missing === 0 ? [] : [`${missing} missing`]),
        ...(extra === 0 ? [] : [`${extra} too many`]),
        ...(changed === 0 ? [] : [`${changed} with other values`]),
      ];
      return `${table}${range}: ${parts.join(', ')}${because}`;
    }
    case 'missing':
      return `${table}: missing on the replica`;
    case 'extra':
      return `${table}: on the replica alone`;
    case 'definition':
      return `${table}: defined otherwise${because}`;
    case 'unsettled':
      return `${table}${range}: changed all the time, nothing can be said${because}`;
    case 'skipped':
    case 'unread':
      return `${table}: not compared${because}`;
  }
}

function count(value: number, what: string): string {
  return `${value} ${what}${value === 1 ? '' : 's'}`;
}
