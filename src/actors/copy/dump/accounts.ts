import { LockstepError } from '../../../base/errors.js';
import * as words from '../../../dialects/account-copies.js';
import type { Listed } from '../../../dialects/account-copies.js';
import type { Flavour } from '../../../domain/snapshot.js';
import { QueryError, type Session } from '../../../mysql/session.js';

/** An account with the statements that make it what it is. */
export interface AccountCopy extends Listed {
  readonly make: string;
  /** And the roles that it begins with. */
  readonly grants: readonly string[];
}

/** Every account and role of a server, roles first. */
export async function accountsOf(
  session: Session,
  flavour: Flavour,
  release: readonly number[],
  signal: AbortSignal,
): Promise<readonly AccountCopy[]> {
  await session.query(words.readingAccounts(flavour, release), { signal });
  const [listed = []] = await session.query(words.accountsListing(flavour), { signal });
  const accounts: AccountCopy[] = [];
  for (const account of words.listedAccounts(listed).filter(({ user }) => user !== words.loader.user)) {
    const { make, grants } = words.showAccount(account);
    const answers = await session.query([...(make === undefined ? [] : [make]), grants].join('; '), { signal });
    const said = answers.map((rows) => rows.map(words.said));
    const made = words.withoutRoles(make === undefined ? words.makeRole(account) : (said[0]?.[0] ?? ''), account);
    const roles = made.roles === undefined ? [] : [made.roles];
    accounts.push({ ...account, make: made.make, grants: [...(said.at(-1) ?? []), ...roles] });
  }
  return accounts;
}

/**
 * Makes these accounts and takes away all others, but for those that are `kept`, which have not all that they may: what
 * they may do with things of applications could not be said before these were there.
 * @returns grants that concern what no longer is there, and were passed over
 */
export async function makeAccounts(
  session: Session,
  flavour: Flavour,
  accounts: readonly AccountCopy[],
  kept: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [listed = []] = await session.query(words.accountsListing(flavour), { signal });
  const before = words.listedAccounts(listed).filter(({ user }) => user !== words.loader.user && !kept.includes(user));
  for (const account of before) await session.query(words.dropAccount(account), { signal });
  const wanted = accounts.filter(({ user }) => !kept.includes(user));
  await inRounds(session, wanted.map(({ make }) => make), [], signal); // prettier-ignore
  const refused = await inRounds(session, accounts.flatMap(({ grants }) => grants), passes, signal); // prettier-ignore
  return inRounds(session, refused.flatMap(words.perColumn), passes, signal);
}

/** ER_NO_SUCH_TABLE, ER_BAD_FIELD_ERROR and ER_SP_DOES_NOT_EXIST: grants outlive what they were given on. */
const passes = [1146, 1054, 1305];

/**
 * Runs all, and again those that were refused for as long as that helps: one may rest on another.
 * @param passes refusals that are no fault in the end @returns what was passed over
 */
export async function inRounds(
  session: Session,
  statements: readonly string[],
  passes: readonly number[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (let rest = statements; ;) {
    const refused: { readonly statement: string; readonly cause: QueryError }[] = [];
    for (const statement of rest) {
      try {
        await session.query(statement, { signal });
      } catch (cause) {
        if (!(cause instanceof QueryError)) throw cause;
        refused.push({ statement, cause });
      }
    }
    if (refused.length === 0) return [];
    if (refused.length < rest.length) {
      rest = refused.map(({ statement }) => statement);
      continue;
    }
    const [worst] = refused.filter(({ cause }) => !passes.includes(cause.errno));
    if (worst !== undefined)
      throw new LockstepError('copy-failed', `the target does not take what the donor has: ${worst.cause.message}`, undefined, { cause: worst.cause }); // prettier-ignore
    return refused.map(({ statement }) => statement);
  }
}
