import { describe, expect, it } from 'vitest';
import { factsOf } from '../../src/dialects/facts.js';
import type { Answers, Row } from '../../src/dialects/question.js';
import { mariadb114, mysql84 } from './recorded.js';
import { columnNamed, detected, variables } from './rows.js';

const mariadb = (answers: Answers, timing?: { sentAt: number; receivedAt: number }) =>
  factsOf(columnNamed('mariadb-10.11'), detected('10.11.19-MariaDB-0+deb12u1-log'), answers, timing);
const mysql = (answers: Answers) => factsOf(columnNamed('mysql-9'), detected('9.7.4-2'), answers);

it('leaves every section undefined that was not answered', () => {
  for (const facts of [mariadb({}), mysql({})])
    expect(Object.entries(facts).filter(([name, value]) => name !== 'identity' && value !== undefined)).toEqual([]);
});

it('tells no answer from an answer of nothing', () => {
  const facts = mariadb({
    channels: [],
    streams: [],
    binlog_settings: variables({ log_bin: 'OFF' }),
    binlog_position: [],
  });
  expect(facts).toMatchObject({ channels: [], streams: { threads: [], registered: undefined } });
  expect(facts.binlog).toEqual({ enabled: false, current: undefined, retentionSeconds: 0, files: undefined });
});

describe('the state', () => {
  const state: Row = {
    seconds: '1795418489',
    micros: '250000',
    read_only: '1',
    sync_binlog: '1',
    flush_at_commit: '1',
    log_bin: '1',
    log_updates: '0',
  };
  const uptime = [{ started: '1795417489' }];
  const timed = (sentAt: number, receivedAt: number) =>
    mariadb({ state: [state], uptime }, { sentAt, receivedAt }).state;

  it('reads the clock against the middle of the round trip', () => {
    expect(timed(1795418488_000, 1795418488_500)).toMatchObject({ clockOffsetSeconds: 1, uptimeSeconds: 1000 });
    expect(timed(1795418488_000, 1795418490_001)?.clockOffsetSeconds).toBeUndefined();
    expect(mariadb({ state: [state], uptime }).state?.clockOffsetSeconds).toBeUndefined();
  });

  it('counts as writing replicated events only what writes a binary log', () => {
    const logs = (log_bin: string, log_updates: string) =>
      mariadb({ state: [{ ...state, log_bin, log_updates }], uptime }).state?.logsReplicaUpdates;
    expect([logs('1', '1'), logs('1', '0'), logs('0', '1')]).toEqual([true, false, false]);
  });

  const boot = (name: string, value: string, origin: string, persisted: string | null = null): Row => ({
    name,
    value,
    origin,
    persisted,
  });
  it.each<[string, Row[] | undefined, boolean | undefined]>([
    ['a file says on', [boot('READ_ONLY', 'ON', 'CONFIG')], true],
    ['nothing says anything', [boot('READ_ONLY', 'OFF', 'COMPILE-TIME')], false],
    ['it was set since', [boot('READ_ONLY', 'ON', 'SQL')], undefined],
    [
      'MySQL: the command line says on',
      [boot('read_only', '1', 'COMMAND_LINE'), boot('super_read_only', '0', 'COMPILED')],
      true,
    ],
    [
      'MySQL: both were set since',
      [boot('read_only', '1', 'DYNAMIC'), boot('super_read_only', '1', 'DYNAMIC')],
      undefined,
    ],
    [
      'MySQL: the stronger one is persisted',
      [boot('read_only', '0', 'DYNAMIC'), boot('super_read_only', '1', 'DYNAMIC', 'ON')],
      true,
    ],
    [
      'MySQL: off is persisted over a file',
      [boot('read_only', '1', 'GLOBAL', 'OFF'), boot('super_read_only', '0', 'COMPILED')],
      false,
    ],
    [
      'MySQL: one is off, the other set since',
      [boot('read_only', '0', 'COMPILED'), boot('super_read_only', '1', 'DYNAMIC')],
      undefined,
    ],
    ['the server was not asked', undefined, undefined],
  ])('knows how it will start when %s', (_, rows, expected) => {
    const answers = {
      state: [{ ...state, super_read_only: '0' }],
      uptime,
      ...(rows === undefined ? {} : { boot: rows }),
    };
    expect(mysql(answers).state?.bootReadOnly).toBe(expected);
  });

  it('names settings that a restart would change, and those of which nothing tells', () => {
    const rows: readonly (readonly [string, string, string | null])[] = [
      ['max_connections', '200', '300'],
      ['long_query_time', '2.000000', '2'],
      ['log_bin_trust_function_creators', 'ON', '1'],
      ['wait_timeout', '1000', null],
    ];
    const set_since = rows.map(([name, value, persisted]) => ({ name, value, persisted }));
    const answers = { state: [{ ...state, super_read_only: '0' }], uptime };
    expect(mysql({ ...answers, set_since }).state?.restartChanges).toEqual({
      surely: ['max_connections'],
      perhaps: ['wait_timeout'],
    });
    expect(mysql(answers).state?.restartChanges).toBeUndefined();
  });
});

