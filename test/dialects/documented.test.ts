import { describe, expect, it } from 'vitest';
import { columns } from '../../src/dialects/capabilities.js';
import { factsOf } from '../../src/dialects/facts.js';
import type { Answers } from '../../src/dialects/question.js';
import { mariadb114, mariadb12, mysql57, mysql80, mysql80Failed, mysql84, type Recorded } from './recorded.js';
import { columnNamed, detected, variables } from './rows.js';

/** The columns that no test server stands behind, with result sets from manuals: a new one needs a row here. */
const documented: Readonly<Record<string, { readonly version: string; readonly status: Recorded }>> = {
  'mariadb-10.6': { version: '10.6.18-MariaDB', status: mariadb114 },
  'mariadb-11.4': { version: '11.4.5-3-MariaDB-Enterprise', status: mariadb114 },
  'mariadb-12': { version: '12.0.2-MariaDB', status: mariadb12 },
  'mysql-5.7': { version: '5.7.44-log', status: mysql57 },
  'mysql-8.0': { version: '8.0.19', status: mysql80 },
  'mysql-8.0.22': { version: '8.0.25', status: mysql84 },
  'mysql-8.0.26': { version: '8.0.36', status: mysql84 },
  'mysql-8.4': { version: '8.4.3', status: mysql84 },
};

const facts = (name: string, answers: Answers) =>
  factsOf(columnNamed(name), detected(documented[name]?.version ?? ''), answers);

it('has a recorded result set for every documented column', () => {
  const names = columns.filter((column) => column.proof === 'documented').map((column) => column.name);
  expect(Object.keys(documented).sort()).toEqual(names.sort());
});

describe.each(Object.entries(documented))('%s', (name, { status }) => {
  it(`reads the replica status of: ${status.source}`, () => {
    const [channel] = facts(name, { channels: [status.row] }).channels ?? [];
    const mariadb = name.startsWith('mariadb');
    expect(channel).toMatchObject({
      name: '',
      source: {
        host: status.row[name.startsWith('mysql-8.0.2') || name === 'mysql-8.4' ? 'Source_Host' : 'Master_Host'],
        serverId: 1,
        uuid: mariadb ? undefined : (expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown),
      },
      sql: 'running',
      ioError: undefined,
      sqlError: undefined,
      delaySeconds: 0,
      read: { file: expect.stringMatching(/-bin\.\d{6}$/) as unknown, position: expect.any(Number) as unknown },
    });
    expect(channel?.executed).toEqual(channel?.read);
  });
});

it('reads modes, heartbeats and GTIDs of MariaDB as its documentation prints them', () => {
  const [channel] = facts('mariadb-11.4', { channels: [mariadb114.row] }).channels ?? [];
  expect(channel).toMatchObject({
    io: 'running',
    lagSeconds: 0,
    gtid: { mode: 'slave_pos', received: '0-1-2' },
    heartbeatPeriodSeconds: 30,
    heartbeatsReceived: 1,
    relayLogBytes: 1259,
    tls: { enabled: false, verify: false, caFile: undefined },
  });
});

it('takes Preparing for connecting, and NULL for a lag that is unknown', () => {
  const [channel] = facts('mariadb-12', { channels: [mariadb12.row] }).channels ?? [];
  expect(channel).toMatchObject({ io: 'connecting', lagSeconds: undefined, gtid: { mode: 'off' } });
  expect(channel?.tls).toMatchObject({ enabled: true, verify: true });
});

it('does not guess the zone of a date in SHOW REPLICA STATUS, but takes the time that performance_schema has', () => {
  const channels = [mysql80Failed.row];
  expect(facts('mysql-8.0.26', { channels }).channels?.[0]).toMatchObject({
    io: 'stopped',
    source: { host: 'source2.example.com', serverId: undefined, uuid: undefined },
    gtid: { mode: 'off', received: '' },
    ioError: { errno: 2005, message: expect.stringContaining('attempt 10/10') as unknown, time: undefined },
  });
  const received = [
    { channel: '', heartbeat_at: '0.000000', transaction_at: '0.000000', io_error_at: '1703776572.125' },
  ];
  const [channel] = facts('mysql-8.0.26', { channels, received }).channels ?? [];
  expect(channel?.ioError?.time).toBe(1703776572.125);
  expect(channel?.receivedAt).toBeUndefined();
});

