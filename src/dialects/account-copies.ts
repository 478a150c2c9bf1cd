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
const system = ['mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys'];
const others = `User NOT IN (${system.map(quoteText).join(', ')})`;

export function accountsListing(flavour: Flavour): string {
  const role = flavour === 'mariadb' ? "is_role = 'Y'" : '0';
  return `SELECT User AS u, Host AS h, ${role} AS r FROM mysql.user WHERE ${others} ORDER BY r DESC, User, Host`;
}

export function listedAccounts(rows: readonly Row[]): readonly Listed[] {
  return rows.map((row) => ({ user: row['u'] ?? '', host: row['h'] ?? '', role: row['r'] === '1' }));
}

export function accountName({ user, host, role }: Listed): string {
  if (isEverybody({ user, role })) return 'PUBLIC';
  return role ? quoteText(user) : quoteAccount({ user, host });
}

/** MariaDB, from 10.11 on: listed as a role once it was granted something, and nobody makes or drops it. */
function isEverybody({ user, role }: Pick<Listed, 'user' | 'role'>): boolean {
  return role && user === 'PUBLIC';
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

const quoted = String.raw`'(?:[^'\\]|\\.|'')*'|\`(?:[^\`]|\`\`)*\``;
const defaultRoles = new RegExp(`^((?:${quoted}|[^'\`])*?) DEFAULT ROLE ((?:(?:${quoted})@(?:${quoted}),?)+)`, 's');

/** What MySQL's CREATE USER says of roles, which must be there and be granted first, as a statement of its own. */
export function withoutRoles(
  make: string,
  account: Listed,
): { readonly make: string; readonly roles: string | undefined } {
  const [all = '', before = '', roles] = defaultRoles.exec(make) ?? [];
  if (roles === undefined) return { make, roles };
  return { make: before + make.slice(all.length), roles: `ALTER USER ${accountName(account)} DEFAULT ROLE ${roles}` };
}

const column = String.raw`\`(?:[^\`]|\`\`)*\``;
const privilege = String.raw`[A-Z]+(?: [A-Z]+)*(?: \(${column}(?:, ${column})*\))?`;
const onColumns = new RegExp(`^GRANT (${privilege}(?:, ${privilege})*) (ON .*)$`, 's');

/** A grant on columns as one for each of them: one that is dropped keeps its grant, and must take no other with it. */
export function perColumn(grant: string): readonly string[] {
  const [, privileges = '', rest = ''] = onColumns.exec(grant) ?? [];
  const each = privileges.match(new RegExp(privilege, 'g')) ?? [];
  const [whole, parts] = [each.filter((one) => !one.includes('(')), each.filter((one) => one.includes('('))];
  if (parts.length === 0) return [grant];
  const single = parts.flatMap((one) => {
    const at = one.indexOf('(');
    const names = one.slice(at).match(new RegExp(column, 'g')) ?? [];
    return names.map((name) => `${one.slice(0, at)}(${name})`);
  });
  return [...(whole.length === 0 ? [] : [whole.join(', ')]), ...single].map((what) => `GRANT ${what} ${rest}`);
}

export function makeRole(account: Listed): string {
  return isEverybody(account) ? 'DO 0' : `CREATE ROLE IF NOT EXISTS ${accountName(account)}`;
}

export function dropAccount(account: Listed): string {
  if (isEverybody(account)) return 'REVOKE ALL PRIVILEGES, GRANT OPTION FROM PUBLIC';
  return `DROP ${account.role ? 'ROLE' : 'USER'} IF EXISTS ${accountName(account)}`;
}
