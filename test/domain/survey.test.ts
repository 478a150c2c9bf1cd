import { expect, it } from 'vitest';
import {
  elsewhere,
  lacking,
  placeOf,
  roomOn,
  systemFileOf,
  type Holdings,
  type MachineSurvey,
} from '../../src/domain/survey.js';

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

const holds = (file: string, settings: Readonly<Record<string, string>> = {}): Holdings => ({
  bytes: 0,
  tables: 0,
  plain: [],
  plainBytes: 0,
  data: '/var/lib/mysql',
  settings: { innodb_data_file_path: file, ...settings },
  events: 0,
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

it.each<[Readonly<Record<string, string>>, string | undefined, readonly string[]]>([
  [{ innodb_data_home_dir: '/var/lib/mysql/' }, 'ibdata1', []],
  [{ innodb_data_home_dir: './', innodb_log_group_home_dir: './', innodb_undo_directory: '' }, 'ibdata1', []],
  [{ innodb_data_home_dir: 'inno' }, undefined, []],
  [
    { innodb_data_home_dir: '/inno/' },
    undefined,
    ['innodb_data_home_dir /inno', 'innodb_data_file_path /inno/ibdata1'],
  ],
  [{ innodb_data_file_path: '/ibdata/ibdata1:12M:autoextend' }, undefined, ['innodb_data_file_path /ibdata/ibdata1']],
  [{ innodb_data_file_path: '/var/lib/mysql/ibdata1:12M' }, 'ibdata1', []],
  [
    { innodb_data_file_path: 'ibdata1:12M;/more/ibdata2:12M:autoextend:max:1G' },
    'ibdata1',
    ['innodb_data_file_path /more/ibdata2'],
  ],
  [
    { innodb_data_file_path: '/dev/sdb1:3Gnewraw;deeper/../../ibdata2:12M' },
    undefined,
    ['innodb_data_file_path /dev/sdb1', 'innodb_data_file_path /var/lib/ibdata2'],
  ],
  [{ innodb_data_home_dir: '/var/lib/mysql', innodb_data_file_path: '/ibdata1:12M' }, 'ibdata1', []],
  [
    { innodb_undo_directory: '/undo/', innodb_log_group_home_dir: '/var/lib/mysql-logs' },
    'ibdata1',
    ['innodb_log_group_home_dir /var/lib/mysql-logs', 'innodb_undo_directory /undo'],
  ],
  [
    { innodb_temp_data_file_path: 'ibtmp1:12M;../ibtmp2:12M' },
    'ibdata1',
    ['innodb_temp_data_file_path /var/lib/ibtmp2'],
  ],
])('with %j, the system tablespace begins with %s, and outside the data are %j', (settings, first, outside) => {
  const found = holds('ibdata1:12M:autoextend', settings);
  expect([systemFileOf(found), elsewhere(found)]).toEqual([first, outside]);
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

it('misses what was installed by statements, but for plugins that the configuration loads', () => {
  const there: Holdings = {
    ...holds(''),
    installed: [
      { kind: 'plugin', name: 'Ed25519' },
      { kind: 'plugin', name: 'clone' },
      { kind: 'function', name: 'clone' },
    ],
  };
  const here: Holdings = { ...holds(''), loaded: ['clone'] };
  expect(lacking(there, here).map(({ kind, name }) => `${kind} ${name}`)).toEqual(['plugin Ed25519', 'function clone']);
  expect(lacking(here, there)).toEqual([]);
  expect(lacking(holds(''), holds(''))).toEqual([]);
});
