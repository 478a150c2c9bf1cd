import type { Flavour, Identity } from '../domain/snapshot.js';
import { columnFor, compareReleases, newestKnown, type Release } from './capabilities.js';
import { LockstepError } from '../base/errors.js';
import type { Row } from './question.js';
import { isOn, number, optionalText, text } from './values.js';

/**
 * Asked first on every session, before the flavour is known: only variables that MySQL 5.7 to 9 and MariaDB 10.5 to
 * 12 all have. MariaDB runs what stands in its own comment and MySQL skips it, so a server with an invented version
 * text still tells its flavour.
 */
export const detection =
  'SELECT @@version AS version, @@version_comment AS comment, @@hostname AS hostname, @@server_id AS server_id, ' +
  '@@performance_schema AS performance_schema, @@basedir AS basedir, CURRENT_USER() AS account, 0 /*M! + 1 */ AS mariadb';

/** The identity that {@link detection} gives, with what the choice of questions needs besides. */
export interface Detected extends Identity {
  readonly performanceSchema: boolean;
  /** The account that the server took us for: its host is that of the account, not ours. */
  readonly account: { readonly user: string; readonly host: string };
}

/**
 * Who answered {@link detection}. `uuid` and `grouping` are not known yet, and `managed` only where these variables
 * show it: the question `identity` completes them.
 * @throws LockstepError `server-too-old`, or `unexpected-answer` when it is not the answer of such a server
 */
export function identify(row: Row): Detected {
  const version = text(row, 'version');
  const comment = optionalText(row, 'comment') ?? '';
  const flavour = flavourOf(row, version, comment);
  const release = releaseOf(version);
  const column = columnFor({ flavour, release });
  const { tested } = column;
  return {
    flavour,
    version,
    release,
    comment,
    column: column.name,
    proof: tested !== undefined && compareReleases(tested, release.slice(0, 2)) === 0 ? 'live' : 'documented',
    newerThanKnown: compareReleases(newestKnown[flavour], release.slice(0, 2)) < 0,
    serverId: number(row, 'server_id'),
    uuid: undefined,
    hostname: optionalText(row, 'hostname') ?? '',
    managed: managedOf(row, version, comment),
    grouping: undefined,
    performanceSchema: isOn(row['performance_schema']),
    account: accountOf(text(row, 'account')),
  };
}

/** `user@host`; a user's name may hold an @, a host cannot. */
function accountOf(shown: string): Detected['account'] {
  const at = shown.lastIndexOf('@');
  return { user: shown.slice(0, at), host: shown.slice(at + 1) };
}

/**
 * Flavour and release from the version text alone, as a server's greeting shows it before any login.
 * @throws LockstepError `unexpected-answer` where it does not begin with a number
 */
export function versionOf(text: string): { readonly flavour: Flavour; readonly release: Release } {
  return { flavour: /mariadb/i.test(text) ? 'mariadb' : 'mysql', release: releaseOf(text) };
}

function flavourOf(row: Row, version: string, comment: string): Flavour {
  return isOn(row['mariadb']) || /mariadb/i.test(version + comment) ? 'mariadb' : 'mysql';
}

/**
 * `10.11.19-MariaDB-0+deb12u1-log`, `8.0.36-28` (Percona), and the exceptions: MariaDB up to 10.11 greets with
 * `5.5.5-` in front, and proxies hand that on; Aurora writes `8.0.mysql_aurora.3.04.0`, whose third number is not
 * MySQL's. All of Aurora 3 is built on 8.0.23 or later (Aurora MySQL release notes), all of Aurora 2 on 5.7.12.
 */
function releaseOf(version: string): Release {
  const aurora = /^(\d+)\.(\d+)\.mysql_aurora\./.exec(version);
  if (aurora !== null) return [Number(aurora[1]), Number(aurora[2]), aurora[1] === '5' ? 12 : 23];
  const found = /^(?:5\.5\.5-(?=\d+\.\d+\.\d+))?(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (found === null)
    throw new LockstepError(
      'unexpected-answer',
      `the server calls its version "${version}", which does not begin with a number such as 10.11.6`,
      'check that the address is that of a MySQL or MariaDB server',
    );
  return [Number(found[1]), Number(found[2]), Number(found[3])];
}

/**
 * RDS keeps its binaries under /rdsdbbin (phpMyAdmin and others detect it so), Aurora's below it in `oscar`, and RDS
 * for MariaDB says so in the comment; Cloud SQL says Google in version and comment.
 */
function managedOf(row: Row, version: string, comment: string): Identity['managed'] {
  const basedir = optionalText(row, 'basedir') ?? '';
  if (version.includes('mysql_aurora') || basedir.startsWith('/rdsdbbin/oscar')) return 'aurora';
  if (basedir.startsWith('/rdsdbbin/') || /aws\.amazon\.com\/rds/i.test(comment)) return 'rds';
  if (/-google/i.test(version) || /google/i.test(comment)) return 'cloud-sql';
  return undefined;
}
