import type { Flavour } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import { loader, accountName } from './account-copies.js';
import { marker } from './definitions.js';
import { resetLogs } from './emptying.js';
import { quoteText } from './quote.js';

/** Where a server is made, and as whom. */
export interface FreshPlace {
  readonly directory: string;
  /** Of the operating system, a name or a number. */
  readonly user: string;
}

/** The words that lay out an empty data directory. */
export function initialising(
  flavour: Flavour,
  programs: { readonly install: string | undefined; readonly server: string },
  { directory, user }: FreshPlace,
): readonly string[] {
  if (flavour === 'mysql')
    return [
      programs.server,
      '--initialize-insecure',
      `--datadir=${directory}`,
      `--user=${user}`,
      '--skip-log-bin',
      '--log-error=',
    ];
  return [
    programs.install ?? '',
    `--datadir=${directory}`,
    `--user=${user}`,
    '--skip-test-db',
    '--auth-root-authentication-method=socket',
  ];
}

/**
 * The words that run it once, reached by nobody, for what {@link firstStatements} says, after which it ends by itself.
 * MariaDB reads that from its standard input; MySQL, which has no such mode, from a file.
 */
export function firstRun(
  flavour: Flavour,
  server: string,
  { directory, user }: FreshPlace,
  file: string,
): readonly string[] {
  const place = [server, `--datadir=${directory}`, `--user=${user}`, '--skip-log-bin'];
  if (flavour === 'mariadb') return [...place, '--bootstrap'];
  return [
    ...place,
    '--log-error=',
    `--init-file=${file}`,
    '--skip-networking',
    `--socket=${directory}/.s`,
    `--pid-file=${directory}/.pid`,
    '--skip-slave-start',
    '--general-log=0',
    '--slow-query-log=0',
    '--read-only=0',
    '--super-read-only=0',
    '--event-scheduler=OFF',
    '--loose-mysqlx=0',
  ];
}

/**
 * A line each: accounts that reach it when it is started, the account that fills it, and a schema that says that it is
 * fresh: nothing else is ever emptied.
 * @param accounts statements that make accounts as another server has them
 */
export function firstStatements(flavour: Flavour, accounts: readonly string[], password: string): string {
  const named = accountName(loader);
  const mysql = flavour === 'mysql';
  return [
    // Bootstrapping, MariaDB knows no accounts until it is told to; MySQL's root has no password until it is what it was on the donor.
    mysql ? "ALTER USER 'root'@'localhost' ACCOUNT LOCK" : 'FLUSH PRIVILEGES',
    ...accounts,
    `CREATE USER ${named} IDENTIFIED BY ${quoteText(password)} REQUIRE SSL`,
    `GRANT ALL PRIVILEGES ON *.* TO ${named} WITH GRANT OPTION`,
    // It gives root what root had.
    mysql
      ? `GRANT PROXY ON ''@'' TO ${named} WITH GRANT OPTION`
      : `INSERT INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor) VALUES (${quoteText(loader.host)}, ${quoteText(loader.user)}, '', '', 1, '')`,
    `CREATE DATABASE ${marker}`,
    `CREATE TABLE ${marker}.loader (word VARCHAR(100) NOT NULL)`,
    `INSERT INTO ${marker}.loader VALUES (${quoteText(password)})`,
    ...(mysql ? ['SHUTDOWN'] : []),
  ]
    .map((statement) => `${statement};\n`)
    .join('');
}

/** The password of the account that fills it; no such table: it is not fresh. */
export const loaderWord = `SELECT word FROM ${marker}.loader`;
/** What makes it a server like any other: sent at once, so that it is done even when whoever sent it is gone. */
export const finishing = [`DROP DATABASE ${marker}`, `DROP USER ${accountName(loader)}`];

/** Whether the account that filled it is still there, as `n`. */
export const loaderLeft = `SELECT COUNT(*) AS n FROM mysql.user WHERE User = ${quoteText(loader.user)}`;

/** Other sessions of whoever fills it, each as `id`: of a try whose end the server has not noticed. */
export const otherLoaders = `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ${quoteText(loader.user)} AND ID <> CONNECTION_ID()`;

/** What it must be told to take rows by LOAD DATA LOCAL, and how it is then. read_only stays as it is. */
export const loadSettings: Readonly<Record<string, string>> = { super_read_only: 'OFF', local_infile: 'ON' };
export const loadSettingsListing = `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${Object.keys(loadSettings).map(quoteText).join(', ')})`;

/** Between these a server writes pages alone, and each but once: several times as fast, and should it die so, it never starts on its data again. */
export const redoLog = {
  off: 'ALTER INSTANCE DISABLE INNODB REDO_LOG',
  on: 'ALTER INSTANCE ENABLE INNODB REDO_LOG',
} as const;

/** Its own history begins with what it was filled with. MariaDB is told so where it is attached. */
export function beginsAt(column: Column, position: string): readonly string[] {
  const reset = resetLogs(column);
  return column.flavour === 'mariadb' ? [reset] : [reset, `SET GLOBAL gtid_purged = ${quoteText(position)}`];
}
