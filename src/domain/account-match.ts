import type { Account } from './snapshot.js';

/**
 * The account behind a login, as servers choose it: among those of the user, the one whose host pattern the client's
 * address fits and that reads furthest before its first wildcard. undefined where none fits: the server may see a name
 * where the pattern is an address, or the other way round.
 */
export function accountFor<A extends Account>(accounts: readonly A[], user: string, client: string): A | undefined {
  return accounts
    .filter((account) => account.user === user && fits(account.host, client))
    .sort((a, b) => specificity(b.host) - specificity(a.host))[0];
}

/** More accounts than this are not listed: a scene is kept with every plan. */
export const mostAccountsListed = 1000;

/** Addresses that no network reaches. */
export const localHosts: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** Host patterns: `%` and `_` as in LIKE, `10.1.0.0/255.255.0.0` and (MySQL 8.0.23) `10.1.0.0/16`, '' for any. */
function fits(pattern: string, client: string): boolean {
  const [base = '', mask] = pattern.split('/');
  if (mask !== undefined && isIPv4(base) && isIPv4(client)) {
    const bits = isIPv4(mask) ? addressOf(mask) : prefixMask(Number(mask));
    return (addressOf(client) & bits) === (addressOf(base) & bits);
  }
  const expression = pattern
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('%', '.*')
    .replaceAll('_', '.');
  return pattern === '' || new RegExp(`^${expression}$`, 'i').test(client);
}

/** Servers try accounts in the order of how far the pattern reads before its first wildcard. */
function specificity(pattern: string): number {
  const wildcard = pattern.search(/[%_]/);
  return wildcard === -1 && pattern !== '' ? Number.MAX_SAFE_INTEGER : Math.max(0, wildcard);
}

function isIPv4(text: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
}

function addressOf(dotted: string): number {
  return dotted.split('.').reduce((address, part) => (address << 8) | Number(part), 0);
}

function prefixMask(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits);
}
