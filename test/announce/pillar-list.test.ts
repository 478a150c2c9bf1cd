import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pillarList, withoutPillarItem, withPillarItem } from '../../src/announce/pillar-list.js';

const key = 'infra:read_hosts';
const file = `{% set site = 'prod' %}
infra:
  name: {{ site }}
  read_hosts:   # whom MediaWiki reads from
    # the big one
    - 192.0.2.2   # since May\r
    - "192.0.2.3"

    - db4.example
  {% if grains['os'] == 'Debian' %}
  other:
    - 192.0.2.2
  {% endif %}
`;
const out = (content: string, ...words: readonly string[]) =>
  withoutPillarItem(content, key, (word) => words.includes(word), 'leave-mark');

it('takes a word out of the lines and back where it was, and changes no other byte', () => {
  expect(pillarList(file, key)).toEqual(['192.0.2.2', '192.0.2.3', 'db4.example']);
  const without = out(file, '192.0.2.2');
  expect(without).toBe(file.replace('    - 192.0.2.2   # since', '    # withdrawn by lockstep: - 192.0.2.2   # since'));
  expect(out(without, '192.0.2.2')).toBe(without);
  expect(pillarList(without, key)).toEqual(['192.0.2.3', 'db4.example']);
  expect(withPillarItem(without, key, '192.0.2.2', [])).toBe(file);
  expect(withPillarItem(file, key, '192.0.2.2', [])).toBe(file);
  const last = out(file, 'db4.example', '192.0.2.3');
  expect(pillarList(last, key)).toEqual(['192.0.2.2']);
  expect(withPillarItem(withPillarItem(last, key, 'db4.example', []), key, '192.0.2.3', ['db4.example'])).toBe(file);
});

it('puts a new word before those that it belongs before, else at the end, and takes it out without a trace', () => {
  const more = withPillarItem(file, key, '192.0.2.9', ['db4.example', '192.0.2.8']);
  expect(more).toBe(file.replace('    - db4', '    - 192.0.2.9\n    - db4'));
  expect(withoutPillarItem(more, key, (word) => word === '192.0.2.9', 'for-good')).toBe(file);
  expect(withPillarItem(file, key, 'no', [])).toBe(file.replace('db4.example', "db4.example\n    - 'no'"));
  expect(withPillarItem(file, key, '192.0.2.1', ['192.0.2.2'])).toContain('    - 192.0.2.1\r\n    - 192.0.2.2 ');
});

it('takes a list on one line, and one that is no deeper than its key', () => {
  const flow = 'infra:\n  read_hosts: [192.0.2.2, "db3"]  # two\n';
  expect(pillarList(flow, key)).toEqual(['192.0.2.2', 'db3']);
  expect(out(flow, '192.0.2.2')).toBe('infra:\n  read_hosts: ["db3"]  # two\n');
  expect(withPillarItem(out(flow, '192.0.2.2'), key, '192.0.2.2', ['db3'])).toBe(flow);
  const flat = 'infra:\n  read_hosts:\n  - a\n  - b\n  next: 1\n';
  expect(out(flat, 'b')).toBe('infra:\n  read_hosts:\n  - a\n  # withdrawn by lockstep: - b\n  next: 1\n');
  expect(withPillarItem(out(flat, 'b'), key, 'b', [])).toBe(flat);
});

it.each([
  ['key-missing', 'infra:\n  other: 1\n'],
  ['key-ambiguous', 'infra:\n  read_hosts: [a]\n  read_hosts: [b]\n'],
  ['key-unclear', 'infra:\n  read_hosts: a\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n    a: b\n'],
  ['key-unclear', 'infra:\n  read_hosts: []\n'],
  ['key-unclear', 'infra:\n  read_hosts: [a,\n    b]\n'],
  ['key-unclear', 'infra:\n  read_hosts: [a, {b: c}]\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n    - a\n    - b: c\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n    - a\n      - b\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n    - {{ a }}\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n    - a\n    {% if x %}\n    - b\n    {% endif %}\n'],
  ['key-unclear', 'infra:\n  read_hosts:\n    {% for x in y %}\n    - b\n    {% endfor %}\n'],
  ['list-empty', 'infra:\n  read_hosts:\n    - a\n    # withdrawn by lockstep: - b\n'],
])('refuses with %s: %j', (code, content) => {
  expect(() => out(content, 'a')).toThrow(expect.objectContaining({ code }));
});

it('comes back to every byte that there was, whatever stands around the list', () => {
  const lines = fc.array(fc.stringMatching(/^[ -z\xa0-\xff]{0,30}$/), { maxLength: 6 });
  const comments = fc.array(fc.stringMatching(/^ *(?:#[ -z]{0,20})?$/), { maxLength: 3 });
  fc.assert(
    fc.property(lines, comments, lines, (before, between, after) => {
      const content = [...before, 'readers_:', '  - a', ...between, '  - b # x', ...after].join('\n');
      let changed: string;
      try {
        changed = withoutPillarItem(content, 'readers_', (word) => word === 'b', 'leave-mark');
      } catch {
        return;
      }
      expect(pillarList(changed, 'readers_')).not.toContain('b');
      expect(withPillarItem(changed, 'readers_', 'b', [])).toBe(content);
    }),
  );
});