// MDEV-36425, fixed in 12.0.1: read_only is OFF, ON, NO_LOCK or NO_LOCK_NO_ADMIN, and reads back as a string.
it.each([
  ['OFF', false, false],
  ['ON', true, false],
  ['NO_LOCK', true, false],
  ['NO_LOCK_NO_ADMIN', true, true],
])('reads the read_only level %s of MariaDB 12', (level, readOnly, superReadOnly) => {
  const state = [{ seconds: '1000', micros: '0', read_only: level, sync_binlog: '1', log_bin: '1', log_updates: '1' }];
  const boot = [{ name: 'READ_ONLY', value: level, origin: 'CONFIG', persisted: null }];
  expect(facts('mariadb-12', { state, uptime: [{ started: '400' }], boot }).state).toMatchObject({
    readOnly,
    superReadOnly,
    bootReadOnly: readOnly,
    uptimeSeconds: 600,
  });
});

// The examples of SHOW MASTER STATUS, SHOW BINARY LOG STATUS and SHOW BINARY LOGS in the MySQL 5.7 to 8.4 manuals.
it.each([
  ['mysql-5.7', { expire_logs_days: '7' }, 604_800],
  ['mysql-8.0', { binlog_expire_logs_seconds: '2592000', expire_logs_days: '0' }, 2_592_000],
  ['mysql-8.0', { binlog_expire_logs_seconds: '0', expire_logs_days: '3' }, 259_200],
  ['mysql-8.4', { binlog_expire_logs_seconds: '2592000', binlog_expire_logs_auto_purge: 'ON' }, 2_592_000],
  ['mysql-8.4', { binlog_expire_logs_seconds: '2592000', binlog_expire_logs_auto_purge: 'OFF' }, 0],
  ['mariadb-10.6', { binlog_expire_logs_seconds: '43200', expire_logs_days: '0.500000' }, 43_200],
])('reads the binary log of %s with %o', (name, expiry, retentionSeconds) => {
  const status = {
    File: 'source-bin.000002',
    Position: '1307',
    Binlog_Do_DB: 'test',
    Binlog_Ignore_DB: 'manual, mysql',
    Executed_Gtid_Set: '3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5',
  };
  const files = [
    { Log_name: 'binlog.000015', File_size: '724935', Encrypted: 'Yes' },
    { Log_name: 'binlog.000016', File_size: '733481', Encrypted: 'Yes' },
  ];
  const binlog_settings = variables({ log_bin: 'ON', ...expiry });
  expect(facts(name, { binlog_settings, binlog_position: [status], binlog_files: files }).binlog).toEqual({
    enabled: true,
    current: { file: 'source-bin.000002', position: 1307 },
    retentionSeconds,
    files: [
      { name: 'binlog.000015', bytes: 724935 },
      { name: 'binlog.000016', bytes: 733481 },
    ],
  });
});

// The examples of SHOW SLAVE HOSTS in the 5.7 manual and of SHOW REPLICAS in the 8.0 and 8.4 manuals.
it.each([
  [
    'mysql-5.7',
    {
      Server_id: '192168010',
      Host: 'iconnect2',
      Port: '3306',
      Master_id: '192168011',
      Slave_UUID: '14cb6624-7f93-11e0-b2c0-c80aa9429562',
    },
    192168010,
  ],
  [
    'mysql-8.4',
    {
      Server_id: '10',
      Host: 'iconnect2',
      Port: '3306',
      Source_id: '3',
      Replica_UUID: '14cb6624-7f93-11e0-b2c0-c80aa9429562',
    },
    10,
  ],
])('reads the replicas registered with %s', (name, row, serverId) => {
  expect(facts(name, { streams: [], registered: [row] }).streams?.registered).toEqual([
    { serverId, host: 'iconnect2', port: 3306, uuid: '14cb6624-7f93-11e0-b2c0-c80aa9429562' },
  ]);
});

