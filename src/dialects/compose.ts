import type { Statement, Value } from '../domain/action.js';

/** One statement out of SQL as it stands and of pieces with values. */
export function composed(...parts: readonly (string | Statement)[]): Statement {
  const text = [''];
  const values: Value[] = [];
  for (const part of parts) {
    const [first = '', ...rest] = typeof part === 'string' ? [part] : part.text;
    text.push(`${text.pop() ?? ''}${first}`, ...rest);
    if (typeof part !== 'string') values.push(...part.values);
  }
  return { text, values };
}

/** The pieces with a separator between them. */
export function joined(parts: readonly (string | Statement)[], separator: string): Statement {
  return composed(...parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part])));
}
