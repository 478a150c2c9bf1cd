import { plainSql, sql, type Statement } from '../domain/action.js';
import type { ServerState } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';

/**
 * How long closing may wait for statements that run: it waits for them, and whatever wants to write waits behind it.
 * After that it fails and has changed nothing (error 1205; MySQL leaves read_only off as well, seen on 9.7). Seconds.
 */
export const closeWithin = 5;

/** Makes a server read-only at the strongest level that its version has. Idle transactions fail at their next write or COMMIT. */
export function closeServer(column: Column): readonly Statement[] {
  return [sql`SET SESSION lock_wait_timeout = ${closeWithin}`, plainSql(`SET GLOBAL ${strongest(column)}`)];
}

/** The level that binds those with SUPER, too, where the version has it apart. */
export function closeToSuper({ readOnly }: Column): readonly Statement[] {
  return readOnly === 'super' ? [plainSql('SET GLOBAL super_read_only = ON')] : [];
}

/** Whether it is read-only at that level. */
export function isClosed(column: Column, state: ServerState): boolean {
  return column.readOnly === 'switch' ? state.readOnly : state.readOnly && state.superReadOnly === true;
}

/** The setting of that level, as it stands after SET GLOBAL. */
export function strongest(column: Column): string {
  switch (column.readOnly) {
    case 'switch':
      return 'read_only = ON';
    case 'super':
      return 'super_read_only = ON'; // brings read_only with it
    case 'levels':
      return "read_only = 'NO_LOCK_NO_ADMIN'";
  }
}
