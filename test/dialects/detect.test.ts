import { expect, it } from 'vitest';
import { LockstepError } from '../../src/base/errors.js';
import { columns } from '../../src/dialects/capabilities.js';
import { detection, identify } from '../../src/dialects/detect.js';
import { identityOf } from '../../src/dialects/identity.js';
import { detected, detectionRow, variables } from './rows.js';

/** Version texts as servers say them, the column that they take, and whether a test server stands behind it. */
const known: readonly [version: string, column: string, proof: 'live' | 'documented', newer?: true][] = [
  ['10.5.29-MariaDB-0+deb11u1-log', 'mariadb-10.5', 'live'],
  ['10.6.18-MariaDB-0ubuntu0.22.04.1', 'mariadb-10.6', 'documented'],
  ['10.10.7-MariaDB', 'mariadb-10.6', 'documented'],
  ['10.11.19-MariaDB-0+deb12u1-log', 'mariadb-10.11', 'live'],
  ['11.0.6-MariaDB', 'mariadb-10.11', 'documented'],
  ['11.4.5-3-MariaDB-Enterprise', 'mariadb-11.4', 'documented'],
  ['11.8.6-MariaDB-0+deb13u1 from Debian-log', 'mariadb-11.8', 'live'],
  ['12.0.2-MariaDB', 'mariadb-12', 'documented'],
  ['12.3.1-MariaDB-ubu2404', 'mariadb-12', 'documented'],
  ['13.0.1-MariaDB', 'mariadb-12', 'documented', true],
  ['5.7.44-log', 'mysql-5.7', 'documented'],
  ['5.7.44-48-log', 'mysql-5.7', 'documented'],
  ['8.0.21', 'mysql-8.0', 'documented'],
  ['8.0.22', 'mysql-8.0.22', 'documented'],
  ['8.0.25-15', 'mysql-8.0.22', 'documented'],
  ['8.0.26', 'mysql-8.0.26', 'documented'],
  ['8.0.36-0ubuntu0.22.04.1', 'mysql-8.0.26', 'documented'],
  ['8.0.36-28', 'mysql-8.0.26', 'documented'],
  ['8.3.0', 'mysql-8.0.26', 'documented'],
  ['8.4.3', 'mysql-8.4', 'documented'],
  ['9.1.0', 'mysql-9', 'documented'],
  ['9.7.4-2', 'mysql-9', 'live'],
  ['9.8.0', 'mysql-9', 'documented', true],
  ['26.1.0', 'mysql-9', 'documented', true],
];

it.each(known)('%s takes the column %s, %s', (version, column, proof, newer) => {
  const identity = detected(version);
  expect(identity).toMatchObject({ version, column, proof, newerThanKnown: newer === true });
  expect(identity.flavour).toBe(column.split('-')[0]);
});

it('reads past the prefix that MariaDB up to 10.11 greets with, which proxies hand on', () => {
  expect(detected('5.5.5-10.11.6-MariaDB-1:10.11.6+maria~ubu2204')).toMatchObject({
    release: [10, 11, 6],
    column: 'mariadb-10.11',
  });
});

it('knows MariaDB by its own comment when the version text was invented', () => {
  expect(detected('10.6.99-corporate', { mariadb: '1' })).toMatchObject({ flavour: 'mariadb', column: 'mariadb-10.6' });
  expect(detection).toContain('/*M! + 1 */ AS mariadb');
});

it.each([
  ['5.6.51-log', 'the server is MySQL 5.6.51, and the oldest supported is MySQL 5.7.8'],
  ['5.7.7-rc', 'the server is MySQL 5.7.7, and the oldest supported is MySQL 5.7.8'],
  ['10.4.34-MariaDB', 'the server is MariaDB 10.4.34, and the oldest supported is MariaDB 10.5.0'],
  ['5.5.68-MariaDB', 'the server is MariaDB 5.5.68, and the oldest supported is MariaDB 10.5.0'],
])('refuses %s and says what is supported', (version, message) => {
  const error = caught(() => detected(version));
  expect(error).toMatchObject({ code: 'server-too-old', message });
  expect(error.remedy).toBeDefined();
});