describe('channels', () => {
  it('keeps several apart, and leaves out what names no source', () => {
    const channels = [
      { ...mariadb114.row, Connection_name: 'east', Using_Gtid: 'Current_Pos', Master_SSL_Allowed: 'Ignored' },
      { ...mariadb114.row, Connection_name: 'west', Slave_IO_Running: 'No', Slave_SQL_Running: 'No' },
      { ...mariadb114.row, Connection_name: 'unset', Master_Host: '' },
    ];
    expect(mariadb({ channels }).channels).toMatchObject([
      { name: 'east', gtid: { mode: 'current_pos' }, tls: { enabled: false } },
      { name: 'west', io: 'stopped', sql: 'stopped' },
    ]);
  });

  it('reads every TLS option, and that heartbeats are off', () => {
    const options = {
      Slave_heartbeat_period: '0.000',
      Master_SSL_CA_Path: '/cas',
      Master_SSL_Crl: '/crl',
      Master_SSL_Crlpath: '/crls',
      Master_SSL_Cipher: 'HIGH',
    };
    expect(mariadb({ channels: [{ ...mariadb114.row, ...options }] }).channels).toMatchObject([
      {
        heartbeatPeriodSeconds: 0,
        tls: { caPath: '/cas', crlFile: '/crl', crlPath: '/crls', cipher: 'HIGH', versions: undefined },
      },
    ]);
    const versions = { ...mysql84.row, Source_TLS_Version: 'TLSv1.3' };
    expect(mysql({ channels: [versions] }).channels?.[0]?.tls).toMatchObject({
      crlFile: undefined,
      versions: 'TLSv1.3',
    });
  });

  it('leaves out the channels of Group Replication, which read from no source', () => {
    const own = { ...mysql84.row, Channel_Name: 'group_replication_applier', Source_Host: '<NULL>' };
    expect(mysql({ channels: [own, mysql84.row] }).channels).toHaveLength(1);
  });

  it('joins what performance_schema says of the same channel', () => {
    const retrieved = '73f86016-978b-11ee-ade5-8d2a2a562feb:1-3,\n99f86016-978b-11ee-ade5-8d2a2a562feb:1';
    const failed = { Last_SQL_Errno: '1062', Last_SQL_Error: 'Duplicate entry', Replica_SQL_Running: 'No' };
    const channels = [mysql84.row, { ...mysql84.row, ...failed, Channel_Name: 'east', Retrieved_Gtid_Set: retrieved }];
    const received = [
      {
        channel: 'east',
        heartbeat_period: '2.000',
        heartbeats: '168',
        heartbeat_at: '1795417586.261736',
        transaction_at: '1795417290.189681',
        io_error_at: '0.000000',
        coordinator_error_at: '1795417300.500000',
        worker_error_at: '1795417300.400000',
      },
    ];
    const [first, east] = mysql({ channels, received }).channels ?? [];
    expect(first).toMatchObject({
      heartbeatPeriodSeconds: undefined,
      heartbeatsReceived: undefined,
      receivedAt: undefined,
    });
    expect(east).toMatchObject({
      heartbeatPeriodSeconds: 2,
      heartbeatsReceived: 168,
      ioError: undefined,
      sqlError: { errno: 1062, message: 'Duplicate entry', time: 1795417300.5 },
      gtid: { received: retrieved.replace('\n', '') },
    });
    expect(east?.receivedAt).toBeCloseTo(1795417586261.736, 2);
  });
});

