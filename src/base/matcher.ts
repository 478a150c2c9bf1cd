import { RE2JS, type RE2JS as Expression } from 're2js';
import { LockstepError } from './errors.js';

/** Alertmanager's comparison of one label. A label that is absent counts as ''. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
  matches(labels: Labels): boolean;
}

export type Labels = Readonly<Record<string, string>>;

/** More would be no matcher that a person wrote. */
const longest = 1024;
const form = /^\s*("(?:[^"\\]|\\.)*"|[A-Za-z_:][A-Za-z0-9_:]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^"\s{},]*)\s*$/s;

/**
 * A matcher as Alertmanager writes it: `alertname="ReplicationStopped"`, `severity=~"warning|critical"`. Expressions
 * are RE2, anchored at both ends, so no expression takes more than linear time; `.` is no newline, as there.
 * @throws LockstepError `matcher-invalid`
 */
export function parseMatcher(text: string): Matcher {
  const [, label, operator, value] = (text.length <= longest ? form.exec(text) : null) ?? [];
  if (label === undefined || value === undefined || !isOperator(operator))
    throw invalid(text, 'expected a matcher such as alertname="ReplicationStopped" or severity=~"warning|critical"');
  return matcherOf(unquoted(label), operator, unquoted(value));
}

/** The same from its parts. @throws LockstepError `matcher-invalid` */
export function matcherOf(label: string, operator: Matcher['operator'], value: string): Matcher {
  const equal = test(operator, value, `${label}${operator}${JSON.stringify(value)}`);
  const wanted = operator === '=' || operator === '=~';
  return {
    label,
    operator,
    value,
    // Labels come from outside: `__proto__` and the like are names like any other.
    matches: (labels) => equal(Object.hasOwn(labels, label) ? (labels[label] ?? '') : '') === wanted,
  };
}

function test(operator: Matcher['operator'], value: string, text: string): (given: string) => boolean {
  if (operator === '=' || operator === '!=') return (given) => given === value;
  let expression: Expression;
  try {
    expression = RE2JS.compile(value);
  } catch (cause) {
    throw invalid(text, `${JSON.stringify(value)} is no RE2 expression`, cause);
  }
  return (given) => expression.matcher(given).matches();
}

function isOperator(text: string | undefined): text is Matcher['operator'] {
  return text === '=' || text === '!=' || text === '=~' || text === '!~';
}

/** Only \", \\ and \n are escapes to Alertmanager. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replaceAll(/\\(["\\n])/g, (_, one: string) => (one === 'n' ? '\n' : one));
}

function invalid(text: string, message: string, cause?: unknown): LockstepError {
  const shown = JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
  return new LockstepError('matcher-invalid', `${shown}: ${message}`, undefined, { cause });
}
