import { plainSql } from '../domain/action.js';
import { directories, sameForFiles, worthSaying, type Holdings } from '../domain/survey.js';
import type { Column } from './capabilities.js';
import type { Row } from './question.js';
import { number, text } from './values.js';

/** More names than this are not read. */
const most = 200;
const own = "('mysql', 'sys', 'performance_schema', 'information_schema')";
const settings = [...sameForFiles, ...worthSaying, ...directories, 'event_scheduler', 'log_bin_basename', 'log_bin'];

/**
 * How many `bytes` are certain to be freed once every schema of applications is dropped: files of InnoDB that are a
 * table's own, as large as they are on the disk; those of other engines as the server counts them.
 */
export function droppableBytes({ name, flavour }: Column): string {
  const files = flavour === 'mariadb' || name === 'mysql-5.7' ? 'INNODB_SYS_TABLESPACES' : 'INNODB_TABLESPACES';
  return `SELECT (SELECT COALESCE(SUM(ALLOCATED_SIZE), 0) FROM information_schema.${files} WHERE NAME LIKE '%/%' AND SUBSTRING_INDEX(NAME, '/', 1) NOT IN ${own}) + (SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) FROM information_schema.TABLES WHERE ENGINE IN ('MyISAM', 'Aria') AND TABLE_SCHEMA NOT IN ${own}) AS bytes`;
}

/** Where a server's data lie, as `data`, without a slash at its end. */
export const dataDirectory = plainSql("SELECT TRIM(TRAILING '/' FROM @@datadir) AS data");

/** {@link holdingsOf} reads their answers. The account must be able to read every table, or it sees fewer. */
export const holdingsStatements = (column: Column): readonly string[] => [
  "SELECT TRIM(TRAILING '/' FROM @@datadir) AS data, COUNT(*) AS tables, COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS bytes FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
  `SELECT CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) AS name, COALESCE(t.DATA_LENGTH + t.INDEX_LENGTH, 0) AS bytes FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' AND t.TABLE_SCHEMA NOT IN ${own} ORDER BY bytes DESC, name LIMIT ${most}`,
  `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${settings.map((name) => `'${name}'`).join(', ')})`,
  "SELECT COUNT(*) AS active FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone' AND PLUGIN_STATUS = 'ACTIVE'",
  droppableBytes(column),
];

export function holdingsOf(answers: readonly (readonly Row[])[], flavour: 'mariadb' | 'mysql'): Holdings {
  const [[sums = {}] = [], plain = [], variables = [], [plugin = {}] = [], [files = {}] = []] = answers;
  return {
    bytes: number(sums, 'bytes'),
    tables: number(sums, 'tables'),
    data: text(sums, 'data'),
    plain: plain.map((row) => text(row, 'name')),
    plainBytes: plain.reduce((sum, row) => sum + number(row, 'bytes'), 0),
    droppable: number(files, 'bytes'),
    settings: Object.fromEntries(variables.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? ''])),
    clonePlugin: flavour === 'mysql' ? number(plugin, 'active') > 0 : undefined,
  };
}