it('reads both kinds of GTID', () => {
  const gtid: Row = {
    gtid_binlog_pos: '0-1-9,1-2-3',
    gtid_binlog_state: '0-1-9,1-2-3,0-2-4',
    gtid_slave_pos: '',
    gtid_current_pos: '0-1-9',
    gtid_domain_id: '0',
    gtid_strict_mode: '1',
  };
  expect(mariadb({ gtid: [gtid] }).gtid).toEqual({
    kind: 'mariadb',
    binlogPos: '0-1-9,1-2-3',
    binlogState: '0-1-9,1-2-3,0-2-4',
    slavePos: '',
    currentPos: '0-1-9',
    domainId: 0,
    strict: true,
  });
  const executed = 'a:1-3,\nb:1';
  expect(mysql({ gtid: [{ gtid_mode: 'ON_PERMISSIVE', gtid_executed: executed, gtid_purged: '' }] }).gtid).toEqual({
    kind: 'mysql',
    mode: 'ON_PERMISSIVE',
    executed: 'a:1-3,b:1',
    purged: '',
  });
});

describe('streams', () => {
  it('tells encrypted, plain and unknown apart', () => {
    const thread = { id: '5', user: 'repl', client: '10.0.0.2' };
    const streams = [
      { ...thread, connection_type: 'SSL/TLS', uuid: 'u' },
      { ...thread, id: '4', connection_type: 'TCP/IP' },
      { id: '6', user: 'repl', client_port: '10.0.0.3:51234' },
      { id: '7', user: 'repl', client_port: '2001:db8::2:51234' },
      { id: '8', user: 'repl', client_port: 'localhost' },
      { id: null, user: null, client_port: null }, // the guard's own row, when nobody streams
    ];
    const session = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };
    const tls_sessions = [
      { ...session, stream: null, sessions: '7' },
      { ...session, stream: '5', sessions: '1' },
      { version: '', cipher: '', stream: '4', sessions: '1' },
    ];
    expect(mariadb({ streams, tls_sessions }).streams?.threads).toMatchObject([
      { encrypted: true, version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', uuid: 'u', host: '10.0.0.2' },
      { encrypted: false, version: undefined, cipher: undefined, uuid: undefined },
      { threadId: 6, encrypted: undefined, host: '10.0.0.3' },
      { host: '2001:db8::2' },
      { host: 'localhost' },
    ]);
  });

  it.each<[string, string, string[], string[]]>([
    ['the exact address', '10.0.0.2', ['%', '10.0.0.2', '10.0.%'], ['10.0.0.2']],
    ['the longer pattern', '10.0.0.7', ['%', '10.0.0.2', '10.0.%'], ['10.0.%']],
    ['a netmask', '10.1.2.3', ['10.1.0.0/255.255.0.0', '10.2.0.0/255.255.0.0'], ['10.1.0.0/255.255.0.0']],
    ['a prefix length', '10.1.2.3', ['10.1.0.0/16', '10.2.0.0/16'], ['10.1.0.0/16']],
    ['any host', 'db2.example', [''], ['']],
    ['one letter', 'db2', ['db_'], ['db_']],
    [
      'all, when the server sees a name and the patterns are addresses',
      'db2.example',
      ['10.0.0.2', '10.0.0.3'],
      ['10.0.0.2', '10.0.0.3'],
    ],
  ])('finds the account behind a stream by %s', (_, client, hosts, found) => {
    const account_streams = hosts.map((host) => ({ user: 'repl', host, ssl_type: 'X509', client }));
    const accounts = mariadb({ accounts: [{ without_tls: '3' }], account_streams }).accounts;
    expect(accounts?.withoutTls).toBe(3);
    expect(accounts?.streaming).toEqual(found.map((host) => ({ user: 'repl', host, requires: 'x509' })));
  });

  it('reads what an account requires', () => {
    const account_streams = ['', 'ANY', 'X509', 'SPECIFIED'].map((ssl_type) => ({
      user: `u${ssl_type}`,
      host: '%',
      ssl_type,
      client_port: '10.0.0.2:1',
    }));
    const accounts = mariadb({ accounts: [{ without_tls: '0' }], account_streams }).accounts;
    expect(accounts?.streaming.map(({ requires }) => requires)).toEqual(['nothing', 'ssl', 'x509', 'specified']);
  });
});

