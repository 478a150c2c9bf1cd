import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressesIn, withAddress } from '../../src/announce/hosts-line.js';

const file = `# hosts of the application servers\t
127.0.0.1   localhost
\t192.0.2.1\tMasterDB masterdb.example  # the primary
192.0.2.7 other

192.0.2.9 reports # masterdb is not here\r
no newline at the end`;

const names = ['masterdb', 'masterdb.example'];

it('changes the address of the names, and no other byte', () => {
  expect(addressesIn(file, names)).toEqual(['192.0.2.1']);
  const changed = withAddress(file, names, '2001:db8::2');
  expect(changed).toBe(file.replace('192.0.2.1\tMaster', '2001:db8::2\tMaster'));
  expect(withAddress(changed, names, '192.0.2.1')).toBe(file);
});

it('takes names that stand on lines of their own', () => {
  const two = '192.0.2.1 a\n192.0.2.1 b\n';
  expect(withAddress(two, ['a', 'b'], '192.0.2.2')).toBe('192.0.2.2 a\n192.0.2.2 b\n');
  expect(addressesIn('192.0.2.1 a\n192.0.2.2 b\n', ['a', 'b'])).toEqual(['192.0.2.1', '192.0.2.2']);
});

it.each([
  ['entry-missing', '192.0.2.1 other\n# 192.0.2.1 masterdb\n'],
  ['entry-ambiguous', '192.0.2.1 masterdb\n2001:db8::1 masterdb\n'],
  ['entry-ambiguous', '192.0.2.1 masterdb masterdb\n'],
  ['entry-shared', '192.0.2.1 masterdb db1\n'],
])('refuses with %s', (code, content) => {
  expect(() => withAddress(content, ['masterdb'], '192.0.2.2')).toThrow(expect.objectContaining({ code }));
});

it('keeps whatever bytes stand around the line', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((given) => Buffer.from(given).toString('latin1'));
  const gap = fc.stringMatching(/^[ \t]{1,5}$/);
  fc.assert(
    fc.property(bytes, bytes, gap, (before, after, space) => {
      const [head, foot] = [before, after].map((text) => text.replaceAll(/masterdb/gi, ''));
      const content = (address: string) => `${head}\n${address}${space}masterdb\n${foot}`;
      expect(withAddress(content('192.0.2.1'), ['masterdb'], '192.0.2.22')).toBe(content('192.0.2.22'));
    }),
  );
});
