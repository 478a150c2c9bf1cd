import { plainSql } from '../domain/action.js';
import {
  dataDirectories,
  fileLists,
  sameForFiles,
  worthSaying,
  type Holdings,
  type Installed,
} from '../domain/survey.js';
import type { Column } from './capabilities.js';
import type { Row } from './question.js';
import { number, text } from './values.js';

/** More names than this are not read. */
const most = 200;
const own = "('mysql', 'sys', 'performance_schema', 'information_schema')";
const settings = new Set([...sameForFiles, ...worthSaying, ...dataDirectories, ...fileLists, 'event_scheduler', 'log_bin_basename', 'log_bin']); // prettier-ignore

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

/** The same, and the name of InnoDB's temporary tablespace, seen from there, as `temporary`. */
export const dataFiles = plainSql("SELECT TRIM(TRAILING '/' FROM @@datadir) AS data, SUBSTRING_INDEX(@@innodb_temp_data_file_path, ':', 1) AS temporary"); // prettier-ignore

/** {@link holdingsOf} reads their answers. The account must be able to read every table, or it sees fewer. */
export const holdingsStatements = (column: Column): readonly string[] => [
  "SELECT TRIM(TRAILING '/' FROM @@datadir) AS data, COUNT(*) AS tables, COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS bytes FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
  `SELECT CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) AS name, COALESCE(t.DATA_LENGTH + t.INDEX_LENGTH, 0) AS bytes FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' AND t.TABLE_SCHEMA NOT IN ${own} ORDER BY bytes DESC, name LIMIT ${most}`,
  `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${[...settings].map((name) => `'${name}'`).join(', ')})`,
  "SELECT COUNT(*) AS active FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone' AND PLUGIN_STATUS = 'ACTIVE'",
  droppableBytes(column),
  // Without the privilege a server shows none, and says nothing of it.
  "SELECT (SELECT COUNT(*) FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE = 'EVENT') AS allowed, (SELECT COUNT(*) FROM information_schema.EVENTS WHERE STATUS = 'ENABLED') AS enabled",
  `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED' ORDER BY name LIMIT ${most}`,
  "SELECT PLUGIN_NAME AS name FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'",
  'SELECT name FROM mysql.plugin',
  'SELECT name FROM mysql.func ORDER BY name',
  // They came with MySQL 8.0.
  ...(column.flavour === 'mysql' && column.name !== 'mysql-5.7' ? ['SELECT component_urn AS name FROM mysql.component ORDER BY name'] : []), // prettier-ignore
];

export function holdingsOf(answers: readonly (readonly Row[])[], flavour: 'mariadb' | 'mysql'): Holdings {
  const [
    [sums = {}] = [],
    plain = [],
    variables = [],
    [plugin = {}] = [],
    [files = {}] = [],
    [events = {}] = [],
    ...more
  ] = answers;
  const [historic = [], active = [], stored = [], functions = [], components = []] = more.map((rows) => rows.map((row) => text(row, 'name'))); // prettier-ignore
  const atWork = active.map((name) => name.toLowerCase());
  const byStatement = stored.map((name) => name.toLowerCase());
  const named = (kind: Installed['kind'], names: readonly string[]) => names.map((name) => ({ kind, name }));
  return {
    bytes: number(sums, 'bytes'),
    tables: number(sums, 'tables'),
    data: text(sums, 'data'),
    plain: plain.map((row) => text(row, 'name')),
    plainBytes: plain.reduce((sum, row) => sum + number(row, 'bytes'), 0),
    droppable: number(files, 'bytes'),
    settings: Object.fromEntries(variables.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? ''])),
    events: number(events, 'allowed') > 0 ? number(events, 'enabled') : undefined,
    clonePlugin: flavour === 'mysql' ? number(plugin, 'active') > 0 : undefined,
    historic,
    installed: [
      // One whose library is gone is of no use to anybody.
      ...named('plugin', stored.filter((name) => atWork.includes(name.toLowerCase()))), // prettier-ignore
      ...named('function', functions),
      ...named('component', components),
    ],
    loaded: atWork.filter((name) => !byStatement.includes(name)),
  };
}