describe('TLS', () => {
  const tls = {
    require_secure_transport: '0',
    tls_version: 'TLSv1.2,TLSv1.3',
    ssl_ca: 'ca.pem',
    ssl_cert: 'server-cert.pem',
    datadir: '/var/lib/mysql/',
  };
  const status = variables({ Ssl_version: '', Ssl_cipher: '', Ssl_server_not_before: '', Ssl_server_not_after: '' });

  // MySQL 8.0 Reference Manual, "Using Encrypted Connections": have_ssl is YES, or DISABLED when TLS is there but off.
  it.each(['YES', 'DISABLED', 'NO'] as const)('takes have_ssl=%s of MySQL 5.7 and 8.0 as it stands', (haveSsl) => {
    for (const name of ['mysql-5.7', 'mysql-8.0'])
      expect(facts(name, { tls: [{ ...tls, have_ssl: haveSsl }], tls_status: status }).tls).toMatchObject({
        haveSsl,
        haveSslSource: 'have_ssl',
        caFile: '/var/lib/mysql/ca.pem',
        certFile: '/var/lib/mysql/server-cert.pem',
        session: undefined,
        statusNotAfter: undefined,
      });
  });

  // MySQL 8.4 Reference Manual, "The tls_channel_status Table".
  it.each([
    ['Yes', 'YES'],
    ['No', 'DISABLED'],
  ])('puts tls_channel_status Enabled=%s into the words of have_ssl: %s', (enabled, haveSsl) => {
    const tls_channel = variables({
      Enabled: enabled,
      Current_tls_ca: 'ca.pem',
      Current_tls_cert: '/etc/new.pem',
      Current_tls_version: 'TLSv1.3',
    });
    for (const name of ['mysql-8.0.22', 'mysql-8.0.26', 'mysql-8.4'])
      expect(facts(name, { tls: [tls], tls_status: status, tls_channel }).tls).toMatchObject({
        haveSsl,
        haveSslSource: 'tls_channel_status',
        versions: ['TLSv1.3'],
        certFile: '/etc/new.pem',
      });
  });

  it('waits for the answer of tls_channel_status where it is asked', () => {
    expect(facts('mysql-8.4', { tls: [tls], tls_status: status }).tls).toBeUndefined();
  });

  it('falls back to have_ssl up to 8.3, then to the certificate, while performance_schema is off', () => {
    const without = (name: string, version: string, answers: Answers) =>
      factsOf(columnNamed(name), detected(version, { performance_schema: '0' }), answers).tls;
    expect(
      without('mysql-8.0.26', '8.0.36', { tls: [{ ...tls, have_ssl: 'DISABLED' }], tls_status: status }),
    ).toMatchObject({
      haveSsl: 'DISABLED',
      haveSslSource: 'have_ssl',
    });
    expect(without('mysql-8.4', '8.4.3', { tls: [tls], tls_status: status })).toMatchObject({
      haveSsl: 'DISABLED',
      haveSslSource: 'status',
    });
    const served = variables({ Ssl_version: '', Ssl_cipher: '', Ssl_server_not_after: 'Nov  2 15:25:22 2027 GMT' });
    expect(without('mysql-8.4', '8.4.3', { tls: [tls], tls_status: served })).toMatchObject({
      haveSsl: 'YES',
      haveSslSource: 'status',
      statusNotAfter: Date.UTC(2027, 10, 2, 15, 25, 22) / 1000,
    });
  });
});

// MySQL manuals, "Semisynchronous Replication Installation": names up to 8.0.25, and from 8.0.26 on.
it.each([
  ['mysql-5.7', 'rpl_semi_sync_master', 'rpl_semi_sync_slave'],
  ['mysql-8.0.26', 'rpl_semi_sync_master', 'rpl_semi_sync_slave'],
  ['mysql-8.4', 'rpl_semi_sync_source', 'rpl_semi_sync_replica'],
])('reads semi-synchronous replication of %s under the name %s', (name, source, replica) => {
  const semi_sync_settings = variables({
    [`${source}_enabled`]: 'ON',
    [`${source}_timeout`]: '10000',
    [`${source}_wait_point`]: 'AFTER_SYNC',
    [`${replica}_enabled`]: 'OFF',
  });
  const upper = source.replace('rpl', 'Rpl');
  const semi_sync = variables({
    [`${upper}_status`]: 'OFF',
    [`${upper}_clients`]: '0',
    [`${upper}_yes_tx`]: '17',
    [`${upper}_no_tx`]: '3',
    [`${upper}_no_times`]: '1',
  });
  expect(facts(name, { semi_sync_settings, semi_sync }).semiSync).toEqual({
    source: {
      prefix: source,
      enabled: true,
      active: false,
      waitPoint: 'after-sync',
      timeoutSeconds: 10,
      waitsFor: 1,
      waitsWithout: undefined,
      clients: 0,
      protectedTransactions: 17,
      unprotectedTransactions: 3,
      degradations: 1,
    },
    replica: { prefix: replica, enabled: false, active: false },
  });
});
