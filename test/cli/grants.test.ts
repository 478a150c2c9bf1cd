import path from 'node:path';
import { expect, it } from 'vitest';
import { accountGrants, dialectWords, grantLines, releaseNamed } from '../../src/cli/grants-text.js';
import { wantedOf } from '../../src/cli/grants-wanted.js';
import { loadConfig } from '../../src/config/load.js';
import { columnFor } from '../../src/dialects/capabilities.js';
import { procedureNames } from '../../src/domain/procedure-names.js';
import { folderWith } from '../config/files.js';

it.each([
  ['10.11', 'mariadb', 'mariadb-10.11'],
  ['10.7', 'mariadb', 'mariadb-10.6'],
  ['12', 'mariadb', 'mariadb-12'],
  ['8.0', 'mysql', 'mysql-8.0.26'],
  ['8.0.21', 'mysql', 'mysql-8.0'],
  ['5.7', 'mysql', 'mysql-5.7'],
  ['9', 'mysql', 'mysql-9'],
] as const)('takes %s of %s for its newest: %s', (text, flavour, column) => {
  const release = releaseNamed(text);
  expect(release && columnFor({ flavour, release }).name).toBe(column);
});

it.each(['', 'x', '10.', '10.11.4.1', '10.11-MariaDB', ' 8'])('takes %j for no version', (text) => {
  expect(releaseNamed(text)).toBeUndefined();
});

const file = (more: string) => `version: 1
journal: { directory: journal }
defaults:
  accounts:
    monitor: { user: look, password_file: a }
    operate: { user: act, password_file: a }
    replication: { user: copy, password_file: a, require: ssl }
clusters: { shop: { servers: { db1: { address: db1 } }, heartbeat: { table: hb.beats }${more} } }
`;

async function wanted(text: string, procedures?: readonly (typeof procedureNames)[number][]) {
  const folder = folderWith({ 'lockstep.yml': text, ca: '', cert: '', key: '' });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  return wantedOf(config, config.clusters[0], procedures);
}

it('makes the accounts that the configuration names, with what Lockstep can show', async () => {
  const plain = await wanted(file(''));
  expect(plain).toMatchObject({
    monitor: { user: 'look', require: 'ssl' },
    operate: { user: 'act', require: 'ssl' },
    replication: { user: 'copy', require: 'ssl' },
  });
  expect((await wanted(file(', tls: { cert_file: cert, key_file: key }'))).monitor.require).toBe('x509');
  expect((await wanted(file(', tls: { mode: disabled }'))).operate.require).toBe('none');
  expect(wantedOf(undefined, undefined, undefined)).toMatchObject({
    operate: { user: 'lockstep_operate', require: 'ssl' },
    replication: { user: 'replication', require: 'x509' },
    procedures: procedureNames,
  });
});

it('is for what was asked for, else what policies name, else everything', async () => {
  const policies = `${file('')}tokens: [{ name: alertmanager, role: alertmanager, token_file: ca }]
policies:
  - { match: ['alertname="WritableReplica"'], run: fence-writable-replica }
  - { match: ['alertname="ReplicationStopped"'], run: restart-replication }
`;
  expect((await wanted(policies)).procedures).toEqual(['restart-replication', 'fence-writable-replica']);
  expect((await wanted(policies, ['require-tls'])).procedures).toEqual(['require-tls']);
  expect((await wanted(file(''))).procedures).toEqual(procedureNames);
});

it('prints SQL and comments, and nothing else', async () => {
  const all = await wanted(file(''), ['restart-replication']);
  const column = columnFor({ flavour: 'mariadb', release: [11, 4, 2] });
  const grants = accountGrants({ column, performanceSchema: false }, all);
  const lines = grantLines(`shop: db1 (${dialectWords(column, '11.4.2')})`, grants, all);
  expect(lines).toEqual([
    '-- shop: db1 (MariaDB 11.4.2, dialect column mariadb-11.4, from documents)',
    '',
    '-- looks, and changes nothing',
    "CREATE USER 'look'@'%' IDENTIFIED BY '…' REQUIRE SSL;",
    ...grants.monitor.slice(1).map((grant) => `${grant};`),
    '-- once `hb`.`beats` is there:',
    "-- GRANT SELECT ON `hb`.`beats` TO 'look'@'%';",
    '',
    '-- acts: restart-replication',
    "CREATE USER 'act'@'%' IDENTIFIED BY '…' REQUIRE SSL;",
    "GRANT REPLICATION SLAVE ADMIN ON *.* TO 'act'@'%';",
    '',
    '-- what replicas log in with',
    "CREATE USER 'copy'@'%' IDENTIFIED BY '…' REQUIRE SSL;",
    "GRANT REPLICATION SLAVE ON *.* TO 'copy'@'%';",
  ]);
  expect(grants.monitor.join()).not.toContain('beats');
});
