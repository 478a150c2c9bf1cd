import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { composed, joined } from '../../src/dialects/compose.js';
import { secretsOf, shown, written } from '../../src/dialects/written.js';
import { sql, type Statement } from '../../src/domain/action.js';

const secrets = { replication: new Secret(String.raw`hu'sh\!`) };
const text = (statement: Statement, notes: Readonly<Record<string, string>> = {}) =>
  written(statement, { secrets, notes }).reveal();

it('fills every kind of hole', () => {
  const password = { secret: 'replication' } as const;
  const made = sql`SET a=${"o'x"}, b=${-2.5}, c=${password}, d=${{ note: 'file' }}, e=${{ note: 'position', as: 'number' }}`;
  expect(text(made, { file: 'bin.000001', position: '18446744073709551615' })).toBe(
    String.raw`SET a='o''x', b=-2.5, c='hu''sh\\!', d='bin.000001', e=18446744073709551615`,
  );
  expect(shown(made)).toBe("SET a='o''x', b=-2.5, c=<password of replication>, d=<file>, e=<position>");
  expect(secretsOf(made)).toEqual(['replication']);
  expect(String(written(made, { secrets, notes: { file: 'f', position: '1' } }))).toBe('[secret]');
});

it('puts statements together out of pieces', () => {
  const list = joined([sql`${'a'}`, 'b', sql`c=${1}`], ', ');
  expect(text(composed('X ', list, sql` FOR ${'z'}`))).toBe("X 'a', b, c=1 FOR 'z'");
  expect(text(joined([], ', '))).toBe('');
});

describe('refuses', () => {
  it.each<[string, Statement, Readonly<Record<string, string>>, string]>([
    ['a note that was not learned', sql`${{ note: 'position' }}`, {}, 'note-missing'],
    ['a note that only looks learned', sql`${{ note: 'constructor' }}`, {}, 'note-missing'],
    ['a note with a line feed', sql`${{ note: 'a' }}`, { a: 'b\nc' }, 'unquotable'],
    ['a note that should be a number', sql`${{ note: 'a', as: 'number' }}`, { a: '4; DROP' }, 'unquotable'],
    ['an empty note that should be a number', sql`${{ note: 'a', as: 'number' }}`, { a: '' }, 'unquotable'],
    ['a text with a NUL', sql`${'a\0'}`, {}, 'unquotable'],
    ['no number', sql`${Number.NaN}`, {}, 'unquotable'],
    ['an endless number', sql`${Infinity}`, {}, 'unquotable'],
    ['a secret that is not at hand', sql`${{ secret: 'operate' }}`, {}, 'secret-missing'],
  ])('%s', (_, statement, notes, code) => {
    expect(() => text(statement, notes)).toThrow(expect.objectContaining({ code }));
  });

  it('without repeating the secret', () => {
    const known = { secrets: { monitor: new Secret('hush\n') }, notes: {} };
    expect(() => written(sql`${{ secret: 'monitor' }}`, known)).not.toThrow(/hush/);
  });
});

it('prints what would be refused, with nothing that moves a cursor', () => {
  expect(shown(sql`SET a=${"\u001B[2J'"}`)).toBe(String.raw`SET a='\u{1b}[2J'''`);
});

it('lets no value out of its quotes, whatever it holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (one, other) => {
      fc.pre(!/\p{Cc}/u.test(one + other));
      const made = text(sql`SELECT ${one}, ${{ note: 'n' }}`, { n: other });
      // Read as a server reads it, with and without NO_BACKSLASH_ESCAPES: quotes in pairs, backslashes in pairs.
      const string = /'(?:[^'\\]|''|\\\\)*'/gu;
      expect(made.replaceAll(string, '?')).toBe('SELECT ?, ?');
      expect(shown(sql`SELECT ${one}`).replaceAll(string, '?')).toBe('SELECT ?');
    }),
  );
});
