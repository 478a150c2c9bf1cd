import type { Flavour } from '../domain/snapshot.js';
import { quoteAccount, quoteText } from './quote.js';
import type { Row } from './question.js';

/** An account or a role as a server lists it. */
export interface Listed {
  readonly user: string;
  readonly host: string;
  /** MariaDB's roles have no host; MySQL's are accounts. */
  readonly role: boolean;
}

/** Whoever fills a fresh server, for as long as that takes. */
export const loader: Listed = { user: 'lockstep_loader', host: '%', role: false };

/** Accounts that servers make for themselves. */
const system = ['mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys', 'PUBLIC'];
const others = `User NOT IN (${system.map(quoteText).join(', ')})`;

export function accountsListing(flavour: Flavour): string {
  const role = flavour === 'mariadb' ? "is_role = 'Y'" : '0';
  return `SELECT User AS u, Host AS h, ${role} AS r FROM mysql.user WHERE ${others} ORDER BY r DESC, User, Host`;
}

export function listedAccounts(rows: readonly Row[]): readonly Listed[] {
  return rows.map((row) => ({ user: row['u'] ?? '', host: row['h'] ?? '', role: row['r'] === '1' }));
}

export function accountName({ user, host, role }: Listed): string {
  return role ? quoteText(user) : quoteAccount({ user, host });
}

/** Passwords of MySQL's plugins hold bytes that no text does. */
export function readingAccounts(flavour: Flavour, release: readonly number[]): string {
  const [major = 0, , patch = 0] = release;
  const hex = flavour === 'mysql' && (major > 8 || (major === 8 && ((release[1] ?? 0) > 0 || patch >= 17)));
  return hex ? 'SET SESSION print_identified_with_as_hex = 1' : 'DO 0';
}

/** How an account was made, and what it may: `CREATE USER …` of one row, `GRANT …` of every row. */
export function showAccount(account: Listed): { readonly make: string | undefined; readonly grants: string } {
  return {
    make: account.role ? undefined : `SHOW CREATE USER ${accountName(account)}`,
    grants: `SHOW GRANTS FOR ${accountName(account)}`,
  };
}

/** What SHOW answers in its one column, whatever that is called. */
export function said(row: Row): string {
  return Object.values(row).find((value) => value !== null) ?? '';
}

export function makeRole(account: Listed): string {
  return `CREATE ROLE IF NOT EXISTS ${accountName(account)}`;
}

export function dropAccount(account: Listed): string {
  return `DROP ${account.role ? 'ROLE' : 'USER'} IF EXISTS ${accountName(account)}`;
}