it.each(['', 'proxy', '8'])('says that "%s" is no version', (version) => {
  expect(caught(() => identify({ ...detectionRow('8.0.36'), version })).code).toBe('unexpected-answer');
});

it('says that an answer without the columns is not that of such a server', () => {
  expect(caught(() => identify({})).message).toMatch(/lacks a value for version/);
});

it.each([
  // Aurora MySQL: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Updates.Versions.html
  ['8.0.mysql_aurora.3.04.0', {}, 'aurora', [8, 0, 23], 'mysql-8.0.22'],
  ['5.7.mysql_aurora.2.11.2', {}, 'aurora', [5, 7, 12], 'mysql-5.7'],
  ['8.0.28', { basedir: '/rdsdbbin/oscar-8.0.mysql_aurora.3.04.0.0.1/' }, 'aurora', [8, 0, 28], 'mysql-8.0.26'],
  // basedir of RDS as phpMyAdmin's tests have it
  [
    '8.0.35',
    { comment: 'Source distribution', basedir: '/rdsdbbin/mysql-8.0.35.R2/' },
    'rds',
    [8, 0, 35],
    'mysql-8.0.26',
  ],
  ['10.11.8-MariaDB-log', { comment: 'managed by https://aws.amazon.com/rds/' }, 'rds', [10, 11, 8], 'mariadb-10.11'],
  ['8.0.31-google', { comment: '(Google)' }, 'cloud-sql', [8, 0, 31], 'mysql-8.0.26'],
  ['8.4.3', { comment: 'MySQL Community Server - GPL' }, undefined, [8, 4, 3], 'mysql-8.4'],
  ['8.0.36-28', { comment: 'Percona Server (GPL), Release 28' }, undefined, [8, 0, 36], 'mysql-8.0.26'],
] as const)('%s with %o is managed by %s', (version, more, managed, release, column) => {
  expect(detected(version, more)).toMatchObject({ managed, release, column });
});

it('completes the identity from the variables that only some servers have', () => {
  const server = detected('8.0.36');
  const asked = (values: Readonly<Record<string, string>>) => identityOf(server, { identity: variables(values) });
  expect(
    asked({ server_uuid: '3e11fa47-71ca-11e1-9e33-c80aa9429562', group_replication_group_name: '' }),
  ).toMatchObject({
    uuid: '3e11fa47-71ca-11e1-9e33-c80aa9429562',
    grouping: undefined,
    managed: undefined,
  });
  expect(asked({ group_replication_group_name: 'aadaaaaa-adda-adda-aaaa-aaaaaaddaaaa' }).grouping).toBe(
    'group-replication',
  );
  expect(asked({ wsrep_on: 'ON' }).grouping).toBe('galera');
  expect(asked({ wsrep_on: 'OFF' }).grouping).toBeUndefined();
  expect(asked({ aurora_version: '3.04.0' }).managed).toBe('aurora');
  expect(asked({ aad_auth_only: 'OFF' }).managed).toBe('azure');
});

it('names a source for every documented column, and a tested series for every live one', () => {
  for (const column of columns) {
    if (column.proof === 'live') expect(column.tested, column.name).toEqual(expect.any(Array));
    else expect([column.source, column.tested], column.name).toEqual([expect.any(String), undefined]);
  }
  expect(columns.filter((column) => column.proof === 'live').map((column) => column.name)).toEqual([
    'mariadb-10.5',
    'mariadb-10.11',
    'mariadb-11.8',
    'mysql-9',
  ]);
});

function caught(work: () => unknown): LockstepError {
  try {
    work();
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

it.each([
  ['lockstep_monitor@%', { user: 'lockstep_monitor', host: '%' }],
  ['monitor@example@192.0.2.0/255.255.255.0', { user: 'monitor@example', host: '192.0.2.0/255.255.255.0' }],
])('knows the account %s that it is taken for, so that a GRANT names it', (account, expected) => {
  expect(identify({ ...detectionRow('8.0.36'), account }).account).toEqual(expected);
});
