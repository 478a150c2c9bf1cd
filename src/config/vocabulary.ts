import { posix } from 'node:path';
import { z } from 'zod';
import { alternativeNameKind } from '../base/alternative-name.js';
import { parseAddress } from './address.js';
import { parseDuration } from '../base/duration.js';

/**
 * The leaves of every schema. Each carries, as its error, the words for what is expected there: `explain.ts` puts
 * them after what was given.
 */

/** Names of clusters and servers: they become metric labels, parts of paths and of addresses of our own. */
export const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export const safeNameWords = 'letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 63';

/** A mapping with exactly these keys. Its error for unknown keys is the list of those that are known. */
export function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : `a mapping of ${known}`),
  });
}

export function mapping<Value extends z.ZodType>(value: Value, expected: string) {
  return z.record(z.string(), value, { error: expected });
}

export function list<Item extends z.ZodType>(item: Item, expected: string) {
  return z.array(item, { error: expected });
}

export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: oneOfWords(words) });
}

export function text(expected: string, form = /^[^\0\n\r]{1,4096}$/) {
  return z.string({ error: expected }).regex(form, { error: expected });
}

export const flag = z.boolean({ error: 'true or false' });
export const path = text('the path of a file');
export const hostName = text('a host name', /^[A-Za-z0-9_.-]{1,253}$/);
export const absolute = text('an absolute path', /^\/[^\0\n\r]{0,4095}$/);

/** @param expected in place of its usual words */
export function socketPath(expected = 'the absolute path of a socket') {
  return text(expected, /^\/[^\0\n\r]{1,106}$/);
}

const placeWords = 'an absolute path below /, without "..", "//" or control characters';
/** A path on a database host; it may end in "/". */
export const place = z.string({ error: placeWords }).refine(isPlain, { error: placeWords });

const alternativeWords = 'a DNS name or an IP address';
/** What may stand in a certificate as a subject alternative name. */
export const alternativeName = z
  .string({ error: alternativeWords })
  .refine((given) => alternativeNameKind(given) !== undefined, { error: alternativeWords });

/** Seconds, more than 0. */
export const duration = z
  .string({ error: 'a duration with its unit, such as 10s, 5m or 30d' })
  .transform((given, context): number => {
    const seconds = parseDuration(given);
    if (seconds !== undefined && seconds > 0) return seconds;
    context.addIssue({ code: 'custom', message: 'a duration above zero with its unit, such as 10s, 5m or 30d' });
    return z.NEVER;
  });

export function address(defaultPort: number, lowestPort: 0 | 1, expected: string) {
  return z.string({ error: expected }).transform((given, context) => {
    const parsed = parseAddress(given, defaultPort);
    if (parsed !== undefined && parsed.port >= lowestPort) return parsed;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** The form that `kind` says. */
export function byKind<const Options extends readonly [Option, ...Option[]]>(
  kinds: readonly string[],
  options: Options,
) {
  return z.discriminatedUnion('kind', options, {
    error: (issue) => ('note' in issue ? oneOfWords(kinds) : 'a mapping with `kind` and what belongs to it'),
  });
}

type Option = Parameters<typeof z.discriminatedUnion>[1][number];

/** The words of a command, an absolute program first. @param expected with an example */
export function absoluteArgv(expected: string) {
  return list(text(expected), expected).refine((given) => given[0]?.startsWith('/') === true, { error: expected });
}

/** The two keys of a secret: {@link exactlyOne} or {@link atMostOne} goes with it. */
export function secretKeys<Name extends string>(name: Name) {
  return {
    [`${name}_file`]: path.optional(),
    [`${name}_env`]: text('the name of an environment variable', /^[A-Za-z_][A-Za-z0-9_]{0,127}$/).optional(),
  } as Record<`${Name}_file` | `${Name}_env`, z.ZodOptional<z.ZodString>>;
}

export function exactlyOne(name: string): [(given: object) => boolean, { error: string }] {
  const keys = [`${name}_file`, `${name}_env`];
  return [
    (given) => keys.filter((key) => (given as Record<string, unknown>)[key] !== undefined).length === 1,
    { error: `exactly one of ${keys.join(' and ')}` },
  ];
}

export function atMostOne(name: string): [(given: object) => boolean, { error: string }] {
  const keys = [`${name}_file`, `${name}_env`];
  return [
    (given) => keys.some((key) => (given as Record<string, unknown>)[key] === undefined),
    { error: `one of ${keys.join(' and ')}` },
  ];
}

function oneOfWords(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`;
}

function isPlain(given: string): boolean {
  const bare = given.replace(/(?<=.)\/$/, '');
  return /^\/[^\u0000-\u001f\u007f]{1,4095}$/.test(bare) && posix.normalize(bare) === bare;
}
