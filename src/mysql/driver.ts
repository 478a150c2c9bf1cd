import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createConnection } from 'mysql2';
import { LockstepError } from '../base/errors.js';
import type { AuthPlugin } from './auth/plugin.js';

/**
 * The part of a mysql2 connection that Lockstep uses, some of which mysql2 does not declare.
 * Events: `connect` once logged in, `error` for whatever ends it.
 */
export interface Driver extends EventEmitter {
  /** The plain socket at first, the TLS socket later. */
  stream: Duplex;
  /** Read by mysql2 at the moment it sends them, so they can be set as late as after TLS. */
  readonly config: { user: string | undefined; password: string | undefined };
  readonly packetParser: { execute(bytes: Buffer): void };
  /** mysql2 calls this after it has asked the server for TLS, and goes on to the credentials on `onSecure()`. */
  startTLS: (onSecure: (error?: Error) => void) => void;
  query(options: { sql: string }): DriverQuery;
  /** Sends COM_QUIT after the queries that are under way. */
  end(): unknown;
  /** Ends the driver with this error. */
  _handleNetworkError(error: Error): void;
}

/**
 * A query under way. Events: `fields` once per answer, with the columns or undefined when the statement has no rows;
 * `result` per row; `error`; `end`.
 */
export interface DriverQuery extends EventEmitter {
  /** What the next packet is taken for; equal to `row` between the rows of an answer. */
  readonly next: unknown;
  readonly row: unknown;
}

export interface DriverOptions {
  readonly socket: Socket;
  /** Whether to ask for TLS, through {@link Driver.startTLS}. */
  readonly tls: boolean;
  readonly user: string;
  readonly database: string | undefined;
  readonly authPlugins: Readonly<Record<string, AuthPlugin>>;
  /** Whether the server may be told LOAD DATA LOCAL. Default false. */
  readonly sendsRows?: boolean;
}

/**
 * A connection that logs in by itself over the given socket. The password is empty until somebody sets it.
 * @throws LockstepError `driver` when this mysql2 is not built as the ones that Lockstep knows
 */
export function createDriver({ socket, tls, user, database, authPlugins, sendsRows }: DriverOptions): Driver {
  const made: unknown = createConnection({
    stream: socket,
    user,
    ...(database === undefined ? {} : { database }),
    ...(tls ? { ssl: {} } : {}),
    authPlugins,
    // Our own deadlines count.
    connectTimeout: 0,
    multipleStatements: true,
    // None is ever prepared, and for its default of 16000 mysql2 lays out half a megabyte with every connection.
    maxPreparedStatements: 1,
    charset: 'UTF8MB4_GENERAL_CI',
    // No file of ours is ever sent, whatever a server asks for: mysql2 has none to give, and rows are written past it.
    // Statements written past it have no attributes. IGNORE_SPACE would change the SQL mode, FOUND_ROWS what an UPDATE answers.
    flags: [
      ...(sendsRows === true ? ['-CLIENT_QUERY_ATTRIBUTES'] : ['-LOCAL_FILES']),
      '-IGNORE_SPACE',
      '-FOUND_ROWS',
      '-ODBC',
    ],
    connectAttributes: { program_name: 'lockstep' },
    // Every value as the server's text protocol gives it: numbers of 64 bits stay exact, dates unconverted.
    // (Spelled with a dash, for mysql2 warns on stderr of JSON columns that are read as `utf8`.)
    typeCast: (field) => field.string('utf-8'),
    queryFormat: (sql) => sql,
  });
  if (!isDriver(made)) {
    throw new LockstepError(
      'driver',
      'the installed mysql2 lacks something that Lockstep relies on',
      'Install the version of mysql2 that package-lock.json names.',
    );
  }
  // mysql2 turns an absent password into the text "undefined" in a full caching_sha2_password exchange.
  made.config.password = '';
  return made;
}

function isDriver(made: unknown): made is Driver {
  return (
    made instanceof EventEmitter &&
    holds(made, 'stream', 'object') &&
    holds(made, 'config', 'object') &&
    holds(made, 'packetParser', 'object') &&
    ['startTLS', 'query', 'end', '_handleNetworkError'].every((name) => holds(made, name, 'function'))
  );
}

function holds(made: object, name: string, type: 'object' | 'function'): boolean {
  return typeof Reflect.get(made, name) === type;
}
