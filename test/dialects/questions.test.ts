import { describe, expect, it } from 'vitest';
import { columns } from '../../src/dialects/capabilities.js';
import { grantFor, grantsFor } from '../../src/dialects/grants.js';
import { questionIds, type Answers, type QuestionId, type QuestionOptions } from '../../src/dialects/question.js';
import { questionsFor } from '../../src/dialects/questions.js';
import { columnNamed, variables } from './rows.js';

const withSchema = { performanceSchema: true };
const withoutSchema = { performanceSchema: false };
const heartbeatTable = { schema: 'percona', table: 'heartbeat', utc: true };

const sqlOf = (name: string, id: QuestionId, answers: Answers = {}, options: QuestionOptions = {}) =>
  questionsFor(columnNamed(name), withSchema, options, answers).find((question) => question.id === id)?.sql;

const idsOf = (name: string, detected = withSchema, answers: Answers = {}, options: QuestionOptions = {}) =>
  questionsFor(columnNamed(name), detected, options, answers).map((question) => question.id);

describe.each(columns)('$name', (column) => {
  it.each([withSchema, withoutSchema])('asks single statements, each once, the clock first, with %o', (detected) => {
    const questions = questionsFor(column, detected, { heartbeatTable, registered: true });
    expect(questions[0]?.id).toBe('state');
    expect(new Set(questions.map((question) => question.id)).size).toBe(questions.length);
    for (const { id, sql } of questions) {
      expect(questionIds).toContain(id);
      expect(sql, id).not.toMatch(/;|\?|"/);
    }
  });

  it('asks at every look what is cheap, and no status or variables by SHOW', () => {
    const look = questionsFor(column, withSchema).filter((question) => question.pace === 'look');
    expect(look.map((question) => question.id)).toEqual(
      column.receivedTimes === undefined
        ? ['state', 'channels', 'gtid', 'binlog_position']
        : ['state', 'channels', 'received', 'gtid', 'binlog_position'],
    );
  });
});

it.each([
  ['mariadb-10.5', 'SHOW ALL SLAVES STATUS', 'SHOW BINLOG STATUS', 'SHOW SLAVE HOSTS'],
  ['mariadb-12', 'SHOW ALL SLAVES STATUS', 'SHOW BINLOG STATUS', 'SHOW SLAVE HOSTS'],
  ['mysql-5.7', 'SHOW SLAVE STATUS', 'SHOW MASTER STATUS', 'SHOW SLAVE HOSTS'],
  ['mysql-8.0', 'SHOW SLAVE STATUS', 'SHOW MASTER STATUS', 'SHOW SLAVE HOSTS'],
  ['mysql-8.0.22', 'SHOW REPLICA STATUS', 'SHOW MASTER STATUS', 'SHOW REPLICAS'],
  ['mysql-8.0.26', 'SHOW REPLICA STATUS', 'SHOW MASTER STATUS', 'SHOW REPLICAS'],
  ['mysql-8.4', 'SHOW REPLICA STATUS', 'SHOW BINARY LOG STATUS', 'SHOW REPLICAS'],
  ['mysql-9', 'SHOW REPLICA STATUS', 'SHOW BINARY LOG STATUS', 'SHOW REPLICAS'],
])('%s says %s, %s, %s', (name, channels, position, registered) => {
  expect(sqlOf(name, 'channels')).toBe(channels);
  expect(sqlOf(name, 'binlog_position')).toBe(position);
  expect(sqlOf(name, 'registered')).toBeUndefined();
  expect(sqlOf(name, 'registered', {}, { registered: true })).toBe(registered);
});

it('selects only variables that the column has', () => {
  expect(sqlOf('mysql-8.0', 'tls')).toContain('@@global.have_ssl');
  expect(sqlOf('mysql-8.4', 'tls')).not.toContain('have_ssl');
  expect(sqlOf('mysql-8.0.22', 'state')).toContain('@@global.log_slave_updates');
  expect(sqlOf('mysql-8.0.26', 'state')).toContain('@@global.log_replica_updates');
  expect(sqlOf('mariadb-12', 'state')).not.toContain('super_read_only');
  expect(sqlOf('mysql-5.7', 'received')).not.toContain('LAST_QUEUED_TRANSACTION');
  expect(idsOf('mysql-5.7')).not.toContain('boot');
});

it('reads performance_schema only where it is on', () => {
  const read = (name: string) =>
    questionsFor(columnNamed(name), withoutSchema)
      .filter(({ sql }) => /performance_schema\.(?:threads|status_by_thread|user_variables|tls_channel)/.test(sql))
      .map(({ id }) => id);
  expect(read('mariadb-11.8')).toEqual([]);
  expect(read('mysql-9')).toEqual([]);
  expect(idsOf('mariadb-10.5')).not.toContain('tls_sessions'); // the table holds no Ssl_ rows there
});

it('asks for the heartbeat table by its quoted name, once it was seen', () => {
  const table = { schema: 'per`cona', table: "heart'beat", utc: false };
  expect(idsOf('mysql-9', withSchema, {}, { heartbeatTable: table })).not.toContain('heartbeat');
  expect(idsOf('mysql-9', withSchema, { heartbeat_present: [] }, { heartbeatTable: table })).not.toContain('heartbeat');
  const seen = { heartbeat_present: [{ name: 'heartbeat' }] };
  expect(sqlOf('mysql-9', 'heartbeat', seen, { heartbeatTable: table })).toContain("FROM `per``cona`.`heart'beat`");
  expect(sqlOf('mysql-9', 'heartbeat_present', {}, { heartbeatTable: table })).toContain("TABLE_NAME = 'heart''beat'");
  expect(() => idsOf('mysql-9', withSchema, {}, { heartbeatTable: { ...table, table: '' } })).toThrow(
    expect.objectContaining({ code: 'bad-identifier' }),
  );
});

it('lists binary logs only where there are any, since elsewhere it is an error', () => {
  expect(idsOf('mysql-9')).not.toContain('binlog_files');
  expect(idsOf('mysql-9', withSchema, { binlog_settings: variables({ log_bin: 'OFF' }) })).not.toContain(
    'binlog_files',
  );
  expect(idsOf('mysql-9', withSchema, { binlog_settings: variables({ log_bin: 'ON' }) })).toContain('binlog_files');
});

it('counts semi-synchronous transactions at every look while it is in use, seldom while it is off, never without', () => {
  const pace = (name: string, settings: Answers['semi_sync_settings']) =>
    questionsFor(columnNamed(name), withSchema, {}, { semi_sync_settings: settings ?? [] }).find(
      ({ id }) => id === 'semi_sync',
    )?.pace;
  expect(pace('mysql-9', [])).toBeUndefined();
  expect(
    pace('mariadb-10.5', variables({ rpl_semi_sync_master_enabled: 'OFF', rpl_semi_sync_slave_enabled: 'OFF' })),
  ).toBe('slow');
  expect(pace('mysql-9', variables({ rpl_semi_sync_replica_enabled: 'ON' }))).toBe('look');
  expect(pace('mysql-9', variables({ rpl_semi_sync_master_enabled: 'ON' }))).toBe('look');
});

it('prints the grants that a MariaDB and a MySQL need, and no more', () => {
  expect(grantsFor(columnNamed('mariadb-10.11'), { user: 'mon' }, withoutSchema, { heartbeatTable })).toEqual([
    "GRANT BINLOG MONITOR, PROCESS, SLAVE MONITOR ON *.* TO 'mon'@'%'",
    "GRANT SELECT ON `percona`.`heartbeat` TO 'mon'@'%'",
    "GRANT SELECT (status) ON mysql.event TO 'mon'@'%'",
    "GRANT SELECT (User, Host, ssl_type, x509_subject, x509_issuer) ON mysql.user TO 'mon'@'%'",
  ]);
  expect(grantsFor(columnNamed('mysql-8.4'), { user: "o'mon", host: '10.%' }, withSchema)).toEqual([
    "GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'o''mon'@'10.%'",
    "GRANT SELECT (User, Host, ssl_type, account_locked, x509_subject, x509_issuer) ON mysql.user TO 'o''mon'@'10.%'",
    ...[
      'replication_applier_status_by_coordinator',
      'replication_applier_status_by_worker',
      'replication_connection_configuration',
      'replication_connection_status',
      'status_by_thread',
      'threads',
      'tls_channel_status',
      'user_variables_by_thread',
    ].map((table) => `GRANT SELECT ON performance_schema.${table} TO 'o''mon'@'10.%'`),
  ]);
});

it('asks for the heavier privilege of registered replicas only when told to', () => {
  const heavy = (name: string, registered: boolean) =>
    grantsFor(columnNamed(name), { user: 'mon' }, withSchema, { registered })[0];
  expect(heavy('mysql-9', false)).toBe("GRANT PROCESS, REPLICATION CLIENT ON *.* TO 'mon'@'%'");
  expect(heavy('mysql-9', true)).toBe("GRANT PROCESS, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO 'mon'@'%'");
  expect(heavy('mariadb-11.8', true)).toContain('REPLICATION MASTER ADMIN');
});

it('gives the grants of one question, and none for what everybody may ask', () => {
  const [state, ...rest] = questionsFor(columnNamed('mariadb-10.5'), withSchema);
  const channels = rest.find(({ id }) => id === 'channels');
  if (state === undefined || channels === undefined) throw new Error('a question is missing');
  expect(grantFor(state, { user: 'mon' })).toEqual([]);
  expect(grantFor(channels, { user: 'mon', host: 'ops' })).toEqual(["GRANT SLAVE MONITOR ON *.* TO 'mon'@'ops'"]);
});
