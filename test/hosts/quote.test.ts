import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellLine, withEnvironment } from '../../src/hosts/quote.js';
import { word } from './words.js';

it.each([['sh'], ['bash']])('says exactly the words that it was given to %s', (shell) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 50 }), (words) => {
      const line = shellLine(['printf', '%s\\0', ...words]);
      expect(execFileSync(shell, ['-c', line], { encoding: 'utf8' })).toBe(words.map((one) => `${one}\0`).join(''));
    }),
    { numRuns: 30 },
  );
});

it('refuses what no command can carry', () => {
  for (const argv of [[], ['a\0b'], ['\ud800']]) {
    expect(() => shellLine(argv)).toThrow(expect.objectContaining({ code: 'not-allowed' }) as Error);
  }
  for (const [argv, name] of [
    [['/a=b'], 'A'],
    [['/a'], 'A=B'],
    [['/a'], '-i'],
    [['/a'], ''],
  ] as const) {
    expect(() => withEnvironment(argv, { [name]: '' })).toThrow(
      expect.objectContaining({ code: 'not-allowed' }) as Error,
    );
  }
});
