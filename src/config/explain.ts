import type { z } from 'zod';
import type { Fault } from './fault.js';
import type { Path, YamlFile } from './document.js';
import { nearest } from './nearest.js';

/** Turns what the schema found into faults that a person can act on. */
export function explain(file: YamlFile, issues: readonly z.core.$ZodIssue[]): readonly Fault[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => unknownKey(file, path, key, issue.message.split(', ')));
    const value = valueAt(file.value, path);
    // A secret written out is named as such; that its reference is missing adds nothing.
    if (issue.code === 'custom' && secrets.some((word) => isMapping(value) && word in value)) return [];
    const start = issue.code === 'custom' && isMapping(value) ? '' : `${given(path, value)}, `;
    return [file.fault(path, 'value', `${start}expected ${issue.message}`)];
  });
}

const secrets = ['password', 'token', 'passphrase'];

function unknownKey(file: YamlFile, parent: Path, key: string, known: readonly string[]): Fault {
  const path = [...parent, key];
  const shown = JSON.stringify(key.slice(0, 80));
  const secret = secrets.find((word) => key.toLowerCase() === word && known.includes(`${word}_file`));
  if (secret !== undefined)
    return file.fault(
      path,
      'key',
      `a ${secret} must not stand in the configuration`,
      `Put it into a file of mode 0600 and write \`${secret}_file: /path/of/it\`, or write \`${secret}_env: NAME\` for an environment variable`,
    );
  return file.fault(path, 'key', `unknown key ${shown}`, nearestRemedy(key, known, `Known here: ${known.join(', ')}`));
}

/** Below these keys stand secrets, or what people take for the place of one; only these leaves are quoted there. */
const secretive = new Set(['accounts', 'tokens', 'basic_auth_users']);
const harmless = new Set(['role', 'require', 'name', 'user']);

function given(path: Path, value: unknown): string {
  if (value === undefined) return 'nothing given';
  if (value === null) return 'given an empty value';
  if (Array.isArray(value)) return 'given a list';
  if (typeof value === 'object') return 'given a mapping';
  const last = path.at(-1);
  const hidden =
    (path.some((part) => typeof part === 'string' && secretive.has(part)) && !harmless.has(String(last))) ||
    // People write the secret where the name of its variable belongs.
    String(last).endsWith('_env');
  if (hidden) return `given a ${typeof value === 'string' ? 'text' : typeof value} (not shown)`;
  return `given ${quoted(value)}`;
}

/** A value as it may be shown: bounded, on one line, and without what stands between `user:` and `@` in an address. */
export function quoted(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  const shown = value.replaceAll(/:[^@/\s][^@\s]*@/g, ':…@').replaceAll(/:\/\/[^@\s]*@/g, '://…@');
  return JSON.stringify(shown.length > 100 ? `${shown.slice(0, 100)}…` : shown);
}

/** What stands at `path` of plain data, undefined when nothing does. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    root,
  );
}

/** The entries of a mapping in plain data; none when it is no mapping. */
export function entriesAt(root: unknown, path: Path): readonly (readonly [string, unknown])[] {
  const value = valueAt(root, path);
  return isMapping(value) ? Object.entries(value) : [];
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What to do about a word that is none of those known. @param otherwise where none of them is close */
export function nearestRemedy(given: string, known: readonly string[], otherwise: string): string {
  const close = nearest(given, known);
  return close === undefined ? otherwise : `Did you mean ${quoted(close)}?`;
}