it('lists the accounts with what they require', () => {
  const account_list = [
    { user: 'app', host: '%', ssl_type: '' },
    { user: '', host: 'localhost', ssl_type: 'ANY' },
  ];
  const accounts = mariadb({ accounts: [{ without_tls: '1' }], account_streams: [], account_list }).accounts;
  expect(accounts?.listed).toEqual([
    { user: 'app', host: '%', requires: 'nothing' },
    { user: '', host: 'localhost', requires: 'ssl' },
  ]);
});

describe('who is connected without TLS', () => {
  it('is told by the threads of sessions', () => {
    const plaintext = [
      { user: 'app', client: '10.0.0.7', connection_type: 'TCP/IP' },
      { user: 'backup', client: 'localhost', connection_type: 'Socket' },
      { user: 'odd', client: null, connection_type: 'Named Pipe' },
    ];
    expect(mysql({ plaintext }).plaintext).toEqual({
      sessions: [
        { user: 'app', client: '10.0.0.7', local: false },
        { user: 'backup', client: 'localhost', local: true },
        { user: 'odd', client: '', local: true },
      ],
      logins: undefined,
    });
    expect(mysql({ plaintext: [] }).plaintext).toEqual({ sessions: [], logins: undefined });
  });

  it('is counted by userstat, where that is on', () => {
    const counted = { counted: '1', user: 'app', logins: '12' };
    expect(mariadb({ plaintext: [counted] }).plaintext).toEqual({
      sessions: undefined,
      logins: [{ user: 'app', count: 12 }],
    });
    expect(mariadb({ plaintext: [{ counted: '1', user: null, logins: null }] }).plaintext?.logins).toEqual([]);
    expect(mariadb({ plaintext: [{ counted: '0', user: null, logins: null }] }).plaintext).toBeUndefined();
    expect(mariadb({}).plaintext).toBeUndefined();
  });
});

it('tells what is laid down for the next start from what holds now', () => {
  const persisted = (require_persisted: string | null) =>
    mysql({
      tls: [{ tls_version: 'TLSv1.3', require_secure_transport: '0', require_persisted }],
      tls_status: variables({ Ssl_cipher: '' }),
      tls_channel: variables({ Enabled: 'Yes' }),
    }).tls;
  expect(persisted('ON')).toMatchObject({ required: false, requiredPersisted: true });
  expect(persisted('OFF')).toMatchObject({ required: false, requiredPersisted: false });
  expect(persisted(null)).toMatchObject({ requiredPersisted: undefined });
});

it('knows semi-synchronous replication without its plugin', () => {
  expect(mysql({ semi_sync_settings: [] }).semiSync).toEqual({ source: undefined, replica: undefined });
});

it('reads the heartbeat table, and leaves out rows whose time is none', () => {
  const row = { server_id: '11', written_at: '1795418481.321458', seconds: '1795418489', micros: '808332' };
  const heartbeat = [row, { ...row, written_at: null }, { ...row, written_at: '0.000000' }];
  expect(mariadb({ heartbeat }).heartbeats).toEqual([
    { serverId: 11, writtenAt: 1795418481.321458, nowAt: 1795418489.808332 },
  ]);
});

it('says which column an answer lacks', () => {
  expect(() => mariadb({ channels: [{ Connection_name: '', Master_Host: 'db1' }] })).toThrow(
    expect.objectContaining({ code: 'unexpected-answer', message: expect.stringContaining('Master_Port') as unknown }),
  );
});

it('counts sessions by protocol and cipher, streams among them', () => {
  const row = (version: string, stream: string | null, sessions: string) => ({
    version,
    cipher: version && 'C',
    stream,
    sessions,
  });
  const tls = [{ have_ssl: 'YES', tls_version: 'TLSv1.3', require_secure_transport: '1' }];
  const tls_sessions = [row('TLSv1.3', null, '7'), row('', null, '2'), row('TLSv1.3', '5', '1')];
  const facts = mariadb({ tls, tls_status: variables({ Ssl_cipher: '' }), tls_sessions });
  expect(facts.tls).toMatchObject({
    required: true,
    sessions: [
      { version: 'TLSv1.3', cipher: 'C', count: 8 },
      { version: '', cipher: '', count: 2 },
    ],
  });
});
