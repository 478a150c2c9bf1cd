import type { RestartChanges } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import type { Row } from './question.js';
import { restartChangesOf, restartQuestions, sameSetting } from './restart-changes.js';
import { text } from './values.js';

/** Lets a server's program read all option files as at a start, print what has come of them, and end. It opens no data, whether the server is at work or not. */
export const printSettings = ['--verbose', '--help'] as const;

/** What is said behind the words that start a server, one call after the other: the last one prints. MySQL would print whatever it does not know, too. */
export function nextStartCalls(column: Column): readonly (readonly string[])[] {
  return [...(column.validatesConfig ? [['--validate-config']] : []), printSettings];
}

/** What a server makes of its options only once it has started, rounded or by default: the table says something else (seen on every version of the matrix). */
const settledLater: readonly string[] = [
  'aria_checkpoint_interval',
  'aria_recover_options',
  'character_set_collations',
  'innodb_buffer_pool_size',
  'innodb_buffer_pool_size_auto_min',
  'innodb_data_file_buffering',
  'innodb_io_capacity_max',
  'innodb_log_file_buffering',
  'innodb_open_files',
  'innodb_page_cleaners',
  'innodb_purge_threads',
  'log_error_verbosity',
  'optimizer_switch',
  'optimizer_trace',
  'slave_parallel_mode',
];

const spelt: Readonly<Record<string, string>> = { TRUE: 'ON', FALSE: 'OFF', '(No default value)': '' };

/** The table at the end of what {@link printSettings} prints: names as variables have them, values as a start takes them. */
export function printedSettings(printed: string): ReadonlyMap<string, string> {
  const lines = printed.split('\n');
  const rule = lines.findIndex((line) => /^-{10,} -{5,}\s*$/.test(line));
  if (rule === -1) return new Map();
  const end = lines.indexOf('', rule);
  return new Map(
    lines.slice(rule + 1, end === -1 ? undefined : end).flatMap((line) => {
      const [, name, value = ''] = /^(\S+) +(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name.replaceAll('-', '_'), value.trim()] as const];
    }),
  );
}

/** One statement: the settings that were set since the start, or for which something is persisted; undefined where the server does not tell. */
export function setSinceStart(column: Column): string | undefined {
  return restartQuestions(column)[0]?.sql;
}

/**
 * What a restart would change, by the answer to {@link setSinceStart} and by what the server's program prints. What is
 * persisted is not in that table, and wins over it.
 * @returns undefined where nothing was printed that can be read
 */
export function nextStartOf(rows: readonly Row[], printed: string): RestartChanges | undefined {
  const table = printedSettings(printed);
  if (table.size === 0) return undefined;
  const { surely, perhaps } = restartChangesOf({ set_since: rows }) ?? { surely: [], perhaps: [] };
  const unlike = perhaps.filter((name) => {
    const row = rows.find((one) => text(one, 'name') === name);
    const next = table.get(name);
    return row === undefined || next === undefined || !sameValue(row['value'] ?? '', next);
  });
  const told = (name: string) => table.has(name) && !settledLater.includes(name);
  return { surely: [...surely, ...unlike.filter(told)], perhaps: unlike.filter((name) => !told(name)) };
}

/** Switches and texts that are not set are printed in other words; the words of a list may stand in any order. */
function sameValue(now: string, next: string): boolean {
  const plain = spelt[next] ?? next;
  if (sameSetting(now, plain)) return true;
  const words = (list: string) => list.toLowerCase().split(',').sort().join(',');
  return now.includes(',') && words(now) === words(plain);
}
