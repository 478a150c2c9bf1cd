import type { Address } from '../domain/snapshot.js';
import type { Secret } from '../base/secret.js';
import type { TlsFiles } from './settings.js';
import type { VersionRecipe } from './versions.js';

/** How a replica is to follow a source, on one channel. */
export interface Follow {
  readonly source: Address;
  readonly user: string;
  readonly password: Secret;
  /** Empty for the default channel. */
  readonly channel: string;
  /** Where to begin: where the replica's GTIDs say, or at these coordinates. */
  readonly from: 'gtid' | Coordinates;
  readonly tls: ChannelTls;
}

export interface Coordinates {
  readonly file: string;
  readonly position: number;
}

/** Undefined: the channel is not configured for TLS at all. */
export type ChannelTls =
  | undefined
  | {
      /** Whether the source's certificate must name the source. */
      readonly verify: boolean;
      /** Undefined checks nothing of the chain. */
      readonly ca: string | undefined;
      /** The replica's own certificate; undefined presents none. */
      readonly client: Pick<TlsFiles, 'cert' | 'key'> | undefined;
    };

/** Seconds: short, so that a silent source is noticed within a test. */
export const heartbeatPeriod = 2;

/** The vendor's words for replication, for the versions of the matrix. */
export interface Statements {
  follow(follow: Follow): string;
  start(channel: string, thread?: 'io' | 'sql'): string;
  stop(channel: string, thread?: 'io' | 'sql'): string;
  reset(channel: string): string;
  /** Applying so many seconds late; the SQL thread must stand. */
  delay(channel: string, seconds: number): string;
  /** Every channel of a replica, a row each. */
  readonly status: string;
  readonly coordinates: string;
  /** What the source has written: asked there, waited for on the replica. */
  readonly written: string;
  waitFor(written: string, seconds: number): string;
  waitForCoordinates(at: Coordinates, seconds: number, channel: string): string;
  readonly reloadTls: string;
}

export function statementsOf(version: VersionRecipe): Statements {
  return version.flavour === 'mysql' ? mysql : mariadb;
}

/** A value as a string literal; both servers read a backslash as an escape by default. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}

const mariadb: Statements = {
  follow: (follow) => `CHANGE MASTER ${literal(follow.channel)} TO ${options('MASTER', follow)}`,
  start: (channel, thread) => `START SLAVE ${literal(channel)} ${threadOf(thread)}`,
  stop: (channel, thread) => `STOP SLAVE ${literal(channel)} ${threadOf(thread)}`,
  reset: (channel) => `RESET SLAVE ${literal(channel)} ALL`,
  delay: (channel, seconds) => `CHANGE MASTER ${literal(channel)} TO MASTER_DELAY=${seconds}`,
  status: 'SHOW ALL SLAVES STATUS',
  coordinates: 'SHOW MASTER STATUS',
  written: 'SELECT @@global.gtid_binlog_pos AS written',
  waitFor: (written, seconds) => `SELECT MASTER_GTID_WAIT(${literal(written)}, ${seconds}) AS result`,
  waitForCoordinates: (at, seconds, channel) =>
    `SELECT MASTER_POS_WAIT(${literal(at.file)}, ${at.position}, ${seconds}, ${literal(channel)}) AS result`,
  reloadTls: 'FLUSH LOCAL SSL', // FLUSH SSL alone is written to the binary log
};

const mysql: Statements = {
  follow: (follow) =>
    `CHANGE REPLICATION SOURCE TO ${options('SOURCE', follow)} FOR CHANNEL ${literal(follow.channel)}`,
  start: (channel, thread) => `START REPLICA ${threadOf(thread)} FOR CHANNEL ${literal(channel)}`,
  stop: (channel, thread) => `STOP REPLICA ${threadOf(thread)} FOR CHANNEL ${literal(channel)}`,
  reset: (channel) => `RESET REPLICA ALL FOR CHANNEL ${literal(channel)}`,
  delay: (channel, seconds) => `CHANGE REPLICATION SOURCE TO SOURCE_DELAY=${seconds} FOR CHANNEL ${literal(channel)}`,
  status: 'SHOW REPLICA STATUS',
  coordinates: 'SHOW BINARY LOG STATUS',
  written: 'SELECT @@global.gtid_executed AS written',
  waitFor: (written, seconds) => `SELECT WAIT_FOR_EXECUTED_GTID_SET(${literal(written)}, ${seconds}) AS result`,
  waitForCoordinates: (at, seconds, channel) =>
    `SELECT SOURCE_POS_WAIT(${literal(at.file)}, ${at.position}, ${seconds}, ${literal(channel)}) AS result`,
  reloadTls: 'ALTER INSTANCE RELOAD TLS',
};

function threadOf(thread: 'io' | 'sql' | undefined): string {
  return thread === undefined ? '' : `${thread.toUpperCase()}_THREAD`;
}

/** The options are the same on both flavours but for their prefix and for how GTID is asked for. */
function options(prefix: 'MASTER' | 'SOURCE', follow: Follow): string {
  const { source, user, password, from, tls } = follow;
  const gtid = prefix === 'MASTER' ? ['MASTER_USE_GTID=slave_pos'] : ['SOURCE_AUTO_POSITION=1'];
  const noGtid = prefix === 'MASTER' ? 'MASTER_USE_GTID=no' : 'SOURCE_AUTO_POSITION=0';
  return [
    `${prefix}_HOST=${literal(source.host)}`,
    `${prefix}_PORT=${source.port}`,
    `${prefix}_USER=${literal(user)}`,
    `${prefix}_PASSWORD=${literal(password.reveal())}`,
    `${prefix}_CONNECT_RETRY=1`,
    ...(prefix === 'SOURCE' ? ['SOURCE_RETRY_COUNT=86400'] : []), // MySQL 9 gives up after ten otherwise
    `${prefix}_HEARTBEAT_PERIOD=${heartbeatPeriod}`,
    ...(from === 'gtid'
      ? gtid
      : [noGtid, `${prefix}_LOG_FILE=${literal(from.file)}`, `${prefix}_LOG_POS=${from.position}`]),
    `${prefix}_SSL=${tls === undefined ? 0 : 1}`,
    // Said each time: MariaDB keeps what was configured before, and its default differs between versions.
    `${prefix}_SSL_CA=${literal(tls?.ca ?? '')}`,
    `${prefix}_SSL_CERT=${literal(tls?.client?.cert ?? '')}`,
    `${prefix}_SSL_KEY=${literal(tls?.client?.key ?? '')}`,
    `${prefix}_SSL_VERIFY_SERVER_CERT=${tls?.verify === true ? 1 : 0}`,
  ].join(', ');
}
