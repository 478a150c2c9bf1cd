import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { quoteAccount, quoteIdentifier, quoteText } from '../../src/dialects/quote.js';
import {
  changeSource,
  channelStatus,
  resetReplica,
  startReplica,
  stopReplica,
  type ChannelSource,
} from '../../src/dialects/replication-statements.js';
import { shown, written } from '../../src/dialects/written.js';
import type { Statement } from '../../src/domain/action.js';
import { columnNamed } from './rows.js';

const source: ChannelSource = {
  host: 'db1',
  port: 3306,
  login: { user: 'replication', password: { secret: 'replication' } },
  from: 'gtid',
  tls: { caFile: '/tls/ca.pem', certFile: '/tls/cert.pem', keyFile: '/tls/key.pem', verify: true },
};
const known = { secrets: { replication: new Secret("it's") }, notes: { file: 'bin.000007', position: '4' } };

describe('changeSource', () => {
  it.each([
    [
      'mariadb-10.5',
      "CHANGE MASTER 'east' TO MASTER_HOST='db1', MASTER_PORT=3306, MASTER_USER='replication', MASTER_PASSWORD='it''s', MASTER_USE_GTID=slave_pos, MASTER_SSL=1, MASTER_SSL_VERIFY_SERVER_CERT=1, MASTER_SSL_CA='/tls/ca.pem', MASTER_SSL_CAPATH='', MASTER_SSL_CERT='/tls/cert.pem', MASTER_SSL_KEY='/tls/key.pem', MASTER_SSL_CIPHER='', MASTER_SSL_CRL='', MASTER_SSL_CRLPATH=''",
    ],
    [
      'mysql-5.7',
      "CHANGE MASTER TO MASTER_HOST='db1', MASTER_PORT=3306, MASTER_USER='replication', MASTER_PASSWORD='it''s', MASTER_AUTO_POSITION=1, MASTER_SSL=1, MASTER_SSL_VERIFY_SERVER_CERT=1, MASTER_SSL_CA='/tls/ca.pem', MASTER_SSL_CAPATH='', MASTER_SSL_CERT='/tls/cert.pem', MASTER_SSL_KEY='/tls/key.pem', MASTER_SSL_CIPHER='', MASTER_SSL_CRL='', MASTER_SSL_CRLPATH='', MASTER_TLS_VERSION='' FOR CHANNEL 'east'",
    ],
    [
      'mysql-8.4',
      "CHANGE REPLICATION SOURCE TO SOURCE_HOST='db1', SOURCE_PORT=3306, SOURCE_USER='replication', SOURCE_PASSWORD='it''s', SOURCE_AUTO_POSITION=1, SOURCE_SSL=1, SOURCE_SSL_VERIFY_SERVER_CERT=1, SOURCE_SSL_CA='/tls/ca.pem', SOURCE_SSL_CAPATH='', SOURCE_SSL_CERT='/tls/cert.pem', SOURCE_SSL_KEY='/tls/key.pem', SOURCE_SSL_CIPHER='', SOURCE_SSL_CRL='', SOURCE_SSL_CRLPATH='', SOURCE_TLS_VERSION='', GET_SOURCE_PUBLIC_KEY=0 FOR CHANNEL 'east'",
    ],
  ])('in the words of %s', (name, statement) => {
    const made = changeSource(columnNamed(name), 'east', source);
    expect(written(made, known).reveal()).toBe(statement);
    expect(shown(made)).toBe(statement.replace("'it''s'", '<password of replication>'));
    expect(JSON.stringify(made)).not.toContain("it's");
  });

  it('spells out that TLS is off, and starts where it is told', () => {
    const plain = { ...source, tls: undefined, from: { file: 'bin.000007', position: 4 }, delaySeconds: 60 };
    expect(text(changeSource(columnNamed('mariadb-11.8'), '', plain))).toBe(
      "CHANGE MASTER TO MASTER_HOST='db1', MASTER_PORT=3306, MASTER_USER='replication', MASTER_PASSWORD='it''s', MASTER_LOG_FILE='bin.000007', MASTER_LOG_POS=4, MASTER_USE_GTID=no, MASTER_SSL=0, MASTER_SSL_VERIFY_SERVER_CERT=0, MASTER_SSL_CA='', MASTER_SSL_CAPATH='', MASTER_SSL_CERT='', MASTER_SSL_KEY='', MASTER_SSL_CIPHER='', MASTER_SSL_CRL='', MASTER_SSL_CRLPATH='', MASTER_DELAY=60",
    );
    expect(text(changeSource(columnNamed('mysql-8.0.22'), '', plain))).toMatch(
      /^CHANGE MASTER TO .*MASTER_AUTO_POSITION=0.*GET_MASTER_PUBLIC_KEY=1, MASTER_DELAY=60 FOR CHANNEL ''$/,
    );
  });

  it('starts where the run found it, with the login that the channel has', () => {
    const found = { file: { note: 'file' }, position: { note: 'position', as: 'number' } } as const;
    const made = changeSource(columnNamed('mysql-9'), '', { ...source, login: undefined, from: found });
    expect(text(made)).toMatch(
      /^CHANGE REPLICATION SOURCE TO SOURCE_HOST='db1', SOURCE_PORT=3306, SOURCE_LOG_FILE='bin\.000007', SOURCE_LOG_POS=4, SOURCE_AUTO_POSITION=0, SOURCE_SSL=1,/,
    );
    expect(shown(made)).toMatch(/SOURCE_LOG_FILE=<file>, SOURCE_LOG_POS=<position>, /);
  });

  it('leaves the start as it is, or follows by the other GTID position', () => {
    expect(text(changeSource(columnNamed('mysql-9'), '', { ...source, from: 'kept' }))).not.toMatch(/POS/);
    expect(text(changeSource(columnNamed('mariadb-10.5'), '', { ...source, from: 'current_pos' }))).toMatch(
      /, MASTER_USE_GTID=current_pos, /,
    );
  });

  it('keeps what else a channel may say of TLS', () => {
    const tls = {
      caFile: '/ca',
      certFile: undefined,
      keyFile: undefined,
      verify: true,
      caPath: '/cas',
      crlFile: '/crl',
      crlPath: '/crls',
      cipher: 'HIGH',
      versions: 'TLSv1.3',
    };
    expect(text(changeSource(columnNamed('mysql-9'), '', { ...source, tls, heartbeatPeriodSeconds: 2.5 }))).toMatch(
      /SOURCE_SSL_CA='\/ca', SOURCE_SSL_CAPATH='\/cas', SOURCE_SSL_CERT='', SOURCE_SSL_KEY='', SOURCE_SSL_CIPHER='HIGH', SOURCE_SSL_CRL='\/crl', SOURCE_SSL_CRLPATH='\/crls', SOURCE_TLS_VERSION='TLSv1\.3', GET_SOURCE_PUBLIC_KEY=0, SOURCE_HEARTBEAT_PERIOD=2\.5 FOR/,
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
  const made = [startReplica(column, 'east', 'io'), stopReplica(column, 'east'), resetReplica(column, 'east')];
  expect(made.map(text)).toEqual([start, stop, reset]);
});

it('names the default channel only where it has a name', () => {
  expect(text(startReplica(columnNamed('mariadb-10.5')))).toBe('START SLAVE');
  expect(text(resetReplica(columnNamed('mysql-9')))).toBe("RESET REPLICA ALL FOR CHANNEL ''");
  expect(text(channelStatus(columnNamed('mariadb-12'), 'east'))).toBe("SHOW SLAVE 'east' STATUS");
  expect(text(channelStatus(columnNamed('mysql-5.7')))).toBe("SHOW SLAVE STATUS FOR CHANNEL ''");
  expect(text(channelStatus(columnNamed('mysql-8.0.22'), 'east'))).toBe("SHOW REPLICA STATUS FOR CHANNEL 'east'");
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

function text(statement: Statement): string {
  return written(statement, known).reveal();
}
