import { LockstepError } from '../base/errors.js';

/**
 * A value as an SQL string. Quotes and backslashes are both doubled, so that the value cannot end the string whether
 * or not the session has NO_BACKSLASH_ESCAPES.
 * @throws LockstepError `unquotable` for a value with a NUL, a line feed or another control character
 */
export function quoteText(value: string): string {
  refuseControl(value, 'a value');
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/**
 * A name of a schema, table or column in back-quotes.
 * @throws LockstepError `bad-identifier` for an empty name, one of more than 64 characters, or one with a control character
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.length > 64)
    throw new LockstepError(
      'bad-identifier',
      `"${name}" is not a name that MySQL accepts`,
      'give a name of 1 to 64 characters',
    );
  refuseControl(name, 'a name', 'bad-identifier');
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `'user'@'host'` */
export function quoteAccount({ user, host }: { readonly user: string; readonly host: string }): string {
  return `${quoteText(user)}@${quoteText(host)}`;
}

function refuseControl(value: string, what: string, code = 'unquotable'): void {
  // The value may be a password: it is not quoted in the message.
  if (/\p{Cc}/u.test(value))
    throw new LockstepError(
      code,
      `${what} for an SQL statement holds a control character`,
      'remove tabs, line feeds and the like from it',
    );
}
