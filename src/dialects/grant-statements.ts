import { quoteAccount } from './quote.js';

export interface GrantedAccount {
  readonly user: string;
  /** Default `%`. */
  readonly host?: string;
}

/** What an account demands of whoever logs in. */
export type Requirement = 'x509' | 'ssl' | 'none';

/** @param password as it stands in the statement: quoted, or the `'…'` of a text for people */
export function createAccount(account: GrantedAccount, requirement: Requirement, password = "'…'"): string {
  return `CREATE USER ${named(account)} IDENTIFIED BY ${password} REQUIRE ${requirement.toUpperCase()}`;
}

/**
 * Privileges as they stand after GRANT (`SLAVE MONITOR ON *.*`) in as few statements as can be: those on the same thing
 * go into one, and of column privileges only the widest is kept.
 */
export function grantStatements(privileges: readonly string[], account: GrantedAccount): string[] {
  const onThings = new Map<string, Set<string>>();
  for (const privilege of privileges) {
    const [what = '', thing = ''] = privilege.split(' ON ');
    onThings.set(thing, (onThings.get(thing) ?? new Set()).add(what));
  }
  return [...onThings]
    .sort(([a], [b]) => Number(b === '*.*') - Number(a === '*.*') || a.localeCompare(b, 'en'))
    .map(
      ([thing, what]) =>
        `GRANT ${widest([...what])
          .sort()
          .join(', ')} ON ${thing} TO ${named(account)}`,
    );
}

function named({ user, host = '%' }: GrantedAccount): string {
  return quoteAccount({ user, host });
}

/** `SELECT (User, Host, ssl_type)` is within `SELECT (User, Host, ssl_type, account_locked)`. */
function widest(privileges: readonly string[]): string[] {
  const within = (a: string, b: string) => a !== b && a.endsWith(')') && b.startsWith(`${a.slice(0, -1)}, `);
  return privileges.filter((a) => !privileges.some((b) => within(a, b)));
}
