import { plainSql, sql, type NoteValue, type Statement } from '../domain/action.js';
import type { LogPosition } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import { composed } from './compose.js';
import type { Coordinates } from './replication-statements.js';

/** Where a log ends, under these notes: file and position where wanted, and the GTID position. */
export interface PositionNotes {
  readonly gtid: string;
  readonly file: string;
  readonly position: string;
}

/** Of the server's own binary log: everything that was ever acknowledged here is in it. */
export function gtidPosition(column: Column): Statement {
  // MySQL breaks a long set into lines.
  return column.flavour === 'mariadb'
    ? sql`SELECT @@GLOBAL.gtid_binlog_pos AS gtid`
    : sql`SELECT REPLACE(@@GLOBAL.gtid_executed, CHAR(10 USING utf8mb4), '') AS gtid`;
}

export function notedGtid(column: Column, notes: PositionNotes): Statement {
  return { ...gtidPosition(column), notes: { gtid: notes.gtid } };
}

/** File and position where the server writes next. */
export function notedCoordinates(column: Column, notes: PositionNotes): Statement {
  return { ...plainSql(column.binlogStatus), notes: { File: notes.file, Position: notes.position } };
}

/** The same two must be what they were when they were noted. */
export function sameCoordinates(column: Column, { file, position }: PositionNotes): Statement {
  return { ...plainSql(column.binlogStatus), agrees: { File: { note: file }, Position: { note: position } } };
}

/** The two must be these. */
export function coordinatesAt(column: Column, { file, position }: LogPosition): Statement {
  return { ...plainSql(column.binlogStatus), agrees: { File: file, Position: position } };
}

export function coordinatesOf({ file, position }: PositionNotes): Coordinates {
  return { file: { note: file }, position: { note: position, as: 'number' } };
}

/**
 * Waits on a replica until it has applied all of a position, over every channel. Answers 0, and nothing else, once it
 * has. @param seconds at most @param without domains of MariaDB to leave out of it
 */
export function waitForGtid(
  column: Column,
  gtid: NoteValue,
  seconds: number,
  without: readonly number[] = [],
): Statement {
  if (column.flavour === 'mysql') return { ...sql`SELECT WAIT_FOR_EXECUTED_GTID_SET(${gtid}, ${seconds}) AS missed`, expect: 0 }; // prettier-ignore
  const domains = `(^|,)(${without.join('|')})-[0-9]+-[0-9]+`;
  const wait =
    without.length === 0
      ? sql`SELECT MASTER_GTID_WAIT(${gtid}, ${seconds}) AS missed`
      : sql`SELECT MASTER_GTID_WAIT(TRIM(BOTH ',' FROM REGEXP_REPLACE(${gtid}, ${domains}, '')), ${seconds}) AS missed`;
  return { ...wait, expect: 0 };
}

/** The same by file and position, for one channel, whose applier must run: NULL otherwise. */
export function waitForCoordinates(column: Column, channel: string, at: Coordinates, seconds: number): Statement {
  // MariaDB takes the connection's name only where there is one.
  const which = column.flavour === 'mariadb' && channel === '' ? plainSql('') : sql`, ${channel}`;
  const wait = composed(
    `SELECT ${column.sourceWord}_POS_WAIT(`,
    sql`${at.file}, ${at.position}, ${seconds}`,
    which,
    ') >= 0 AS reached',
  );
  return { ...wait, expect: 1 };
}

/** Answers 1, and nothing else, where nobody may write whom read_only can bind at the strongest level of the version. */
export function mustBeClosed(column: Column): Statement {
  const closed = {
    switch: '@@GLOBAL.read_only',
    super: '@@GLOBAL.super_read_only',
    levels: "@@GLOBAL.read_only = 'NO_LOCK_NO_ADMIN'",
  }[column.readOnly];
  return { ...plainSql(`SELECT ${closed} AS closed`), expect: 1 };
}

/** Lets a server accept writes. */
export function openServer(column: Column): readonly Statement[] {
  switch (column.readOnly) {
    case 'switch':
      return [plainSql('SET GLOBAL read_only = OFF')];
    case 'super':
      return [plainSql('SET GLOBAL super_read_only = OFF'), plainSql('SET GLOBAL read_only = OFF')];
    case 'levels':
      return [plainSql("SET GLOBAL read_only = 'OFF'")];
  }
}

/**
 * A replica says where it stands in the history that it is to follow: where its own log ends. For a MariaDB primary that
 * becomes a replica; its threads must stand. MASTER_DEMOTE_TO_SLAVE would do the same, from 10.10 on.
 */
export function standWhereLogEnds(): Statement {
  return plainSql('SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_binlog_pos');
}

/** @param prefix of the variables that the server has: `rpl_semi_sync_source` */
export function setSemiSync(prefix: string, on: boolean): Statement {
  return plainSql(`SET GLOBAL ${prefix}_enabled = ${on ? 'ON' : 'OFF'}`);
}

/**
 * Before it is frozen: closed by nobody, a server opens itself again after so many seconds. At most 4, for once its
 * client is dead a longer SLEEP ends early (seen on 9.7).
 */
export function deadManSwitch(column: Column, seconds: number): readonly Statement[] {
  return [plainSql(`DO SLEEP(${seconds})`), ...openServer(column)];
}

/** 1 once that session sleeps; asked again after a moment, for what nobody waits for may arrive late. */
export function isAsleep(session: NoteValue): Statement {
  const asleep = composed(
    'EXISTS (SELECT 1 FROM information_schema.PROCESSLIST WHERE ',
    sql`ID = ${session}`,
    " AND STATE = 'User sleep')",
  );
  return { ...composed('SELECT ', asleep, ' OR SLEEP(0.05) OR ', asleep, ' OR SLEEP(0.5) OR ', asleep, ' AS armed'), expect: 1 }; // prettier-ignore
}

export function killSession(session: NoteValue): Statement {
  return sql`KILL ${session}`;
}

/** Number of the session that asks. */
export function ownNumber(): Statement {
  return sql`SELECT CONNECTION_ID() AS id`;
}

/** Advisory locks of Lockstep's own sessions: held by a server's thread until that thread has ended. */
export function ownLock(name: 'lock' | 'watch', seconds: number): Statement {
  return { ...plainSql(`SELECT GET_LOCK('lockstep.${name}', ${seconds}) AS got`), expect: 1 };
}

export function ownUnlock(name: 'lock' | 'watch'): Statement {
  return plainSql(`DO RELEASE_LOCK('lockstep.${name}')`);
}

/** Those of Lockstep's own sessions, by the locks that they hold; not the one that asks. */
export function ownSessions(...names: readonly ('lock' | 'watch')[]): Statement {
  const locks = names.map((name) => `IS_USED_LOCK('lockstep.${name}')`).join(', ');
  return plainSql(
    `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID IN (${locks}) AND ID <> CONNECTION_ID()`,
  );
}
