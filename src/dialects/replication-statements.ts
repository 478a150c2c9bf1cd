import { plainSql, sql, type Statement, type Value } from '../domain/action.js';
import type { Column } from './capabilities.js';
import { composed, joined } from './compose.js';

/** A source for a channel to read from. */
export interface ChannelSource {
  readonly host: string;
  readonly port: number;
  /** undefined: the channel keeps the account and the password that it has. */
  readonly login: { readonly user: string; readonly password: Value } | undefined;
  readonly from: Start;
  /** undefined: plaintext. */
  readonly tls: ChannelTls | undefined;
  /** Seconds between attempts; default what the channel has, 60 for a new one. */
  readonly connectRetrySeconds?: number;
  /** Seconds between heartbeats of an idle source, 0 for none. Left out, servers put it back to half of slave_net_timeout. */
  readonly heartbeatPeriodSeconds?: number;
  /** Seconds to stay behind on purpose; default what the channel has, 0 for a new one. */
  readonly delaySeconds?: number;
}

/**
 * Where a channel begins to read. `gtid`: where the replica stands (MariaDB slave_pos, MySQL auto position).
 * `current_pos`: MariaDB's other way to do that. A position in the source's log: by file and position, without GTID.
 * `kept`: as the channel does it now, where its position does not depend on the host (MySQL auto position); the only
 * one that MySQL takes while the applier runs.
 */
export type Start = 'gtid' | 'current_pos' | 'kept' | Coordinates;

export interface Coordinates {
  readonly file: Value;
  readonly position: Value;
}

export interface ChannelTls {
  readonly caFile: string;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Whether the source's certificate must carry its host name. */
  readonly verify: boolean;
  /** A directory of further authorities; default none. */
  readonly caPath?: string | undefined;
  /** Lists of revoked certificates; default none. */
  readonly crlFile?: string | undefined;
  readonly crlPath?: string | undefined;
  /** Cipher suites up to TLS 1.2; default all. */
  readonly cipher?: string | undefined;
  /** Protocol versions (MySQL); default all that the server has. */
  readonly versions?: string | undefined;
}

/**
 * Makes a channel read from a source; its receiver must be stopped, and its applier too unless `from` is `kept`. Every
 * TLS option is spelled out, off as well as on: MariaDB remembers them through RESET SLAVE ALL, all but the
 * verification, so that one left unsaid is not what it was (seen on 10.5 and 10.11). Restating the host without a
 * position restarts from the first log, so that a position always stands beside it.
 * @param channel '' is the default channel
 */
export function changeSource(column: Column, channel: string, source: ChannelSource): Statement {
  const options = [
    option(column, 'HOST', source.host),
    option(column, 'PORT', source.port),
    ...loginOptions(column, source),
    ...startOptions(column, source.from),
    ...tlsOptions(column, source.tls),
    ...numberOptions(column, source),
  ];
  const verb = column.sourceWord === 'SOURCE' ? 'CHANGE REPLICATION SOURCE' : 'CHANGE MASTER';
  return composed(verb, connection(column, channel), ' TO ', joined(options, ', '), forChannel(column, channel));
}

/** @param thread default both */
export function startReplica(column: Column, channel = '', thread?: 'io' | 'sql'): Statement {
  return threads(column, 'START', channel, thread);
}

/** @param thread default both */
export function stopReplica(column: Column, channel = '', thread?: 'io' | 'sql'): Statement {
  return threads(column, 'STOP', channel, thread);
}

/** Forgets the channel, its source and its relay logs; the channel must be stopped. */
export function resetReplica(column: Column, channel = ''): Statement {
  return composed(`RESET ${column.replicaWord}`, connection(column, channel), ' ALL', forChannel(column, channel));
}

/** One channel's status, one row. */
export function channelStatus(column: Column, channel = ''): Statement {
  const word = column.statusWords === 'source-replica' ? 'REPLICA' : 'SLAVE';
  return composed(`SHOW ${word}`, connection(column, channel), ' STATUS', forChannel(column, channel));
}

