import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pillarValue, withPillarValue } from '../../src/announce/pillar-key.js';

const key = 'infra:hosts_entries:masterdb';
const file = `{% set site = 'prod' %}
# infra: of all
infra:
  name: {{ site }}   # Jinja
  {% if grains['os'] == 'Debian' %}
  notes: |
    hosts_entries:
      masterdb: in a text
  list:
    - masterdb: 1
      hosts_entries: 2
  {% endif %}
  {#
  hosts_entries:
    masterdb: commented out
  #}
  hosts_entries:
    db1:   192.0.2.1
    masterdb:   192.0.2.1   # the primary\r
    "quoted": 'x'
other:
  hosts_entries:
    masterdb: 192.0.2.9
masterdb: 192.0.2.8`;

it('changes the value of the key, and no other byte', () => {
  expect(pillarValue(file, key)).toBe('192.0.2.1');
  const changed = withPillarValue(file, key, '192.0.2.2');
  expect(changed).toBe(file.replace('masterdb:   192.0.2.1', 'masterdb:   192.0.2.2'));
  expect(withPillarValue(file, 'masterdb', '192.0.2.2')).toBe(file.replace('192.0.2.8', '192.0.2.2'));
  expect(withPillarValue(file, 'infra:hosts_entries:quoted', 'y')).toBe(file.replace("'x'", "'y'"));
});

it.each([
  ['a: "x" # c', 'db2', 'a: "db2" # c'],
  ["'a':  'x'", '192.0.2.2', "'a':  '192.0.2.2'"],
  ['a: 192.0.2.1#x', '192.0.2.2', 'a: 192.0.2.2'],
  ['a: x', 'no', "a: 'no'"],
  ['a: x', '2001:db8::2', "a: '2001:db8::2'"],
  ['a: x', '1e3', "a: '1e3'"],
  ['a: "x"', '2001:db8::2', 'a: "2001:db8::2"'],
])('keeps quotes, and sets them where a plain word would mean something else: %s', (before, value, after) => {
  expect(withPillarValue(before, 'a', value)).toBe(after);
});

it.each([
  ['key-missing', 'a:\n  b: 1\n', 'c'],
  ['key-missing', 'a: { b: 1 }\n', 'a:b'],
  ['key-missing', 'a:\n  - b: 1\n', 'a:b'],
  ['key-missing', 'a: |\n  b: 1\n', 'a:b'],
  ['key-missing', 'a: >-\n\n  b: 1\n', 'a:b'],
  ['key-missing', 'a: "text\n  b: 1"\n', 'a:b'],
  ['key-ambiguous', '{% if x %}\na: 1\n{% else %}\na: 2\n{% endif %}\n', 'a'],
  ['key-unclear', "a: {{ salt['pillar.get']('x') }}\n", 'a'],
  ['key-unclear', 'a: "{{ x }}"\n', 'a'],
  ['key-unclear', 'a: x{% if y %}z{% endif %}\n', 'a'],
  ['key-unclear', 'a:\n  b: 1\n', 'a'],
  ['key-unclear', 'a:\n', 'a'],
  ['key-unclear', 'a: # none\n', 'a'],
  ['key-unclear', 'a: [x]\n', 'a'],
  ['key-unclear', 'a: |\n  x\n', 'a'],
  ['key-unclear', 'a: x\n  y\n', 'a'],
  ['key-unclear', 'a: &anchor x\n', 'a'],
  ['key-unclear', 'a: *anchor\n', 'a'],
  ['key-unclear', 'a: !!str x\n', 'a'],
  ['key-unclear', 'a: two words\n', 'a'],
  ['key-unclear', 'a: "with \\" escape"\n', 'a'],
])('refuses with %s: %j', (code, content, path) => {
  expect(() => withPillarValue(content, path, '192.0.2.2')).toThrow(expect.objectContaining({ code }));
});

it('keeps whatever bytes stand around the line', () => {
  const lines = fc.array(fc.stringMatching(/^[ -z\xa0-\xff]{0,30}$/), { maxLength: 8 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const content = (value: string) => [...before, `primary_: ${value}`, ...after].join('\n');
      let changed: string;
      try {
        changed = withPillarValue(content('192.0.2.1'), 'primary_', '192.0.2.22');
      } catch {
        return;
      }
      expect(changed).toBe(content('192.0.2.22'));
    }),
  );
});
