import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { entriesIn, textOf, type Entry } from '../../src/observe/last-seen-text.js';

const source = {
  prefix: 'rpl_semi_sync_source',
  enabled: true,
  active: true,
  waitPoint: 'after-sync',
  timeoutSeconds: 86_400,
  waitsFor: 1,
  waitsWithout: true,
  clients: 2,
  protectedTransactions: 100,
  unprotectedTransactions: 0,
  degradations: 0,
} as const;

const entries: readonly Entry[] = [
  {
    cluster: 'production',
    server: 'db1',
    moment: { at: 1_760_000_000_000, boot: '0f0f', up: 1234 },
    seen: {
      address: { host: 'db1.example', port: 3306 },
      facts: {
        identity: { flavour: 'mysql', serverId: 1, uuid: '00000001-aaaa-bbbb-cccc-000000000000' },
        gtid: { kind: 'mysql', mode: 'ON', executed: '00000001-aaaa-bbbb-cccc-000000000000:1-100', purged: '' },
        semiSync: { source },
        binlog: { current: { file: 'bin.000004', position: 900 } },
        activity: { waitingForReplicas: 0 },
      },
    },
  },
  {
    cluster: 'zürich',
    server: 'db1',
    moment: { at: 1_760_000_000_500, boot: undefined, up: 1734 },
    seen: {
      address: { host: '::1', port: 3307 },
      facts: {
        identity: { flavour: 'mariadb', serverId: 4_294_967_295, uuid: undefined },
        gtid: { kind: 'mariadb', binlogPos: '0-1-100', binlogState: '0-1-100', slavePos: '', currentPos: '0-1-100', domainId: 0, strict: false }, // prettier-ignore
        semiSync: { source: { ...source, enabled: false, active: false, waitPoint: undefined, timeoutSeconds: undefined, waitsFor: undefined, waitsWithout: undefined } }, // prettier-ignore
        binlog: { current: undefined },
        activity: undefined,
      },
    },
  },
  {
    cluster: 'zürich',
    server: 'db2',
    moment: { at: 0, boot: undefined, up: 0 },
    seen: {
      address: { host: 'db2', port: 1 },
      facts: { identity: { flavour: 'mysql', serverId: 2, uuid: undefined }, gtid: undefined, semiSync: undefined, binlog: undefined, activity: undefined }, // prettier-ignore
    },
  },
];

const text = textOf(entries);
const bytes = Buffer.from(text);

/** A file as if this had been written: whole, and vouched for. */
function vouched(second: unknown, v = 1): string {
  const line = JSON.stringify(second);
  return `${JSON.stringify({ v, sha256: createHash('sha256').update(line).digest('hex') })}\n${line}\n`;
}

it('reads what it wrote', () => {
  expect(entriesIn(text)).toEqual(entries);
  expect(entriesIn(textOf([]))).toEqual([]);
});

it('takes nothing of a file that was cut, at whatever byte', () => {
  for (let length = 0; length < bytes.length; length += 1)
    expect(() => entriesIn(bytes.subarray(0, length).toString()), `${length} bytes`).toThrow(/cut off/);
});

it('takes nothing of a file in which one byte is another', () => {
  for (let index = 0; index < bytes.length; index += 1)
    for (const flip of [1, 16, 64]) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ flip;
      expect(() => entriesIn(changed.toString()), `byte ${index} ^ ${flip}`).toThrow();
    }
});

const [one] = JSON.parse(JSON.stringify(entries)) as [Record<string, Record<string, Record<string, unknown>>>];
const otherwise = (path: readonly string[], value: unknown): unknown => {
  const copy = structuredClone(one) as Record<string, unknown>;
  const place = path.slice(0, -1).reduce((now, name) => now[name] as Record<string, unknown>, copy);
  place[path.at(-1) ?? ''] = value;
  return { servers: [copy] };
};
const inSource = ['seen', 'facts', 'semiSync', 'source'];

it.each<[string, unknown, number, string]>([
  ['of a later format', { servers: [] }, 2, 'it has the format 2, and only 1 can be read'],
  ['that is a list', [], 1, 'its second line: it should be an object'],
  ['without servers', {}, 1, 'servers should be a list'],
  ['with a server that is none', { servers: [entries[0], 'db2'] }, 1, 'entry 2: it should be an object'],
  ['that names no cluster', otherwise(['cluster'], 7), 1, 'entry 1: cluster should be a text'],
  ['without a time', otherwise(['moment', 'at'], null), 1, 'entry 1: at should be a number'],
  ['without a moment', otherwise(['moment'], []), 1, 'entry 1, moment: it should be an object'],
  ['without facts', otherwise(['seen', 'facts'], undefined), 1, 'entry 1, facts: it should be an object'],
  ['of no flavour', otherwise(['seen', 'facts', 'identity', 'flavour'], 'oracle'), 1, 'entry 1: flavour should be mysql or mariadb'], // prettier-ignore
  ['whose commits wait like text', otherwise([...inSource, 'enabled'], 'yes'), 1, 'entry 1: enabled should be true or false'], // prettier-ignore
  ['whose commits wait endlessly', otherwise([...inSource, 'timeoutSeconds'], 'ever'), 1, 'entry 1: timeoutSeconds should be a number'], // prettier-ignore
  ['whose commits wait elsewhere', otherwise([...inSource, 'waitPoint'], 'later'), 1, 'entry 1: waitPoint should be after-sync or after-commit'], // prettier-ignore
  ['with a log that is text', otherwise(['seen', 'facts', 'binlog', 'current'], 'bin.1'), 1, 'entry 1, current: it should be an object'], // prettier-ignore
])('says what is wrong with a file %s', (_, second, v, why) => {
  expect(() => entriesIn(vouched(second, v))).toThrow(why);
});

it.each([
  ['', 'it is cut off'],
  ['{}\n{}\n', 'it has the format undefined, and only 1 can be read'],
  ['nonsense\n{}\n', 'its first line is no JSON'],
  ['[]\n{}\n', 'its first line: it should be an object'],
  [text + text, 'it is cut off'],
  [text.replace('production', 'prodection'), 'its second line is not what its first line vouches for'],
])('says what is wrong with a file %#', (content, why) => {
  expect(() => entriesIn(content)).toThrow(why);
});
