import { expect, it } from 'vitest';
import { placeOf, roomOn, systemFileOf, type Holdings, type MachineSurvey } from '../../src/domain/survey.js';

it.each([
  [100, 100, undefined, 'both'],
  [99, 100, undefined, 'short'],
  [99, 100, 0, 'short'],
  [99, 100, 1, 'emptied'],
  [0, 100, 99, 'short'],
  [100, 100, 1000, 'both'],
] as const)('with %d bytes free, %d needed and %s freed, says %s', (free, need, droppable, found) => {
  expect(roomOn(free, need, droppable)).toBe(found);
});

const holds = (file: string): Holdings => ({
  bytes: 0,
  tables: 0,
  plain: [],
  plainBytes: 0,
  data: '/var/lib/mysql',
  settings: { innodb_data_file_path: file },
  clonePlugin: undefined,
});

it.each([
  ['ibdata1:12M:autoextend', 'ibdata1'],
  ['./first:1G;second:10M:autoextend', 'first'],
  ['deeper/ibdata1:12M', undefined],
  ['/elsewhere/ibdata1:12M', undefined],
  ['', undefined],
])('of %s, the system tablespace begins with %s', (file, name) => {
  expect(systemFileOf(holds(file))).toBe(name);
});

it.each<[Partial<MachineSurvey>, ReturnType<typeof placeOf>]>([
  [{ exchangeable: true }, undefined],
  [{ exchangeable: true, data: '/data/mysql' }, { data: '/data/mysql' }],
  [{ exchangeable: false }, { data: '/var/lib/mysql', system: 'ibdata1' }],
  [
    { exchangeable: false, data: '/data' },
    { data: '/data', system: 'ibdata1' },
  ],
])('where the machine is %j, the data lie in %j', (machine, place) => {
  const found = { freeBytes: 0, exchangeable: true, kept: false, programs: {}, ...machine };
  expect(placeOf({ server: 'db2', holds: holds('ibdata1:12M'), machine: found, failures: [] })).toEqual(place);
});
