import { LockstepError } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import type { NoteValue, SecretName, Statement, Value } from '../domain/action.js';
import { quoteText } from './quote.js';

/** What the holes of a statement are filled with. */
export interface Known {
  readonly secrets: Readonly<Partial<Record<SecretName, Secret>>>;
  readonly notes: Readonly<Record<string, string>>;
}

/**
 * A statement as the server gets it. It may hold a password, hence a secret.
 * @throws LockstepError `note-missing`, `secret-missing`; `unquotable` for a control character, or where a number was
 * to be and is none
 */
export function written(statement: Statement, known: Known): Secret {
  return new Secret(filled(statement, (value) => writtenValue(value, known)));
}

/** A statement for people: a secret as `<password of replication>`, what is learned in the run as `<its name>`. */
export function shown(statement: Statement): string {
  return filled(statement, shownValue);
}

export function shownValue(value: Value): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return 'secret' in value ? `<password of ${value.secret}>` : `<${value.note}>`;
  // Nothing that is printed may move a terminal's cursor; a server never gets such a value.
  const visible = value.replaceAll(/\p{Cc}/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16) ?? ''}}`);
  return visible === value ? quoteText(value) : `'${visible.replaceAll("'", "''")}'`;
}

/** The secrets that a statement needs to be {@link written}. */
export function secretsOf({ values }: Statement): readonly SecretName[] {
  return values.flatMap((value) => (typeof value === 'object' && 'secret' in value ? [value.secret] : []));
}

function filled({ text, values }: Statement, fill: (value: Value) => string): string {
  return text
    .map(
      (part, index) =>
        part +
        values
          .slice(index, index + 1)
          .map(fill)
          .join(''),
    )
    .join('');
}

function writtenValue(value: Value, { secrets, notes }: Known): string {
  if (typeof value === 'string') return quoteText(value);
  if (typeof value === 'number') return writtenNumber(String(value), 'a value');
  if ('note' in value) return writtenNote(value, notes);
  const secret = secrets[value.secret];
  if (secret === undefined)
    throw new LockstepError('secret-missing', `the password of ${value.secret} is not at hand for the statement`);
  return quoteText(secret.reveal());
}

function writtenNote({ note, as }: NoteValue, notes: Known['notes']): string {
  const value = Object.hasOwn(notes, note) ? notes[note] : undefined;
  if (value === undefined)
    throw new LockstepError(
      'note-missing',
      `the statement needs <${note}>, which this run has not learned`,
      'What comes before it in the plan gives it: nothing was sent.',
    );
  return as === 'number' ? writtenNumber(value, `<${note}>`) : quoteText(value);
}

function writtenNumber(value: string, what: string): string {
  if (/^-?\d{1,20}(?:\.\d{1,20})?$/.test(value)) return value;
  throw new LockstepError('unquotable', `${what} for an SQL statement is ${JSON.stringify(value)}, which is no number`);
}
