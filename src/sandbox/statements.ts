import { columnFor, type Column } from '../dialects/capabilities.js';
import { quoteText } from '../dialects/quote.js';
import type { Flavour } from '../domain/snapshot.js';
import type { Root } from './packages.js';
import type { VersionRecipe } from './versions.js';

/** What the sandbox says to servers beyond the vocabulary of the dialects: to watch them, and to break them. */
export interface Statements {
  /** Every channel of a replica, a row each. */
  readonly status: string;
  readonly coordinates: string;
  /** What the source has written: asked there, waited for on the replica. */
  readonly written: string;
  waitFor(written: string, seconds: number): string;
  waitForCoordinates(at: Coordinates, seconds: number, channel: string): string;
  /** Applying so many seconds late; the channel must stand. */
  delay(channel: string, seconds: number): string;
  /** Undefined where a channel tries on for days by itself. */
  patience(channel: string): string | undefined;
  readonly reloadTls: string;
}

/** Of every channel; short, so that a silent source is noticed within a test. */
export const heartbeatPeriodSeconds = 2;

export interface Coordinates {
  readonly file: string;
  readonly position: number;
}

export const statements: Readonly<Record<Flavour, Statements>> = {
  mariadb: {
    status: 'SHOW ALL SLAVES STATUS',
    coordinates: 'SHOW MASTER STATUS',
    written: 'SELECT @@global.gtid_binlog_pos AS written',
    waitFor: (written, seconds) => `SELECT MASTER_GTID_WAIT(${quoteText(written)}, ${seconds}) AS result`,
    waitForCoordinates: (at, seconds, channel) => `SELECT MASTER_POS_WAIT(${waited(at, seconds, channel)}) AS result`,
    // A CHANGE MASTER that does not name the heartbeat period puts it back to half of slave_net_timeout.
    delay: (channel, seconds) =>
      `CHANGE MASTER ${quoteText(channel)} TO MASTER_DELAY=${seconds}, MASTER_HEARTBEAT_PERIOD=${heartbeatPeriodSeconds}`,
    patience: () => undefined,
    reloadTls: 'FLUSH LOCAL SSL', // FLUSH SSL alone is written to the binary log
  },
  mysql: {
    status: 'SHOW REPLICA STATUS',
    coordinates: 'SHOW BINARY LOG STATUS',
    written: 'SELECT @@global.gtid_executed AS written',
    waitFor: (written, seconds) => `SELECT WAIT_FOR_EXECUTED_GTID_SET(${quoteText(written)}, ${seconds}) AS result`,
    waitForCoordinates: (at, seconds, channel) => `SELECT SOURCE_POS_WAIT(${waited(at, seconds, channel)}) AS result`,
    delay: (channel, seconds) => change(channel, `SOURCE_DELAY=${seconds}`),
    patience: (channel) => change(channel, 'SOURCE_RETRY_COUNT=86400'), // MySQL 9 gives up after ten tries
    reloadTls: 'ALTER INSTANCE RELOAD TLS',
  },
};

/** The dialects' column for a version of the matrix. */
export function columnOf(version: VersionRecipe, root: Root): Column {
  // Debian's: `10.11.19-0+deb12u1`, `11.8.9+ds-0+deb13u1`.
  const [major = 0, minor = 0, patch = 0] = (root.version.match(/\d+/g) ?? []).map(Number);
  return columnFor({ flavour: version.flavour, release: [major, minor, patch] });
}

function waited(at: Coordinates, seconds: number, channel: string): string {
  return `${quoteText(at.file)}, ${at.position}, ${seconds}, ${quoteText(channel)}`;
}

function change(channel: string, option: string): string {
  return `CHANGE REPLICATION SOURCE TO ${option} FOR CHANNEL ${quoteText(channel)}`;
}
