import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { quoteAccount, quoteIdentifier, quoteText } from '../../src/dialects/quote.js';
import {
  changeSource,
  resetReplica,
  startReplica,
  stopReplica,
  type ChannelSource,
} from '../../src/dialects/replication-statements.js';
import { columnNamed } from './rows.js';

const source: ChannelSource = {
  host: 'db1',
  port: 3306,
  user: 'replication',
  password: new Secret("it's"),
  from: 'gtid',
  tls: { caFile: '/tls/ca.pem', certFile: '/tls/cert.pem', keyFile: '/tls/key.pem', verify: true },
};

describe('changeSource', () => {
  it.each([
    [
      'mariadb-10.5',
      "CHANGE MASTER 'east' TO MASTER_HOST='db1', MASTER_PORT=3306, MASTER_USER='replication', MASTER_PASSWORD='it''s', MASTER_USE_GTID=slave_pos, MASTER_SSL=1, MASTER_SSL_CA='/tls/ca.pem', MASTER_SSL_CERT='/tls/cert.pem', MASTER_SSL_KEY='/tls/key.pem', MASTER_SSL_VERIFY_SERVER_CERT=1",
    ],
    [
      'mysql-5.7',
      "CHANGE MASTER TO MASTER_HOST='db1', MASTER_PORT=3306, MASTER_USER='replication', MASTER_PASSWORD='it''s', MASTER_AUTO_POSITION=1, MASTER_SSL=1, MASTER_SSL_CA='/tls/ca.pem', MASTER_SSL_CERT='/tls/cert.pem', MASTER_SSL_KEY='/tls/key.pem', MASTER_SSL_VERIFY_SERVER_CERT=1 FOR CHANNEL 'east'",
    ],
    [
      'mysql-8.4',
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST='db1', SOURCE_PORT=3306, SOURCE_USER='replication', SOURCE_PASSWORD='it''s', SOURCE_AUTO_POSITION=1, SOURCE_SSL=1, SOURCE_SSL_CA='/tls/ca.pem', SOURCE_SSL_CERT='/tls/cert.pem', SOURCE_SSL_KEY='/tls/key.pem', SOURCE_SSL_VERIFY_SERVER_CERT=1, GET_SOURCE_PUBLIC_KEY=0 FOR CHANNEL 'east'",
    ],
  ])('in the words of %s', (name, statement) => {
    const made = changeSource(columnNamed(name), 'east', source);
    expect(made.reveal()).toBe(statement);
    expect(String(made)).not.toContain("it''s");
  });

  it('spells out that TLS is off, and starts where it is told', () => {
    const plain = { ...source, tls: undefined, from: { file: 'bin.000007', position: 4 }, delaySeconds: 60 };
    expect(changeSource(columnNamed('mariadb-11.8'), '', plain).reveal()).toBe(
      "CHANGE MASTER TO MASTER_HOST='db1', MASTER_PORT=3306, MASTER_USER='replication', MASTER_PASSWORD='it''s', MASTER_LOG_FILE='bin.000007', MASTER_LOG_POS=4, MASTER_USE_GTID=no, MASTER_SSL=0, MASTER_SSL_CA='', MASTER_SSL_CERT='', MASTER_SSL_KEY='', MASTER_SSL_VERIFY_SERVER_CERT=0, MASTER_DELAY=60",
    );
    expect(changeSource(columnNamed('mysql-8.0.22'), '', plain).reveal()).toMatch(
      /^CHANGE MASTER TO .*MASTER_AUTO_POSITION=0.*GET_MASTER_PUBLIC_KEY=1 FOR CHANNEL ''$/,
    );
  });
});

it.each([
  ['mariadb-12', "START SLAVE 'east' IO_THREAD", "STOP SLAVE 'east'", "RESET SLAVE 'east' ALL"],
  [
    'mysql-5.7',
    "START SLAVE IO_THREAD FOR CHANNEL 'east'",
    "STOP SLAVE FOR CHANNEL 'east'",
    "RESET SLAVE ALL FOR CHANNEL 'east'",
  ],
  [
    'mysql-8.0.22',
    "START REPLICA IO_THREAD FOR CHANNEL 'east'",
    "STOP REPLICA FOR CHANNEL 'east'",
    "RESET REPLICA ALL FOR CHANNEL 'east'",
  ],
])('%s: %s, %s, %s', (name, start, stop, reset) => {
  const column = columnNamed(name);
  expect([startReplica(column, 'east', 'io'), stopReplica(column, 'east'), resetReplica(column, 'east')]).toEqual([
    start,
    stop,
    reset,
  ]);
});

it('names the default channel only where it has a name', () => {
  expect(startReplica(columnNamed('mariadb-10.5'))).toBe('START SLAVE');
  expect(resetReplica(columnNamed('mysql-9'))).toBe("RESET REPLICA ALL FOR CHANNEL ''");
});

describe('quoting', () => {
  it('lets nothing end the string or the name', () => {
    expect(quoteText(String.raw`a'b\c"d`)).toBe(String.raw`'a''b\\c"d'`);
    expect(quoteIdentifier('a`b')).toBe('`a``b`');
    expect(quoteAccount({ user: "o'x", host: '%' })).toBe("'o''x'@'%'");
  });

  it.each(['', 'x'.repeat(65), 'a\nb', 'a\0b'])('refuses the name %j', (name) => {
    expect(() => quoteIdentifier(name)).toThrow(expect.objectContaining({ code: 'bad-identifier' }));
  });

  it('refuses a value with control characters without repeating it', () => {
    expect(() => quoteText('hush\0')).toThrow(expect.objectContaining({ code: 'unquotable' }));
    expect(() => quoteText('hush\0')).not.toThrow(/hush/);
  });
});