/**
 * A page of the events of one relay log, in their order. The file and where in it to begin, an event's place, are the
 * notes `relay-file` and `relay-position`. MySQL takes REPLICATION SLAVE for it.
 */
export function relayEvents(column: Column, channel = ''): Statement {
  const from = sql` IN ${{ note: 'relay-file' }} FROM ${{ note: 'relay-position', as: 'number' }}`;
  return composed('SHOW RELAYLOG', connection(column, channel), ' EVENTS', from, ' LIMIT 1000', forChannel(column, channel)); // prettier-ignore
}

function threads(column: Column, verb: 'START' | 'STOP', channel: string, thread: 'io' | 'sql' | undefined): Statement {
  const which = thread === undefined ? '' : ` ${thread.toUpperCase()}_THREAD`;
  return composed(`${verb} ${column.replicaWord}`, connection(column, channel), which, forChannel(column, channel));
}

function loginOptions(column: Column, { login }: ChannelSource): Statement[] {
  return login === undefined ? [] : [option(column, 'USER', login.user), option(column, 'PASSWORD', login.password)];
}

function startOptions(column: Column, from: Start): Statement[] {
  const way = column.flavour === 'mariadb' ? 'USE_GTID' : 'AUTO_POSITION';
  const [gtid, none] = column.flavour === 'mariadb' ? ['slave_pos', 'no'] : ['1', '0'];
  if (from === 'kept') return [];
  if (from === 'gtid') return [word(column, way, gtid)];
  if (from === 'current_pos') return [word(column, way, from)];
  return [option(column, 'LOG_FILE', from.file), option(column, 'LOG_POS', from.position), word(column, way, none)];
}

function tlsOptions(column: Column, tls: ChannelTls | undefined): Statement[] {
  const texts: [string, string | undefined][] = [
    ['SSL_CA', tls?.caFile],
    ['SSL_CAPATH', tls?.caPath],
    ['SSL_CERT', tls?.certFile],
    ['SSL_KEY', tls?.keyFile],
    ['SSL_CIPHER', tls?.cipher],
    ['SSL_CRL', tls?.crlFile],
    ['SSL_CRLPATH', tls?.crlPath],
    ...(column.flavour === 'mysql' ? [['TLS_VERSION', tls?.versions] as [string, string | undefined]] : []),
  ];
  return [
    option(column, 'SSL', tls === undefined ? 0 : 1),
    option(column, 'SSL_VERIFY_SERVER_CERT', tls?.verify === true ? 1 : 0),
    ...texts.map(([name, value]) => option(column, name, value ?? '')),
    // The public key is asked for by a name that has no such prefix.
    ...(column.asksPublicKey ? [plainSql(`GET_${column.sourceWord}_PUBLIC_KEY=${tls === undefined ? 1 : 0}`)] : []),
  ];
}

function numberOptions(column: Column, source: ChannelSource): Statement[] {
  const given: [string, number | undefined][] = [
    ['CONNECT_RETRY', source.connectRetrySeconds],
    ['HEARTBEAT_PERIOD', source.heartbeatPeriodSeconds],
    ['DELAY', source.delaySeconds],
  ];
  return given.flatMap(([name, value]) => (value === undefined ? [] : [option(column, name, value)]));
}

function option(column: Column, name: string, value: Value): Statement {
  return composed(`${column.sourceWord}_${name}=`, sql`${value}`);
}

/** A value that SQL takes without quotes. */
function word(column: Column, name: string, value: string): Statement {
  return plainSql(`${column.sourceWord}_${name}=${value}`);
}

/** MariaDB names the connection behind the verb. */
function connection(column: Column, channel: string): Statement {
  return column.flavour === 'mariadb' && channel !== '' ? sql` ${channel}` : plainSql('');
}

/** MySQL names the channel at the end, and '' is the default channel by name. */
function forChannel(column: Column, channel: string): Statement {
  return column.flavour === 'mysql' ? sql` FOR CHANNEL ${channel}` : plainSql('');
}
