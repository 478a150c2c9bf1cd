import { Secret } from '../base/secret.js';
import type { LogPosition } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import { quoteText } from './quote.js';

/** A source for a channel to read from. */
export interface ChannelSource {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret;
  /** `gtid`: from where the replica stands (MariaDB slave_pos, MySQL auto position). Else a position in the source's log. */
  readonly from: 'gtid' | LogPosition;
  /** undefined: plaintext. */
  readonly tls: ChannelTls | undefined;
  /** Seconds between attempts; default the server's, 60. */
  readonly connectRetrySeconds?: number;
  /** Seconds between heartbeats of an idle source; default the server's, half of its slave_net_timeout. */
  readonly heartbeatPeriodSeconds?: number;
  /** Seconds to stay behind on purpose; default 0. */
  readonly delaySeconds?: number;
}

export interface ChannelTls {
  readonly caFile: string;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Whether the source's certificate must carry its host name. */
  readonly verify: boolean;
}

/**
 * Makes a channel read from a source; the channel must be stopped. Every TLS option is spelled out, off as well as
 * on: MariaDB remembers them through RESET SLAVE ALL, all but the verification, so that one left unsaid is not what
 * it was (seen on 10.5 and 10.11). The statement holds the password, hence a secret.
 * @param channel '' is the default channel
 */
export function changeSource(column: Column, channel: string, source: ChannelSource): Secret {
  const options = [
    ['HOST', quoteText(source.host)],
    ['PORT', String(source.port)],
    ['USER', quoteText(source.user)],
    ['PASSWORD', quoteText(source.password.reveal())],
    ...startOptions(column, source.from),
    ...tlsOptions(column, source.tls),
    ...numberOption('CONNECT_RETRY', source.connectRetrySeconds),
    ...numberOption('HEARTBEAT_PERIOD', source.heartbeatPeriodSeconds),
    ...numberOption('DELAY', source.delaySeconds),
  ].map(([name, value]) => `${column.sourceWord}_${name}=${value}`);
  // The public key is asked for by a name that has no such prefix.
  if (column.asksPublicKey) options.push(`GET_${column.sourceWord}_PUBLIC_KEY=${source.tls === undefined ? 1 : 0}`);
  const verb = column.sourceWord === 'SOURCE' ? 'CHANGE REPLICATION SOURCE' : 'CHANGE MASTER';
  return new Secret(`${verb}${connection(column, channel)} TO ${options.join(', ')}${forChannel(column, channel)}`);
}

/** @param thread default both */
export function startReplica(column: Column, channel = '', thread?: 'io' | 'sql'): string {
  return threads(column, 'START', channel, thread);
}

/** @param thread default both */
export function stopReplica(column: Column, channel = '', thread?: 'io' | 'sql'): string {
  return threads(column, 'STOP', channel, thread);
}

/** Forgets the channel, its source and its relay logs; the channel must be stopped. */
export function resetReplica(column: Column, channel = ''): string {
  return `RESET ${column.replicaWord}${connection(column, channel)} ALL${forChannel(column, channel)}`;
}

function threads(column: Column, verb: 'START' | 'STOP', channel: string, thread: 'io' | 'sql' | undefined): string {
  const which = thread === undefined ? '' : ` ${thread.toUpperCase()}_THREAD`;
  return `${verb} ${column.replicaWord}${connection(column, channel)}${which}${forChannel(column, channel)}`;
}

function startOptions(column: Column, from: 'gtid' | LogPosition): [string, string][] {
  const mariadb = column.flavour === 'mariadb';
  if (from === 'gtid') return mariadb ? [['USE_GTID', 'slave_pos']] : [['AUTO_POSITION', '1']];
  return [
    ['LOG_FILE', quoteText(from.file)],
    ['LOG_POS', String(from.position)],
    mariadb ? ['USE_GTID', 'no'] : ['AUTO_POSITION', '0'],
  ];
}

function tlsOptions(column: Column, tls: ChannelTls | undefined): [string, string][] {
  return [
    ['SSL', tls === undefined ? '0' : '1'],
    ['SSL_CA', quoteText(tls?.caFile ?? '')],
    ['SSL_CERT', quoteText(tls?.certFile ?? '')],
    ['SSL_KEY', quoteText(tls?.keyFile ?? '')],
    ['SSL_VERIFY_SERVER_CERT', tls?.verify === true ? '1' : '0'],
  ];
}

function numberOption(name: string, value: number | undefined): [string, string][] {
  return value === undefined ? [] : [[name, String(value)]];
}

/** MariaDB names the connection behind the verb. */
function connection(column: Column, channel: string): string {
  return column.flavour === 'mariadb' && channel !== '' ? ` ${quoteText(channel)}` : '';
}

/** MySQL names the channel at the end, and '' is the default channel by name. */
function forChannel(column: Column, channel: string): string {
  return column.flavour === 'mysql' ? ` FOR CHANNEL ${quoteText(channel)}` : '';
}
